import Arm64
public import MemoryTypes
import PageFrames

/// The regions' page tables: mm/vmalloc.c's vmap_pages_range() and vunmap_range().
extension VMAllocator {
  /// Makes a table of the kernel half; only level 2 is counted (`pmd_alloc_one()`:
  /// pgtable_pmd_page_ctor(); `pte_alloc_one_kernel()` counts nothing).
  static func makeTable(_ frames: KernelPointer<FrameAllocator<B>>, level: Int)
    -> PageFrameNumber?
  {
    guard let number = frames.pointee.allocate([.kernel, .zero]) else { return nil }
    frames.pointee.frame(number).pointee.state = .pageTable
    if level == 2 { frames.pointee.count(.nr_page_table_pages, by: 1) }
    return number
  }

  /// Maps pages one by one to what `frame` gives, until it has no more; the number of pages.
  ///
  /// Less than asked for also where a table cannot be made.
  @inline(__always)
  func mapPages(
    at start: VirtualAddress, _ count: UInt64, _ attributes: Descriptor.Attributes,
    _ frame: (_ index: UInt64) -> PageFrameNumber?
  ) -> UInt64 {
    let geometry = board.translation
    let size = board.pageSize
    let frames = frames
    let end = start + PageCount(count).bytes(of: size)
    var at = start
    var index: UInt64 = 0
    defer { board.publishKernelDescriptors() }
    while at != end {
      guard
        let run = table.runAllocating(
          at: at, end: end, allocate: { Self.makeTable(frames, level: $0) })
      else { return index }
      for slot in 0..<run.count {
        guard let number = frame(index) else { return index }
        precondition(run[slot].isNone, "an address that is mapped was free")
        run[slot] = Descriptor(page: number, attributes, in: geometry)
        index &+= 1
      }
      at += PageCount(UInt64(run.count)).bytes(of: size)
    }
    return index
  }

  /// Maps one block of level 2 (`vmap_try_huge_pmd()`); false if there is no table for it.
  ///
  /// A last-level table that is there is empty: nothing of the block's addresses is mapped. It goes
  /// after what the TLB's walk caches know of it (`pmd_free_pte_page()`).
  func mapBlock(
    at address: VirtualAddress, to physical: PhysicalAddress, _ attributes: Descriptor.Attributes
  ) -> Bool {
    let frames = frames
    // The way down to level 2 is made by making the page's and taking the last table away.
    if table.entry(for: address, at: 2) == nil {
      guard
        table.entryAllocating(
          for: address, allocate: { Self.makeTable(frames, level: $0) }) != nil
      else { return false }
    }
    guard let slot = table.entry(for: address, at: 2) else { return false }
    if slot.pointee.isTable {
      let old = slot.pointee.frame(in: board.translation)
      slot.pointee = .none
      board.invalidate(.kernelPage(address))
      frames.pointee.free(old)
    }
    precondition(slot.pointee.isNone, "an address that is mapped was free")
    slot.pointee = Descriptor(block: physical, attributes, in: board.translation)
    board.publishKernelDescriptors()
    return true
  }

  /// Unmaps whatever is mapped of a range, and tells of each frame that was; the TLB is not told.
  @inline(__always)
  func unmapPages(
    _ start: VirtualAddress, _ end: VirtualAddress, _ each: (PageFrameNumber) -> Void
  ) {
    let geometry = board.translation
    let size = board.pageSize
    board.kernelMappingsChange()
    var at = start
    while at < end {
      guard let run = table.run(at: at, end: end) else {
        at = unmapBlock(at, end, each)
        continue
      }
      for slot in 0..<run.count {
        let descriptor = run[slot]
        if descriptor.isNone { continue }
        run[slot] = .none
        each(descriptor.frame(in: geometry))
      }
      at += PageCount(UInt64(run.count)).bytes(of: size)
    }
  }

  /// Unmaps a block, or steps over what no table is there for; where to go on.
  @inline(never)
  private func unmapBlock(
    _ at: VirtualAddress, _ end: VirtualAddress, _ each: (PageFrameNumber) -> Void
  ) -> VirtualAddress {
    let geometry = board.translation
    var level = 2
    while level > geometry.startLevel && table.entry(for: at, at: level) == nil { level &-= 1 }
    let span = geometry.coverage(at: level)
    let next = at.alignedDown(to: span) + span
    guard let slot = table.entry(for: at, at: level), !slot.pointee.isNone, !slot.pointee.isTable
    else { return min(next, end) }
    let first = PageFrameNumber(
      containing: slot.pointee.output(at: level, in: geometry), geometry.pageSize)
    slot.pointee = .none
    for page in 0..<span.wholePages(of: geometry.pageSize).rawValue {
      each(first + PageCount(page))
    }
    return min(next, end)
  }

  /// The frame that an address is mapped to, of an area in use or not (`vmalloc_to_page()`).
  public func frame(of address: VirtualAddress) -> PageFrameNumber? {
    let geometry = board.translation
    if let slot = table.entry(for: address) {
      return slot.pointee.isPresent ? slot.pointee.frame(in: geometry) : nil
    }
    var level = 2
    while level >= geometry.startLevel {
      if let slot = table.entry(for: address, at: level), slot.pointee.isValid {
        let span = geometry.coverage(at: level)
        let offset = ByteCount(address.rawValue & (span.rawValue &- 1))
        return PageFrameNumber(
          containing: slot.pointee.output(at: level, in: geometry) + offset, geometry.pageSize)
      }
      level &-= 1
    }
    return nil
  }
}
