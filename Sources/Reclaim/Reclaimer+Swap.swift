import AddressSpaces
import Arm64
import MemoryTypes
import PageFrames

/// Where pages without a file go: swap.
extension Reclaimer {
  /// What came of writing a page (pageout()).
  enum PageOut {
    case kept, activated, freed
  }

  /// Gives an anonymous page a slot (add_to_swap()).
  func addToSwap(_ number: PageFrameNumber) -> Bool { false }

  /// Takes a page out of all tables, a swap entry in place of each entry of an anonymous page.
  func unmap(_ number: PageFrameNumber) -> Bool { memory.pointee.unmapFrame(number) }

  /// Whether a page is in RAM and in a slot.
  func isSwapped(_ frame: KernelPointer<Frame>) -> Bool {
    frame.pointee.flags.contains(.swapCache)
  }

  /// Writes a page to its slot; `.freed` where that has begun.
  func pageOut(_ number: PageFrameNumber, _ frame: KernelPointer<Frame>) -> PageOut { .activated }

  /// Takes a written page out of the swap cache, if nobody else has it.
  func leaveCache(
    _ number: PageFrameNumber, _ frame: KernelPointer<Frame>, _ scan: ScanControl
  ) -> Bool { false }

  /// A page that stays does not need its slot where swap is half full (mem_cgroup_swap_full()).
  func dropSlotIfFull(_ number: PageFrameNumber, _ frame: KernelPointer<Frame>) {}
}
