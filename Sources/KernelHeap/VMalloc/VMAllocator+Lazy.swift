import Arm64
import MemoryTypes
import PageFrames

/// Addresses that the TLB may still know.
extension VMAllocator {
  /// Makes an area lazy that is mapped no more (`free_vmap_area_noflush()`).
  ///
  /// Beside a lazy neighbour it becomes part of that, as in `merge_or_add_vmap_area()`.
  mutating func makeLazy(_ area: Area) {
    let isVMalloc = isVMalloc(area.pointee.start)
    let (start, end) = (area.pointee.start, area.pointee.end)
    lazyPages &+= (end - start).rawValue &>> board.pageSize.shift
    if start < lazyLow { lazyLow = start }
    if end > lazyHigh { lazyHigh = end }
    if let previous = area.pointee.previous, previous.pointee.kind == .lazy,
      previous.pointee.end == start, previous.pointee.extend(by: area.pointee.units)
    {
      if isVMalloc { vmalloc.remove(area) } else { modules.remove(area) }
      areas.free(area)
    } else {
      area.pointee.kind = .lazy
      area.pointee.word = lazy?.address ?? 0
      lazy = area
    }
    if lazyPages > lazyMaximum { purge() }
  }

  /// Makes all lazy addresses free: invalidates the TLB for them, then lets them go
  /// (`__purge_vmap_area_lazy()`, with vmalloc's callers waiting for it).
  @inline(never)
  public mutating func purge() {
    guard lazy != nil else { return }
    // Before any address can be had again.
    board.invalidate(
      .kernelRange(lazyLow, (lazyHigh - lazyLow).wholePages(of: board.pageSize)))
    while let area = lazy {
      lazy = next(ofLazy: area)
      let (start, end) = (area.pointee.start, area.pointee.end)
      let isVMalloc = isVMalloc(start)
      if isVMalloc { vmalloc.remove(area) } else { modules.remove(area) }
      areas.free(area)
      if board.isSanitized {
        let free = isVMalloc ? vmalloc.room(around: start) : modules.room(around: start)
        tellSanitizer(.released(free), start, end - start)
      }
    }
    lazyPages = 0
    lazyLow = VirtualAddress(.max)
    lazyHigh = VirtualAddress(0)
  }

  func next(ofLazy area: Area) -> Area? {
    // SAFETY: the word of a lazy area is the next one's address, or 0.
    let place = unsafe UnsafeMutablePointer<VMArea>(bitPattern: area.pointee.word)
    return unsafe place.map { unsafe Area($0) }
  }
}

extension VMArea {
  /// Takes over what follows; false where the length has no more room.
  mutating func extend(by more: UInt32) -> Bool {
    let (sum, overflow) = units.addingReportingOverflow(more)
    if !overflow { units = sum }
    return !overflow
  }
}
