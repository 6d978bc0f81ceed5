package import Machine
package import MemoryTypes

/// `/proc/slabinfo` taken apart: version 2.0 or 2.1, of any kernel.
package struct SlabInfo: Equatable, Sendable {
  /// A line of it.
  package struct Cache: Equatable, Sendable {
    package var name: String
    package var active: UInt64
    package var objects: UInt64
    package var objectSize: ByteCount
    package var objectsPerSlab: UInt64
    package var pagesPerSlab: UInt64
    package var activeSlabs: UInt64
    package var slabs: UInt64
  }

  package var caches: [Cache]

  /// Reads a text; where it is none, the error names the file and the line.
  package init(_ bytes: [UInt8], of file: String) throws(MachineError) {
    caches = []
    var lines = String.procLines(bytes)
    while lines.last?.isEmpty == true { lines.removeLast() }
    guard let head = lines.first, head.hasPrefix("slabinfo - version: 2") else {
      throw .failure("\(file): it is no /proc/slabinfo: it does not begin with its version")
    }
    for (index, line) in lines.enumerated().dropFirst() where !line.hasPrefix("#") {
      guard let cache = Cache(line) else {
        throw .failure("\(file): line \(index + 1) is no line of a slabinfo")
      }
      caches.append(cache)
    }
  }

  /// The page size that the caches fit: slabs hold their objects, and the smallest that will do is
  /// it, for hardly a slab wastes three quarters of its pages.
  package var fittingPageSize: PageSize {
    let needed =
      caches.map { (cache) -> UInt64 in
        let bytes = cache.objectsPerSlab * cache.objectSize.rawValue
        return (bytes + cache.pagesPerSlab - 1) / cache.pagesPerSlab
      }.max() ?? 0
    return needed <= 4096 ? .fourKiB : needed <= 16384 ? .sixteenKiB : .sixtyFourKiB
  }
}

extension SlabInfo.Cache {
  /// Reads a line: the name, five numbers, the tunables, and behind `slabdata` three more.
  init?(_ line: some StringProtocol) {
    let words = line.split(whereSeparator: \.isProcBlank)
    guard words.count >= 16, words[6] == ":", words[7] == "tunables", words[11] == ":",
      words[12] == "slabdata", words[0].count < 256
    else { return nil }
    let numbers = (Array(words[1...5]) + words[13...14]).compactMap { UInt64($0) }
    guard numbers.count == 7, numbers.allSatisfy({ $0 <= 1 << 40 }), numbers[2] <= 1 << 30,
      numbers[3] <= 1 << 30, 1...(1 << 20) ~= numbers[4], numbers[0] <= numbers[1]
    else { return nil }
    self.init(
      name: String(words[0]), active: numbers[0], objects: numbers[1],
      objectSize: ByteCount(numbers[2]), objectsPerSlab: numbers[3], pagesPerSlab: numbers[4],
      activeSlabs: numbers[5], slabs: numbers[6])
  }

  /// What the cache's slabs take of memory.
  package func footprint(_ page: PageSize) -> ByteCount {
    // A number that no machine has is as large as can be.
    let (pages, tooMany) = slabs.multipliedReportingOverflow(by: pagesPerSlab)
    let (bytes, tooLarge) = pages.multipliedReportingOverflow(by: page.bytes.rawValue)
    return ByteCount(tooMany || tooLarge ? UInt64.max >> 8 : min(bytes, UInt64.max >> 8))
  }

  /// What living objects take of that.
  package var activeBytes: UInt64 {
    let (bytes, overflow) = active.multipliedReportingOverflow(by: objectSize.rawValue)
    return overflow ? UInt64.max >> 8 : min(bytes, UInt64.max >> 8)
  }
}
