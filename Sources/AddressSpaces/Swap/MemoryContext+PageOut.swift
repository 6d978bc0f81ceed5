import Arm64
public import MemoryTypes
import PageFrames
import Swap

/// MADV_PAGEOUT: pages go to swap now (mm/madvise.c:madvise_cold_or_pageout_pte_range(),
/// mm/vmscan.c:reclaim_pages()).
extension MemoryContext {
  /// Takes the anonymous pages of a range out of RAM that only this space maps; the advice has been
  /// checked, and has made them old.
  ///
  /// From outside of the space, for its entries are changed through the reverse map.
  public func pageOut(
    _ space: KernelPointer<AddressSpace<B>>, _ start: VirtualAddress, _ length: ByteCount
  ) {
    let size = board.pageSize
    let end = start + length.alignedUp(to: size)
    frames.pointee.drainLRU()
    var at = start
    while at < end, swap.pointee.hasRoom || swap.pointee.cachedPages > 0 {
      guard let area = space.pointee.area(endingAbove: at) else { break }
      at = max(at, area.pointee.start)
      let limit = min(area.pointee.end, end)
      while at < limit {
        let tables = space.pointee.tables
        guard let run = tables.run(at: at, end: limit) else {
          let next =
            at.alignedDown(to: board.translation.coverage(at: 2))
            + board.translation.coverage(at: 2)
          if next <= at { return }
          at = next
          continue
        }
        for index in 0..<run.count { pageOut(run[index]) }
        at = run.address(run.count, size)
      }
    }
    // What was written meanwhile can be taken at once.
    swap.pointee.settle()
  }

  private func pageOut(_ descriptor: Descriptor) {
    guard descriptor.isPresent, !descriptor.isSpecial else { return }
    let number = descriptor.frame(in: board.translation)
    let frame = frames.pointee.frame(number)
    guard frame.pointee.state == .anonymous, frame.pointee.mapCount == 1,
      frame.pointee.flags.contains([.lru, .swapBacked]),
      !frame.pointee.flags.contains(.unevictable), frames.pointee.isolate(number)
    else { return }
    switch swapOut(number, shadow: { _ in nil }) {
    case .freed: frames.pointee.release(number)
    case .beingWritten, .kept: frames.pointee.putBack(number)
    }
  }
}
