import Arm64
import Files
public import MemoryTypes
public import PageFrames
import Reclaim

/// Setting a memory group's limits below what it has, and taking memory from it by hand
/// (memory_high_write(), memory_max_write(), memory_reclaim()).
extension KernelState {
  /// MAX_RECLAIM_RETRIES.
  static var mostReclaimRetries: Int { 16 }

  /// Sets the mark, and takes what is above it as far as that goes.
  public func setHigh(_ pages: Int, of group: KernelPointer<MemoryGroup>) {
    group.setHigh(pages)
    var retries = Self.mostReclaimRetries
    shrink(group, to: pages) { excess in
      if reclaimGroup(group, excess) == 0 {
        if retries == 0 { return false }
        retries &-= 1
      }
      return true
    }
  }

  /// Sets the limit, takes what is beyond it, and where that is not to be had, kills.
  public func setMaximum(_ pages: Int, of group: KernelPointer<MemoryGroup>) {
    group.setMaximum(pages)
    var retries = Self.mostReclaimRetries
    shrink(group, to: pages) { excess in
      if retries > 0 {
        if reclaimGroup(group, excess) == 0 { retries &-= 1 }
        return true
      }
      guard killForMemory(in: group, .kernel, 1) else { return false }
      waitForVictim()
      return true
    }
  }

  /// Asks for what a group has above a number of pages until that is gone, nothing more is to be
  /// done, or a signal comes; first what processors hold is given back.
  private func shrink(
    _ group: KernelPointer<MemoryGroup>, to pages: Int, _ step: (Int) -> Bool
  ) {
    // It may be removed while somebody waits here.
    frames.pointee.hold(group)
    if group.pointee.memory.usage > pages { frames.pointee.drainStock(ifWithin: group) }
    while group.pointee.memory.usage > pages, !hasSignal,
      step(group.pointee.memory.usage &- pages)
    {}
    frames.pointee.letGo(group)
  }

  /// Takes pages from a group, the machine's root for nil; EAGAIN where there are not so many.
  public func reclaim(_ pages: Int, from group: KernelPointer<MemoryGroup>?) throws(Errno) {
    if let group { frames.pointee.hold(group) }
    defer { if let group { frames.pointee.letGo(group) } }
    var retries = Self.mostReclaimRetries
    var taken = 0
    while taken < pages {
      guard !hasSignal else { throw .EINTR }
      if retries == 0 { frames.pointee.drainLRU() }
      let some = reclaimGroup(group, pages &- taken)
      if some == 0 {
        guard retries > 0 else { throw .EAGAIN }
        retries &-= 1
      }
      taken &+= some
    }
  }

  /// Takes pages from a group and those below it; how many (`try_to_free_mem_cgroup_pages()`).
  func reclaimGroup(
    _ group: KernelPointer<MemoryGroup>?, _ pages: Int, for cause: ReclaimCause = .request
  ) -> Int {
    var scan = ScanControl(.kernel, highest: .movable)
    scan.group = group?.pointee.number ?? 0
    scan.wanted = max(pages, Reclaimer<B>.batch)
    return accounting(cause) { reclaimer.free(&scan) }
  }
}
