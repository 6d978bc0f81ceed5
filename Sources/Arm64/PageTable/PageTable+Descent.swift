public import MemoryTypes

extension PageTable {
  /// The table at an address that the root or a table descriptor holds.
  @inlinable func table(at address: PhysicalAddress, level: Int) -> TranslationTable {
    // SAFETY: the invariant: what a table descriptor points to is a table of the next level.
    unsafe TranslationTable(board.pointer(to: address), level: level)
  }

  /// The root table.
  @inlinable var rootTable: TranslationTable {
    table(at: root, level: board.translation.startLevel)
  }

  /// Goes down from the root to the table of `level`, or to the last that exists on the way.
  ///
  /// Only bit 1 is looked at: none and blocks have it clear, tables set, and nothing else is ever
  /// above level 3.
  @inlinable func descend(to level: Int, for address: VirtualAddress) -> TranslationTable {
    let geometry = board.translation
    var table = rootTable
    while table.level < level {
      let entry = table.slot(for: address, in: geometry).pointee
      if entry.rawValue & 2 == 0 { break }
      table = self.table(at: entry.output(in: geometry), level: table.level &+ 1)
    }
    return table
  }

  /// Goes down to the table of `level` and makes what is missing on the way.
  @inlinable func descendAllocating(
    to level: Int, for address: VirtualAddress, _ attributes: Descriptor.TableAttributes = [],
    _ allocate: (_ level: Int) -> PageFrameNumber?
  ) -> TranslationTable? {
    let table = descend(to: level, for: address)
    if table.level == level { return table }
    return extend(table, to: level, for: address, attributes, allocate)
  }

  /// Makes tables below `table` until there is one of `level`.
  @inline(never) @usableFromInline func extend(
    _ table: TranslationTable, to level: Int, for address: VirtualAddress,
    _ attributes: Descriptor.TableAttributes, _ allocate: (_ level: Int) -> PageFrameNumber?
  ) -> TranslationTable? {
    let geometry = board.translation
    var table = table
    while table.level < level {
      let slot = table.slot(for: address, in: geometry)
      precondition(slot.pointee.isNone, "a block where a table was to be")
      guard let frame = allocate(table.level &+ 1) else { return nil }
      board.publishDescriptors()
      slot.pointee = Descriptor(table: frame, attributes, in: geometry)
      table = self.table(at: frame.address(geometry.pageSize), level: table.level &+ 1)
    }
    return table
  }
}
