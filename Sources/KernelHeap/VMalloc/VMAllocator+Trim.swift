import Arm64
import MemoryTypes
import PageFrames

extension VMAllocator {
  /// Gives back the tables that no area needs, after a purge.
  ///
  /// Linux keeps them for ever, and so does everything here but who wants to know, when a machine
  /// has nothing more to do, whether every frame came back.
  public mutating func freeUnusedTables() {
    if deferred != 0 { freeDeferred() }
    purge()
    // Nothing is below the modules, whose region need not begin where a table does.
    freeTables(
      between: modules, from: modules.low.alignedDown(to: board.translation.coverage(at: 2)))
    freeTables(between: vmalloc, from: vmalloc.low)
  }

  private func freeTables(between areas: VMAreaTree, from low: VirtualAddress) {
    var floor = low
    var next = areas.first
    while let area = next {
      freeTables(from: floor, to: area.pointee.start)
      floor = mappedEnd(of: area)
      next = areas.successor(of: area)
    }
    freeTables(from: floor, to: areas.high)
  }

  /// Where what is mapped of an area ends.
  ///
  /// A guard page is never mapped, and of the image's last area only the beginning is.
  private func mappedEnd(of area: Area) -> VirtualAddress {
    let usable = description(area)?.pointee.usableSize(board.pageSize)
    var end = area.pointee.start + (usable ?? area.pointee.length)
    let page = board.pageSize.bytes
    while end > area.pointee.start, frame(of: end - page) == nil { end = end - page }
    return end
  }

  /// Frees the tables that are for nothing but these addresses.
  private func freeTables(from start: VirtualAddress, to end: VirtualAddress) {
    guard start < end else { return }
    // What the image has at its end is mapped in part; the rest needs no table either.
    let whole = start.alignedDown(to: board.translation.coverage(at: 2))
    let start = mapped(whole, start) == 0 ? whole : start
    let frames = frames
    var count = 0
    table.freeTables(in: start..<end, floor: start, ceiling: end) { number, level in
      if level == 2 { frames.pointee.count(.nr_page_table_pages, by: -1) }
      frames.pointee.free(number)
      count &+= 1
    }
    // The walk caches forget them before anybody can have the frames.
    guard count > 0 else { return }
    board.invalidate(.kernelRange(start, (end - start).wholePages(of: board.pageSize)))
  }
}
