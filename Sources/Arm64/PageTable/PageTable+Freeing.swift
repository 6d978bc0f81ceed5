public import MemoryTypes

extension PageTable {
  /// Frees the tables that a range no longer needs (mm/memory.c:free_pgd_range).
  ///
  /// `floor` and `ceiling` are the end of the mapping below the range and the start of the one
  /// above it, 0 where there is none: a table goes when all it covers lies between them. Its slots
  /// are empty by then; nobody looks. `free` gets each table's frame and level after it has been
  /// unhooked; the frame may be used again only after the TLB's walk caches have been invalidated
  /// for it.
  @inlinable public func freeTables(
    in range: Range<VirtualAddress>, floor: VirtualAddress, ceiling: VirtualAddress,
    free: (_ frame: PageFrameNumber, _ level: Int) -> Void
  ) {
    let span = board.translation.coverage(at: 2).rawValue
    var start = range.lowerBound.rawValue & ~(span &- 1)
    var end = range.upperBound.rawValue
    let top = ceiling.rawValue & ~(span &- 1)
    // 0 as an end means the top of the address space, hence the comparisons of last bytes.
    if start < floor.rawValue {
      start &+= span
      if start == 0 { return }
    }
    if ceiling.rawValue != 0 && top == 0 { return }
    if end &- 1 > top &- 1 { end &-= span }
    if start > end &- 1 { return }
    freeTables(
      VirtualAddress(start), VirtualAddress(end), floor: floor, ceiling: VirtualAddress(top), free)
  }

  @inline(never) @usableFromInline
  func freeTables(
    _ start: VirtualAddress, _ end: VirtualAddress, floor: VirtualAddress,
    ceiling: VirtualAddress, _ free: (PageFrameNumber, Int) -> Void
  ) {
    freeTables(under: rootTable, start, end, floor, ceiling, free)
  }

  /// Frees the tables that the descriptors of one table point to, from `start` to `end`.
  func freeTables(
    under table: TranslationTable, _ start: VirtualAddress, _ end: VirtualAddress,
    _ floor: VirtualAddress, _ ceiling: VirtualAddress, _ free: (PageFrameNumber, Int) -> Void
  ) {
    let geometry = board.translation
    let span = geometry.coverage(at: table.level)
    var at = start
    repeat {
      let whole = at.alignedDown(to: span)
      let boundary = whole + span
      let next = boundary.rawValue &- 1 < end.rawValue &- 1 ? boundary : end
      let slot = table.slot(for: at, in: geometry)
      let entry = slot.pointee
      if entry.isTable {
        let frame = entry.frame(in: geometry)
        let below = self.table(at: frame.address(geometry.pageSize), level: table.level &+ 1)
        if below.level < 3 { freeTables(under: below, at, next, floor, ceiling, free) }
        if covers(whole, span, next, floor, ceiling) {
          slot.pointee = .none
          free(frame, below.level)
        }
      }
      at = next
    } while at != end
  }

  /// Whether all that a descriptor covers is free.
  ///
  /// `whole` is where it begins, `end` how far the range reaches into it. Rounds the ceiling only,
  /// as free_pmd_range and its like do.
  @inlinable func covers(
    _ whole: VirtualAddress, _ span: ByteCount, _ end: VirtualAddress, _ floor: VirtualAddress,
    _ ceiling: VirtualAddress
  ) -> Bool {
    if whole < floor { return false }
    let top = ceiling.alignedDown(to: span)
    if ceiling.rawValue != 0 && top.rawValue == 0 { return false }
    return end.rawValue &- 1 <= top.rawValue &- 1
  }
}
