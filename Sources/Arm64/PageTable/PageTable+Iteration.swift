public import MemoryTypes

extension PageTable {
  /// Calls `body` with the slots of each last-level table that a range of pages touches.
  ///
  /// Where a table is missing, its whole coverage is stepped over, so that an empty range costs a
  /// walk for each missing entry of the highest level. Blocks are stepped over too.
  @inlinable public func forEachRun<E: Error>(
    in range: Range<VirtualAddress>, _ body: (DescriptorRun) throws(E) -> Void
  ) throws(E) {
    let geometry = board.translation
    var at = range.lowerBound
    while at < range.upperBound {
      var span = geometry.coverage(at: 2)
      if let slot = find(at) {
        try body(run(from: slot, at: at, end: range.upperBound))
      } else {
        span = geometry.coverage(at: descend(to: 3, for: at).level)
      }
      let next = at.alignedDown(to: span) + span
      if next < at { return }
      at = next
    }
  }

  /// A descriptor that ends the way down: a page, a block, or none at any level.
  public struct Leaf: BitwiseCopyable, Sendable {
    public let address: VirtualAddress
    public let level: Int
    public let descriptor: Descriptor
  }

  /// Calls `body` with every descriptor that is not a table, in order of address, holes included
  /// (mm/ptdump.c, with `kernel_page_tables`).
  public func forEachLeaf(in range: Range<VirtualAddress>, _ body: (Leaf) -> Void) {
    let geometry = board.translation
    var at = range.lowerBound
    while at < range.upperBound {
      let table = descend(to: 3, for: at)
      let span = geometry.coverage(at: table.level)
      at = at.alignedDown(to: span)
      let run = table.run(at: at, end: range.upperBound, in: geometry)
      for index in 0..<run.count {
        let descriptor = run[index]
        if table.level < 3 && descriptor.isTable { break }
        body(Leaf(address: at, level: table.level, descriptor: descriptor))
        let next = at + span
        if next < at { return }
        at = next
      }
    }
  }

  /// The tables under the root, the root included, by level.
  public func tableCounts() -> TableCounts {
    var counts = TableCounts()
    count(rootTable, &counts)
    return counts
  }

  func count(_ table: TranslationTable, _ counts: inout TableCounts) {
    counts[table.level] &+= 1
    guard table.level < 3 else { return }
    let geometry = board.translation
    let span = geometry.coverage(at: table.level)
    var at = VirtualAddress(0)
    for _ in 0..<geometry.entries(at: table.level) {
      let entry = table.slot(for: at, in: geometry).pointee
      if entry.isTable {
        count(self.table(at: entry.output(in: geometry), level: table.level &+ 1), &counts)
      }
      at += span
    }
  }
}

/// A number of tables for each level, -1 to 3.
public struct TableCounts: BitwiseCopyable, Sendable {
  var counts: InlineArray<5, Int> = .init(repeating: 0)

  public init() {}

  public subscript(level: Int) -> Int {
    get { counts[level + 1] }
    set { counts[level + 1] = newValue }
  }
}
