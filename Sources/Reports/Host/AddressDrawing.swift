import HostInspection
import Machine
import MemoryTypes

/// A process's areas drawn to scale, a strip for each stretch of addresses without a wide gap.
///
/// Within a strip a character is always as many bytes. Strips grow with the logarithm of what they
/// show, since a stack and a heap of gigabytes stand on one page.
struct AddressDrawing {
  static let legend = "   █ resident  ▓ ▒ partly  ░ mapped, not touched  s swapped"

  private static let widest = 64
  private let image: ProcessImage

  init(_ image: ProcessImage) { self.image = image }

  private struct Strip {
    var areas: Range<Int>
    var start: UInt64
    var end: UInt64
  }

  func lines() -> [String] {
    let strips = strips()
    var lines: [String] = []
    for (index, strip) in strips.enumerated() {
      if index > 0 {
        let gap = ByteCount(strip.start - strips[index - 1].end)
        lines.append("                 ⋮ \(gap.rounded)")
      }
      lines += draw(strip)
    }
    return lines
  }

  /// Stretches that are apart by more than either is long, and by 16M at least.
  private func strips() -> [Strip] {
    var strips: [Strip] = []
    for (index, area) in image.areas.enumerated() {
      let (start, end) = (area.start.rawValue, area.end.rawValue)
      if let last = strips.last,
        start - last.end < max(16 << 20, min(last.end - last.start, end - start) / 4)
      {
        strips[strips.count - 1].end = end
        strips[strips.count - 1].areas = last.areas.lowerBound..<index + 1
      } else {
        strips.append(Strip(areas: index..<index + 1, start: start, end: end))
      }
    }
    return merged(strips, limit: 12)
  }

  /// At most so many strips: the narrowest gaps are drawn, too.
  private func merged(_ strips: [Strip], limit: Int) -> [Strip] {
    guard strips.count > limit else { return strips }
    let gaps = zip(strips, strips.dropFirst()).map { $1.start - $0.end }.sorted(by: >)
    let least = gaps[limit - 2]
    var result: [Strip] = []
    for strip in strips {
      if let last = result.last, strip.start - last.end < least || result.count >= limit {
        result[result.count - 1].end = strip.end
        result[result.count - 1].areas = last.areas.lowerBound..<strip.areas.upperBound
      } else {
        result.append(strip)
      }
    }
    return result
  }

  private func draw(_ strip: Strip) -> [String] {
    let span = strip.end - strip.start
    let pages = max(1, span >> image.host.pageShift)
    // A page is a character, a thousand are 24, a million are 44, and more than a billion all.
    let bits = 64 - pages.leadingZeroBitCount
    let width = max(1, min(Self.widest, Int(min(pages, UInt64(4 + bits * 2)))))
    let cell = max(1, (span + UInt64(width) - 1) / UInt64(width))
    var cells = Cells(start: strip.start, cell: cell, count: width)
    let inside = image.areas[strip.areas]
    for area in inside { cells.map(area.start.rawValue, area.end.rawValue) }
    if let runs = image.runs {
      var low = 0
      var high = runs.count
      while low < high {
        let middle = (low + high) / 2
        if runs[middle].end.rawValue <= strip.start { low = middle + 1 } else { high = middle }
      }
      for run in runs[low...].prefix(while: { $0.start.rawValue < strip.end }) {
        cells.fill(run.start.rawValue, run.end.rawValue, run.kind == .swapped)
      }
    } else {
      for area in inside { cells.spread(area.start.rawValue, area.end.rawValue, area.rss.rawValue) }
    }
    let drawing = cells.text
    let address = String(strip.start, radix: 16)
    let indent = String(repeating: " ", count: max(0, 16 - address.count))
    let about = "\(ByteCount(span).rounded) \(names(inside))"
    let line = "\(indent)\(address) \(drawing)"
    return line.count + about.count + 2 <= 100
      ? ["\(line)  \(about)"] : [line, String(repeating: " ", count: 17) + about]
  }

  /// The names in a strip, those with most memory first.
  private func names(_ areas: ArraySlice<VirtualArea>) -> String {
    var sizes: [String: UInt64] = [:]
    for area in areas { sizes[area.label, default: 0] += area.rss.rawValue + 1 }
    let names = sizes.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map(\.key)
    return names.prefix(3).joined(separator: ", ")
      + (names.count > 3 ? ", \(names.count - 3) more" : "")
  }
}

/// The characters of a strip and how much of each is mapped, in memory, on swap.
private struct Cells {
  var start: UInt64
  var cell: UInt64
  var mapped: [UInt64]
  var resident: [UInt64]
  var swapped: [UInt64]

  init(start: UInt64, cell: UInt64, count: Int) {
    self.start = start
    self.cell = cell
    mapped = Array(repeating: 0, count: count)
    resident = mapped
    swapped = mapped
  }

  mutating func map(_ from: UInt64, _ to: UInt64) {
    each(from, to) { $0.mapped[$1] += $2 }
  }

  mutating func fill(_ from: UInt64, _ to: UInt64, _ isSwapped: Bool) {
    each(from, to) { if isSwapped { $0.swapped[$1] += $2 } else { $0.resident[$1] += $2 } }
  }

  /// So many bytes in a range, nobody knows where.
  mutating func spread(_ from: UInt64, _ to: UInt64, _ bytes: UInt64) {
    let share = Double(bytes) / Double(max(1, to - from))
    each(from, to) { $0.resident[$1] += UInt64(Double($2) * min(share, 1)) }
  }

  private mutating func each(
    _ from: UInt64, _ to: UInt64, _ body: (inout Cells, Int, UInt64) -> Void
  ) {
    let end = start + cell * UInt64(mapped.count)
    var at = max(from, start)
    let to = min(to, end)
    while at < to {
      let index = Int((at - start) / cell)
      let next = min(to, start + cell * UInt64(index + 1))
      body(&self, index, next - at)
      at = next
    }
  }

  var text: String {
    mapped.indices.map { index in
      guard mapped[index] > 0 else { return " " }
      let share = Double(resident[index]) / Double(mapped[index])
      if swapped[index] > resident[index] { return "s" }
      return share == 0 ? "░" : share < 0.5 ? "▒" : share < 0.99 ? "▓" : "█"
    }.joined()
  }
}
