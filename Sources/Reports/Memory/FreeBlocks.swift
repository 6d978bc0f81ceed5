/// The free blocks of a zone by order, a line of `/proc/buddyinfo`.
package struct FreeBlocks: Equatable, Sendable {
  package var zone: String
  /// How many blocks of 2ⁿ pages are free, for each n from 0.
  package var counts: [UInt64]

  /// All pages in them.
  package var pages: UInt64 {
    counts.enumerated().reduce(0) { $0 + $1.element << UInt64($1.offset) }
  }
}

extension [FreeBlocks] {
  /// Reads `Node 0, zone      DMA      1      0      3 …` lines.
  package init(buddyinfo: String) {
    self = buddyinfo.split(separator: "\n").compactMap { line in
      let words = line.split(separator: " ")
      guard words.count > 4, words[0] == "Node", words[2] == "zone" else { return nil }
      return FreeBlocks(
        zone: String(words[3]), counts: words.dropFirst(4).compactMap { UInt64($0) })
    }
  }
}
