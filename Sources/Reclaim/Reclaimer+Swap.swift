import AddressSpaces
import Arm64
import Files
import MemoryTypes
import PageFrames
import Swap

/// Where pages without a file go: swap.
extension Reclaimer {
  /// What came of writing a page (pageout()).
  enum PageOut {
    case kept, activated, freed
  }

  /// Gives an anonymous page a slot (add_to_swap()).
  func addToSwap(_ number: PageFrameNumber) -> Bool {
    memory.pointee.swap.pointee.addToSwap(number)
  }

  /// Takes a page out of all tables, a swap entry in place of each entry of an anonymous page.
  func unmap(_ number: PageFrameNumber) -> Bool {
    let frame = frames.pointee.frame(number)
    return frame.pointee.state == .anonymous && isSwapped(frame)
      ? memory.pointee.unmapToSwap(number) : memory.pointee.unmapFrame(number)
  }

  /// Whether a page is in RAM and in a slot.
  func isSwapped(_ frame: KernelPointer<Frame>) -> Bool {
    frame.pointee.flags.contains(.swapCache)
  }

  /// Whether a page is one of a file in memory.
  func isShared(_ frame: KernelPointer<Frame>) -> Bool {
    frame.pointee.state == .pageCache && frame.pointee.flags.contains(.swapBacked)
  }

  /// Whether what a page has is nowhere else: also where a file in memory was only promised it.
  func isUnsaved(_ frame: KernelPointer<Frame>) -> Bool {
    frame.pointee.flags.contains(.dirty)
      || isShared(frame) && !frame.pointee.flags.contains(.uptodate)
  }

  /// Writes a page to its slot; `.freed` where that has begun.
  func pageOut(_ number: PageFrameNumber, _ frame: KernelPointer<Frame>) -> PageOut {
    let isShared = isShared(frame)
    if !isSwapped(frame) && !isShared {
      guard frame.pointee.state == .pageCache else { return .activated }
      memory.pointee.writeBack(number)
      frames.pointee.count(.nr_vmscan_write)
      return .freed
    }
    // is_page_cache_freeable(): the cache has it, who isolated it, and nobody else.
    guard frame.pointee.referenceCount == 2 else { return .kept }
    frame.pointee.flags.insert(.reclaim)
    if !isShared {
      memory.pointee.swap.pointee.write(number)
    } else if memory.pointee.files.pointee.writeOut(number) == .refused {
      frame.pointee.flags.remove(.reclaim)
      return .activated
    }
    if !frame.pointee.flags.contains(.writeback) { frame.pointee.flags.remove(.reclaim) }
    frames.pointee.count(.nr_vmscan_write)
    return .freed
  }

  /// Takes a written page out of the swap cache, if nobody else has it.
  func leaveCache(
    _ number: PageFrameNumber, _ frame: KernelPointer<Frame>, _ scan: ScanControl
  ) -> Bool {
    memory.pointee.takeFromSwapCache(number) { frames.pointee.evict($0, for: scan.group) }
  }

  /// A page that stays does not need its slot where swap is half full (mem_cgroup_swap_full()).
  func dropSlotIfFull(_ number: PageFrameNumber, _ frame: KernelPointer<Frame>) {
    guard isSwapped(frame) else { return }
    let swap = memory.pointee.swap
    if swap.pointee.isFull || frame.pointee.flags.contains(.mlocked) {
      swap.pointee.freeCached(number)
    }
  }
}
