/// The text of `/sys/kernel/debug/kernel_page_tables`, taken apart.
struct KernelTableDump {
  /// A line: a range, and what is said of it behind its length.
  struct Range: Equatable {
    var start: UInt64
    /// The last address.
    var end: UInt64
    /// The level, and the attributes of what is mapped.
    var said: String

    /// The attributes without how large the blocks are.
    var attributes: String? {
      let words = said.split(separator: " ").dropFirst()
      return words.isEmpty
        ? nil : words.filter { $0 != "CON" && $0 != "BLK" }.joined(separator: " ")
    }
  }

  /// The names of the markers, in their order.
  var markers: [String] = []
  /// The ranges behind each marker, up to the next.
  var regions: [String: [Range]] = [:]

  init(_ text: String) {
    for line in text.split(separator: "\n") {
      if line.hasPrefix("---[ ") {
        markers.append(String(line))
        regions[String(line)] = []
        continue
      }
      let words = line.split(separator: " ")
      let ends = words.first?.split(separator: "-") ?? []
      guard let marker = markers.last, ends.count == 2, words.count > 2,
        let start = UInt64(ends[0].dropFirst(2), radix: 16),
        let end = UInt64(ends[1].dropFirst(2), radix: 16), ends[0].hasPrefix("0x")
      else { continue }
      regions[marker]?.append(
        Range(start: start, end: end &- 1, said: words.dropFirst(2).joined(separator: " ")))
    }
  }

  subscript(_ name: String) -> [Range] { regions["---[ \(name) ]---"] ?? [] }

  /// Where each region begins, and the gap behind it.
  var bounds: [String] {
    markers.map { "\($0) \(String(regions[$0]?.first?.start ?? 0, radix: 16))" }
  }

  /// What is said of an address.
  func said(of address: UInt64) -> String? {
    for ranges in regions.values {
      if let found = ranges.first(where: { $0.start <= address && address <= $0.end }) {
        return found.said
      }
    }
    return nil
  }
}
