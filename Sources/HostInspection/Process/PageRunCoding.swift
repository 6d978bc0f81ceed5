import MemoryTypes

/// Runs as bytes: for each the pages since the last one's end and its own number of pages, as
/// numbers of seven bits a byte, the lowest first (LEB128), then its kind, and its unit as a shift.
enum PageRunCoding {
  /// The first address that no process has.
  private static let end: UInt64 = 1 << 57

  static func encode(_ runs: [PageRun], _ host: HostPages) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(runs.count * 5)
    func number(_ value: UInt64) {
      var value = value
      while value >= 0x80 {
        bytes.append(UInt8(truncatingIfNeeded: value) | 0x80)
        value >>= 7
      }
      bytes.append(UInt8(value))
    }
    var at: UInt64 = 0
    for run in runs {
      number((run.start.rawValue - at) >> host.pageShift)
      number(run.length.rawValue >> host.pageShift)
      bytes.append(run.kind.rawValue)
      bytes.append(run.unitShift)
      at = run.end.rawValue
    }
    return bytes
  }

  /// Nil where the bytes are not such runs.
  static func decode(_ bytes: [UInt8], _ host: HostPages) -> [PageRun]? {
    var runs: [PageRun] = []
    var place = 0
    func number() -> UInt64? {
      var value: UInt64 = 0
      for shift in stride(from: UInt64(0), to: 63, by: 7) {
        guard place < bytes.count else { return nil }
        let byte = bytes[place]
        place += 1
        value |= UInt64(byte & 0x7f) << shift
        if byte & 0x80 == 0 { return value }
      }
      return nil
    }
    let most = end >> host.pageShift
    var page: UInt64 = 0
    while place < bytes.count {
      guard let gap = number(), let count = number(), gap <= most, count > 0, count <= most,
        page + gap + count <= most, place + 2 <= bytes.count,
        let kind = PageRun.Kind(rawValue: bytes[place]),
        (host.pageShift...40).contains(UInt64(bytes[place + 1]))
      else { return nil }
      page += gap
      runs.append(
        PageRun(
          start: VirtualAddress(page << host.pageShift), length: ByteCount(count << host.pageShift),
          kind: kind, unitShift: bytes[place + 1]))
      place += 2
      page += count
    }
    return runs
  }
}
