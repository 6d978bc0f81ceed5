public import AddressSpaces
import Arm64
public import MemoryTypes
import PageFrames
import Swap

/// MADV_PAGEOUT: a program's pages go now, by way of reclaim's own batch
/// (mm/madvise.c:madvise_pageout(), mm/vmscan.c:reclaim_pages()).
extension Reclaimer {
  /// Takes the pages of a range that only this space maps: anonymous ones to swap, pages of files
  /// if they are clean; the advice has been checked, and has made them old.
  ///
  /// From outside of the space, for its entries are changed through the reverse map; a batch is
  /// what one table of the last level has, so that no entry that is read was changed meanwhile.
  public func pageOut(
    _ space: KernelPointer<AddressSpace<B>>, _ start: VirtualAddress, _ length: ByteCount
  ) {
    let board = memory.pointee.board
    let end = start + length.alignedUp(to: board.pageSize)
    frames.pointee.drainLRU()
    var at = start
    while at < end {
      guard let area = space.pointee.area(endingAbove: at) else { break }
      at = max(at, area.pointee.start)
      let limit = min(area.pointee.end, end)
      while at < limit {
        let tables = space.pointee.tables
        guard let run = tables.run(at: at, end: limit) else {
          let coverage = board.translation.coverage(at: 2)
          let next = at.alignedDown(to: coverage) + coverage
          if next <= at { return }
          at = next
          continue
        }
        for index in 0..<run.count { hold(run[index]) }
        at = run.address(run.count, board.pageSize)
        shrinkAllHeld()
      }
    }
  }

  /// Isolates what an entry maps, if nobody else does.
  private func hold(_ descriptor: Descriptor) {
    guard descriptor.isPresent, !descriptor.isSpecial else { return }
    let number = descriptor.frame(in: memory.pointee.board.translation)
    let frame = frames.pointee.frame(number)
    guard frame.pointee.mapCount == 1, frame.pointee.flags.contains(.lru),
      !frame.pointee.flags.contains(.unevictable), frames.pointee.isolate(number)
    else { return }
    frame.pointee.flags.subtract([.active, .referenced])
    frames.pointee.keep(number, .held)
  }

  /// reclaim_folio_list(): what stays goes back by way of the batch.
  private func shrinkAllHeld() {
    var scan = ScanControl(.kernel, highest: .movable)
    var figures = BatchFigures()
    memory.pointee.swap.pointee.settle()
    _ = shrinkHeld(&scan, &figures)
    frames.pointee.putBack(.kept)
  }
}
