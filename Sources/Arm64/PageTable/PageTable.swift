public import MemoryTypes

/// The translation tables under one root: what TTBR0 or TTBR1 points to, read and written.
///
/// Terms. The *root* is the first table (Linux's PGD); a *slot* is the place of a descriptor; the
/// *last-level table* is the one of level 3 (Linux's PTE table), whose slots map pages. Levels are
/// the Arm ARM's: the number of a level says how big the thing is that a descriptor maps, whatever
/// the number of levels (``TranslationGeometry``).
///
/// Invariants: every table but the root is one whole frame; a descriptor above level 3 is none, a
/// table, or a block (bits 1:0 = 01); a table is under one root, once. The editor checks an
/// address's half no further than its translated bits: user and kernel half use it alike, each with
/// its own root.
///
/// The editor orders its own writes against the walker (a table is published before what points to
/// it, as `__pmd_populate` does) and invalidates no TLB: who changes or removes a valid
/// descriptor does, and gives a freed table's frame back after that (``freeTables``).
public struct PageTable<B: Board> {
  public let board: B
  /// The first table; a frame, or less than one where it has fewer entries (16K, 48 bits: two).
  public let root: PhysicalAddress

  @inlinable public init(board: B, root: PhysicalAddress) {
    self.board = board
    self.root = root
  }

  @inlinable public init(board: B, root: PageFrameNumber) {
    self.init(board: board, root: root.address(board.pageSize))
  }

  /// The frame that holds the root table.
  @inlinable public var rootFrame: PageFrameNumber {
    PageFrameNumber(containing: root, board.pageSize)
  }

  /// The slot for a page, where the tables on the way to it exist (Linux's `pte_offset_map` after
  /// `pgd_offset` and its followers).
  @inlinable public func entry(for address: VirtualAddress) -> KernelPointer<Descriptor>? {
    find(address)
  }

  /// The slot for an address in its table of `level`, where that exists.
  @inlinable public func entry(for address: VirtualAddress, at level: Int)
    -> KernelPointer<Descriptor>?
  {
    let table = descend(to: level, for: address)
    return table.level == level ? table.slot(for: address, in: board.translation) : nil
  }

  /// The slot for a page, with tables made on the way; nil where `allocate` has no frame.
  ///
  /// `allocate` gets the level of the table it is for and gives a frame full of zeros
  /// (`__pte_alloc`, `__pmd_alloc`, `__pud_alloc`; Linux counts levels 3 and 2 as NR_PAGETABLE and
  /// all of them in `pgtables_bytes`). What was made stays if a later one fails.
  @inlinable public func entryAllocating(
    for address: VirtualAddress, allocate: (_ level: Int) -> PageFrameNumber?
  ) -> KernelPointer<Descriptor>? {
    find(address) ?? extend(for: address, allocate)
  }

  /// The slots from `address` to `end`, or to the end of the table that holds the first of them.
  @inlinable public func run(at address: VirtualAddress, end: VirtualAddress) -> DescriptorRun? {
    find(address).map { run(from: $0, at: address, end: end) }
  }

  /// As ``run(at:end:)``, with tables made on the way as ``entryAllocating(for:allocate:)`` does.
  @inlinable public func runAllocating(
    at address: VirtualAddress, end: VirtualAddress, allocate: (_ level: Int) -> PageFrameNumber?
  ) -> DescriptorRun? {
    entryAllocating(for: address, allocate: allocate).map {
      run(from: $0, at: address, end: end)
    }
  }

  /// The slots from one of the last level to `end`, or to the end of its table.
  @inlinable func run(
    from slot: KernelPointer<Descriptor>, at address: VirtualAddress, end: VirtualAddress
  ) -> DescriptorRun {
    let size = board.pageSize
    let page = address.rawValue &>> size.shift
    let last = (end.rawValue &- 1) &>> size.shift &- page
    let indexMask: UInt64 = (1 &<< (size.shift &- 3)) &- 1
    // SAFETY: the slots from this one on that the table still has, and no more.
    return unsafe DescriptorRun(
      unchecked: slot.raw.assumingMemoryBound(to: Descriptor.self), start: address,
      count: Int(truncatingIfNeeded: min(last, ~page & indexMask) &+ 1))
  }
}
