import Arm64
import MemoryTypes
public import PageFrames
import Reclaim

/// Making a pool of huge pages larger and smaller (mm/hugetlb.c:set_max_huge_pages()).
extension KernelState {
  /// Sets how many pages a pool has, as far as memory has blocks, or can be compacted to have them.
  public func setHugePages(_ wanted: UInt64, _ size: HugePageSize) {
    let pool = size.rawValue
    while UInt64(frames.pointee.hugePages[pool].count) < wanted {
      guard !hasFatalSignal else { return }
      guard let number = allocateHugePage(frames.pointee.hugePages[pool].order) else {
        frames.pointee.count(.htlb_buddy_alloc_fail)
        break
      }
      frames.pointee.addHugePage(number, size)
    }
    while UInt64(frames.pointee.hugePages[pool].count) > wanted {
      guard frames.pointee.removeHugePage(size) else { return }
    }
  }

  /// A large block, tried hard for, but nobody is killed for it (alloc_buddy_huge_page(), and
  /// `__alloc_pages_slowpath()` with `__GFP_RETRY_MAYFAIL`).
  ///
  /// Neither reclaim nor compaction is repeated: above order 3 there is a point in either only if a
  /// block is free already (should_reclaim_retry(), should_compact_retry()).
  private func allocateHugePage(_ order: Order) -> PageFrameNumber? {
    let flags: GFP = [.highUserMovable, .compound, .retryMayFail, .noWarn]
    defer { frames.pointee.shortage = nil }
    if let number = frames.pointee.allocate(order, flags) { return number }
    let shortage = Shortage(order: order, flags: flags)
    if compact(for: shortage, .asynchronous),
      let number = frames.pointee.allocate(order, flags)
    {
      return number
    }
    if let number = frames.pointee.allocate(order, flags) { return number }
    _ = reclaim(for: shortage)
    if let number = frames.pointee.allocate(order, flags) { return number }
    frames.pointee.drain(for: shortage)
    if let number = frames.pointee.allocate(order, flags) { return number }
    guard compact(for: shortage, .light) else { return nil }
    return frames.pointee.allocate(order, flags)
  }
}
