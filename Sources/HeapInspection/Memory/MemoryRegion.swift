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

  /// The regions of a text like `/proc/PID/maps`, lowest first; lines of another form are left out.
  package static func all(maps text: String) -> [MemoryRegion] {
    var regions: [MemoryRegion] = []
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ", maxSplits: 5, omittingEmptySubsequences: true)
      guard words.count >= 5 else { continue }
      let bounds = words[0].split(separator: "-")
      guard bounds.count == 2, let start = UInt64(bounds[0], radix: 16),
        let end = UInt64(bounds[1], radix: 16), start < end,
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
  /// The index of the region that holds an address; they are in order and none overlap.
  package func index(at address: UInt64) -> Int? {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if self[middle].end <= address { low = middle + 1 } else { high = middle }
    }
    guard low < count, self[low].start <= address else { return nil }
    return low
  }

  /// The region that holds an address.
  package func region(at address: UInt64) -> MemoryRegion? { index(at: address).map { self[$0] } }
}
