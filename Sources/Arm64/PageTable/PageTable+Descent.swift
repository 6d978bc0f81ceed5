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

  /// The slot for a page, where the tables on the way to it exist.
  ///
  /// The hot walk: with the page size a constant, a level is five instructions, and the levels of
  /// a size are one chain that is entered at the first that there is: 30 instructions for 4K and
  /// four levels, where a loop with run-time shifts takes 45. It trusts the tables: only bit 1 of a
  /// descriptor is looked at, which none and blocks have clear and tables set.
  @inline(never) @usableFromInline func find(_ address: VirtualAddress)
    -> KernelPointer<Descriptor>?
  {
    if _fastPath(board.translation.plainShift == 12) { return find(address, pageShift: 12) }
    return findLarger(address)
  }

  /// The same for larger pages and for 52-bit output addresses.
  @inline(never) @usableFromInline func findLarger(_ address: VirtualAddress)
    -> KernelPointer<Descriptor>?
  {
    switch board.translation.plainShift {
    case 14: return find(address, pageShift: 14)
    case 16: return find(address, pageShift: 16)
    default:
      let table = descend(to: 3, for: address)
      return table.level == 3 ? table.slot(for: address, in: board.translation) : nil
    }
  }

  /// The chain for one page size; `pageShift` is a constant wherever this is called.
  @inline(__always) @usableFromInline func find(_ address: VirtualAddress, pageShift: UInt64)
    -> KernelPointer<Descriptor>?
  {
    let bits = pageShift &- 3
    let indexMask: UInt64 = (1 &<< bits) &- 1
    let geometry = board.translation
    // A first table of 4K is full, its index needs no further mask.
    let translated =
      bits == 9 ? address.rawValue : address.rawValue & ((1 &<< geometry.vaBits) &- 1)
    // SAFETY: each index is less than the entries of a full table, and of the first one because
    // only translated bits are left; a table descriptor points to a table.
    var table = unsafe board.pointer(to: root).assumingMemoryBound(to: UInt64.self)
    let start = geometry.startLevel
    if bits < 13 && _fastPath(start <= 0) {
      let entry = unsafe table[Int((translated &>> (pageShift &+ 3 &* bits)) & indexMask)]
      if entry & 2 == 0 { return nil }
      unsafe table = slots(entry, pageShift)
    }
    if start <= 1 {
      let entry = unsafe table[Int((translated &>> (pageShift &+ 2 &* bits)) & indexMask)]
      if entry & 2 == 0 { return nil }
      unsafe table = slots(entry, pageShift)
    }
    let entry = unsafe table[Int((translated &>> (pageShift &+ bits)) & indexMask)]
    if entry & 2 == 0 { return nil }
    unsafe table = slots(entry, pageShift)
    let index = Int((translated &>> pageShift) & indexMask)
    return unsafe KernelPointer(
      UnsafeMutableRawPointer(table + index).assumingMemoryBound(to: Descriptor.self))
  }

  /// The table under a table descriptor with a 48-bit address.
  @unsafe @inline(__always) @usableFromInline
  func slots(_ entry: UInt64, _ pageShift: UInt64) -> UnsafeMutablePointer<UInt64> {
    let mask: UInt64 = 0x0000_ffff_ffff_ffff & ~((1 &<< pageShift) &- 1)
    return unsafe board.pointer(to: PhysicalAddress(entry & mask))
      .assumingMemoryBound(to: UInt64.self)
  }

  /// Goes down from the root to the table of `level`, or to the last that exists on the way.
  @inline(never) @usableFromInline func descend(to level: Int, for address: VirtualAddress)
    -> TranslationTable
  {
    let geometry = board.translation
    var table = rootTable
    while table.level < level {
      let entry = table.slot(for: address, in: geometry).pointee
      if entry.rawValue & 2 == 0 { break }
      table = self.table(at: entry.output(in: geometry), level: table.level &+ 1)
    }
    return table
  }

  /// The slot for a page, with what is missing on the way made: the way out of line.
  ///
  /// User tables forbid EL1 to execute, kernel tables EL0, as pmd_populate and
  /// pmd_populate_kernel have it.
  @inline(never) @usableFromInline func extend(
    for address: VirtualAddress, _ allocate: (_ level: Int) -> PageFrameNumber?
  ) -> KernelPointer<Descriptor>? {
    let limits: Descriptor.TableAttributes =
      address.isKernelHalf ? .userExecuteNever : .privilegedExecuteNever
    var table = descend(to: 3, for: address)
    while table.level < 3 {
      let slot = table.slot(for: address, in: board.translation)
      guard let below = tableBelow(slot, table.level, limits, allocate) else { return nil }
      table = below
    }
    return table.slot(for: address, in: board.translation)
  }

  /// The table that a slot points to, made if there is none, and published before it is hooked in.
  func tableBelow(
    _ slot: KernelPointer<Descriptor>, _ level: Int, _ limits: Descriptor.TableAttributes,
    _ allocate: (_ level: Int) -> PageFrameNumber?
  ) -> TranslationTable? {
    let geometry = board.translation
    if slot.pointee.isNone {
      guard let frame = allocate(level &+ 1) else { return nil }
      board.publishDescriptors()
      slot.pointee = Descriptor(table: frame, limits, in: geometry)
    }
    precondition(slot.pointee.isTable, "a block where a table was to be")
    return table(at: slot.pointee.output(in: geometry), level: level &+ 1)
  }
}
