public import MemoryTypes

extension MemoryMap {
  /// Takes memory for the frame table: a block for each section that has RAM, so that holes cost
  /// nothing (mm/sparse-vmemmap.c:vmemmap_populate()).
  ///
  /// The body maps each block: `frame` is the first frame that it describes, so it belongs at
  /// ``FrameTable``'s base + `frame` × 64. Blocks of adjacent sections are adjacent, so that on 4K
  /// pages each is one 2 MiB block of the frame table's region. Call it after all banks are
  /// known. False if there is no room, or the body says false.
  public mutating func populateFrameTable(
    _ body: (_ frame: PageFrameNumber, _ block: PhysicalRange) -> Bool
  ) -> Bool {
    let section = geometry.section
    let table = geometry.sectionTable
    var done = PhysicalAddress(0)
    for bank in 0..<banks.count {
      let start = max(done, banks[bank].start.alignedDown(to: section))
      let end = banks[bank].end.alignedUp(to: section)
      guard start < end else { continue }
      let sections = ByteCount((end - start).rawValue / section.rawValue)
      let bytes = ByteCount(sections.rawValue &* table.rawValue)
      guard let block = allocate(bytes, alignment: table) else { return false }
      let frame = PageFrameNumber(containing: start, geometry.pageSize)
      guard body(frame, PhysicalRange(start: block, length: bytes)) else { return false }
      done = end
    }
    return true
  }
}
