public import Arm64
import BoardFormat
import KernelHeap
public import MemoryTypes
import PageFrames
import Swap

/// The translation tables of a space, and the frames under them.
extension AddressSpace {
  @inline(__always) var board: B { context.pointee.board }
  @inline(__always) var pageSize: PageSize { context.pointee.board.pageSize }
  @inline(__always) var frames: KernelPointer<FrameAllocator<B>> { context.pointee.frames }

  /// The editor of the space's tables.
  @inline(__always) public var tables: PageTable<B> { PageTable(board: board, root: root) }

  /// The slot of a page, with tables made on the way; nil without a frame for one.
  @inline(__always)
  mutating func slotAllocating(for address: VirtualAddress) -> KernelPointer<Descriptor>? {
    let tables = tables
    if let slot = tables.entry(for: address) { return slot }
    return slotMaking(for: address, tables)
  }

  @inline(never)
  mutating func slotMaking(
    for address: VirtualAddress, _ tables: PageTable<B>
  ) -> KernelPointer<Descriptor>? {
    tables.entryAllocating(for: address) { level in allocateTable(level) }
  }

  /// A frame of zeros for a table of a level.
  ///
  /// Linux counts the two last levels as page tables
  /// (`pgtable_pte_page_ctor()`, `pgtable_pmd_page_ctor()`), and the bytes of all below the root.
  mutating func allocateTable(_ level: Int) -> PageFrameNumber? {
    guard let number = frames.pointee.allocate([.kernel, .zero, .account]) else { return nil }
    frames.pointee.frame(number).pointee.state = .pageTable
    frames.pointee.frame(number).pointee.index = UInt64(truncatingIfNeeded: level)
    tableBytes += pageSize.bytes
    if level >= 2 { countTable(number, by: 1) }
    traceTable(.tableMade, number, level)
    return number
  }

  /// A table of the two last levels came or went.
  func countTable(_ number: PageFrameNumber, by n: Int) {
    frames.pointee.count(.nr_page_table_pages, by: n)
    frames.pointee.countGroup(.nr_page_table_pages, frames.pointee.frame(number), by: n)
  }

  /// Unhooks the tables that a range no longer needs; their frames wait in the gather
  /// (`free_pgtables()`).
  ///
  /// `floor` and `ceiling` are the nearest areas' end and start, or 0.
  mutating func freeTables(
    _ start: VirtualAddress, _ end: VirtualAddress, floor: VirtualAddress, ceiling: VirtualAddress
  ) {
    tables.freeTables(in: start..<end, floor: floor, ceiling: ceiling) { number, level in
      tableBytes -= pageSize.bytes
      if level >= 2 { countTable(number, by: -1) }
      traceTable(.tableFreed, number, level)
      context.pointee.gather.hasTables = true
      gather(number, start, end)
    }
  }

  /// Puts an unmapped frame aside until the TLB has forgotten `start..<end`.
  @inline(__always)
  mutating func gather(
    _ number: PageFrameNumber, _ start: VirtualAddress, _ end: VirtualAddress
  ) {
    if context.pointee.gather.isFull { flushGather(start, end) }
    context.pointee.gather.add(number)
  }

  /// Makes the TLB forget a range, then frees what was unmapped from it
  /// (`tlb_flush_mmu()`).
  mutating func flushGather(_ start: VirtualAddress, _ end: VirtualAddress) {
    let context = context
    guard !context.pointee.gather.isEmpty else { return }
    invalidate(start, end, tables: context.pointee.gather.hasTables)
    // So that the last reference is ours (free_pages_and_swap_cache()).
    frames.pointee.drainLRU()
    if context.pointee.swap.pointee.cachedPages > 0 { freeGatheredSwap() }
    frames.pointee.release(count: context.pointee.gather.count) { index in
      PageFrameNumber(context.pointee.gather.frames[index])
    }
    context.pointee.gather.count = 0
    context.pointee.gather.hasUnmapped = false
    context.pointee.gather.hasTables = false
  }

  /// Takes gathered pages that nobody else maps out of the swap cache (`free_swap_cache()`).
  @inline(never) private func freeGatheredSwap() {
    let context = context
    context.pointee.swap.pointee.settle()
    for index in 0..<context.pointee.gather.count {
      let number = PageFrameNumber(context.pointee.gather.frames[index])
      let frame = frames.pointee.frame(number)
      // A table's frame has flags of its own.
      guard frame.pointee.state == .anonymous, frame.pointee.mapCount == 0 else { continue }
      context.pointee.swap.pointee.freeCached(number)
    }
  }

  /// Makes the TLB forget a range: page by page, or all of the space where that is shorter
  /// (arch/arm64/include/asm/tlbflush.h:__flush_tlb_range(), MAX_TLBI_OPS).
  mutating func invalidate(_ start: VirtualAddress, _ end: VirtualAddress, tables: Bool) {
    // A space that never ran has nothing in any TLB.
    guard contextID != 0 else { return }
    let asid = ASID(UInt16(truncatingIfNeeded: contextID))
    let pages = (end - start).wholePages(of: pageSize)
    if pages.rawValue > 1 &<< (pageSize.shift &- 3) {
      board.invalidate(.addressSpace(asid))
    } else {
      board.invalidate(.range(start, pages, asid, tables: tables))
    }
  }

  /// Makes the TLB forget one page's entry (`flush_tlb_page()`).
  @inline(__always) func invalidatePage(_ address: VirtualAddress) {
    board.invalidate(.page(address, ASID(UInt16(truncatingIfNeeded: contextID))))
  }

  /// Makes the TLB forget one page's entry, for who made it old from outside.
  public func forget(_ address: VirtualAddress) { invalidatePage(address) }

  /// Makes the TLB forget all that it knows of the space: many entries became old.
  public func forgetTranslations() {
    guard contextID != 0 else { return }
    board.invalidate(.addressSpace(ASID(UInt16(truncatingIfNeeded: contextID))))
  }

  /// The number of tables by level, index 0 for level -1, root included.
  public func tablePages() -> InlineArray<5, UInt64> {
    let counts = tables.tableCounts()
    var pages: InlineArray<5, UInt64> = .init(repeating: 0)
    for level in -1...3 { pages[level + 1] = UInt64(counts[level]) }
    return pages
  }
}
