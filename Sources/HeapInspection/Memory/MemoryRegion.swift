/// A stretch of a process's memory, as its maps name it.
package struct MemoryRegion: Equatable, Sendable {
  package var start: UInt64
  package var end: UInt64
  package var isReadable: Bool
  package var isWritable: Bool
  /// The file behind it, a name in brackets, or nothing.
  package var name: String
  /// Where in that file it begins.
  package var fileOffset: UInt64

  package init(
    start: UInt64, end: UInt64, isReadable: Bool = true, isWritable: Bool = true,
    name: String = "", fileOffset: UInt64 = 0
  ) {
    self.start = start
    self.end = end
    self.isReadable = isReadable
    self.isWritable = isWritable
    self.name = name
    self.fileOffset = fileOffset
  }

  package var size: UInt64 { end - start }
  /// Whether a file is behind it.
  package var hasFile: Bool { name.hasPrefix("/") }
  package func contains(_ address: UInt64) -> Bool { address >= start && address < end }

  /// No program's memory ends behind this, on any architecture: sums of a heap's addresses and sizes
  /// stay below 2⁶⁴.
  static let limit: UInt64 = 1 << 62

  /// The regions of a text like `/proc/PID/maps`, lowest first; lines of another form are left out.
  package static func all(maps text: String) -> [MemoryRegion] {
    var regions: [MemoryRegion] = []
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ", maxSplits: 5, omittingEmptySubsequences: true)
      guard words.count >= 5 else { continue }
      let bounds = words[0].split(separator: "-")
      guard bounds.count == 2, let start = UInt64(bounds[0], radix: 16),
        let end = UInt64(bounds[1], radix: 16), start < end, end <= limit,
        let offset = UInt64(words[2], radix: 16)
      else { continue }
      var name = words.count > 5 ? String(words[5].drop { $0 == " " }) : ""
      if name.hasSuffix(" (deleted)") { name.removeLast(" (deleted)".count) }
      regions.append(
        MemoryRegion(
          start: start, end: end, isReadable: words[1].contains("r"),
          isWritable: words[1].contains("w"), name: name, fileOffset: offset))
    }
    return regions.sorted { $0.start < $1.start }
  }
}

extension [MemoryRegion] {
  /// The index of the first region that ends behind an address; they are in order and none overlap.
  func index(endingBehind address: UInt64) -> Int {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if self[middle].end <= address { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// The index of the region that holds an address.
  package func index(at address: UInt64) -> Int? {
    let index = index(endingBehind: address)
    return index < count && self[index].start <= address ? index : nil
  }

  /// The next address behind one that cannot be read which may be read: a region is readable up to a
  /// place and not from there on.
  func readable(behind address: UInt64) -> UInt64? {
    let index = index(endingBehind: address)
    guard index < count else { return nil }
    return self[index].start > address ? self[index].start : self[index].end
  }

  /// The region that holds an address.
  package func region(at address: UInt64) -> MemoryRegion? { index(at: address).map { self[$0] } }
}
