package import Cores
import HardwareModel
package import Machine
import MemoryTypes

/// The curve of a pointer chase on a core.
package struct ChaseReport {
  private let core: CoreDescription
  private let latencies: CoreLatencies
  private let pageSize: PageSize
  private let points: [PointerChase.Point]
  private let steps: [(bytes: UInt64, what: String)]

  /// Chases on a core that has its memory hardware described, on pages of a size it has.
  package init(_ core: CoreDescription, _ machine: MachineDescription) throws(MachineError) {
    guard let hardware = core.hardware else {
      throw .usage(
        "--chase: the file of \(core.name) does not describe its memory hardware",
        hint: "'kilburn core' lists those that do")
    }
    self.core = core
    latencies = hardware.latencies
    pageSize = machine.pageSize
    let limit = min(PointerChase.limit(hardware.geometry), 256 << 20)
    let chase = PointerChase(
      hardware.geometry, hardware.latencies, in: machine.translation, limit: limit)
    points = PointerChase.sizes(hardware.geometry, pageSize, limit: limit).map(chase.point)
    steps = PointerChase.steps(hardware.geometry, pageSize)
  }

  /// A line a working set, with the step that ends there.
  package func text(_ style: Style) -> [String] {
    var table = TextTable([.right, .right, .right, .right, .right, .right, .left, .left])
    table.rows.append(["set", "cycles", "ns", "TLB", "walk", "cache", "", "ends here"])
    let most = points.map(\.cycles.total).max() ?? 1
    for point in points {
      let total = point.cycles.total
      table.rows.append([
        ByteCount(point.bytes).rounded, Self.tenths(total),
        Self.tenths(total / latencies.gigahertz),
        Self.tenths(point.cycles.tlb), Self.tenths(point.cycles.walk),
        Self.tenths(point.cycles.cache),
        Bar(width: 30).text(UInt64(total * 10), of: UInt64(most * 10)),
        steps.filter { $0.bytes == point.bytes }.map(\.what).joined(separator: ", "),
      ])
    }
    var lines = table.lines()
    lines[0] = style.faint(lines[0])
    return [
      style.heading("A load that waits for the one before, on \(core.name), \(pageSize.text) pages")
    ] + lines
  }

  /// A line a working set.
  package var csv: String {
    "bytes,cycles,base,tlb,walk,cache,tlbMisses,walks,first,second,last,memory\n"
      + points.map { point in
        let cycles = point.cycles
        let figures =
          [cycles.total, cycles.base, cycles.tlb, cycles.walk, cycles.cache]
          + [point.tlbMisses, point.walks] + point.served
        return "\(point.bytes),"
          + figures.map { "\(($0 * 10000).rounded() / 10000)" }.joined(separator: ",") + "\n"
      }.joined()
  }

  /// The curve as a picture: sizes by their logarithm, cycles by theirs.
  package var svg: String {
    let (left, top, width, height) = (60.0, 40.0, 720.0, 320.0)
    guard let first = points.first, let last = points.last else { return "" }
    let most = points.map(\.cycles.total).max() ?? 1
    let low = Self.log2(Double(first.bytes))
    let high = Self.log2(Double(last.bytes))
    let top2 = Self.log2(most * 1.2)
    func x(_ bytes: UInt64) -> Int {
      Int(left + (Self.log2(Double(bytes)) - low) / (high - low) * width)
    }
    func y(_ cycles: Double) -> Int {
      Int(top + height - max(0, Self.log2(max(cycles, 1))) / top2 * height)
    }
    let bottom = Int(top + height)
    var shapes = ""
    for step in steps where step.bytes <= last.bytes {
      let place = x(step.bytes)
      shapes +=
        "<line x1=\"\(place)\" y1=\"\(Int(top))\" x2=\"\(place)\" y2=\"\(bottom)\" class=\"step\"/>\n"
        + "<text x=\"\(place + 3)\" y=\"\(Int(top) + 12)\">\(step.what)</text>\n"
    }
    var cycles = 1.0
    while cycles < most * 1.2 {
      shapes +=
        "<text x=\"\(Int(left) - 8)\" y=\"\(y(cycles) + 4)\" class=\"scale\">\(Int(cycles))</text>\n"
      cycles *= 2
    }
    var size = first.bytes
    while size <= last.bytes {
      shapes +=
        "<text x=\"\(x(size))\" y=\"\(bottom + 18)\" class=\"size\">\(ByteCount(size))</text>\n"
      size *= 4
    }
    let line = points.map { "\(x($0.bytes)),\(y($0.cycles.total))" }.joined(separator: " ")
    return """
      <svg xmlns="http://www.w3.org/2000/svg" width="820" height="410">
      <style>
      text { font-family: monospace; font-size: 12px; fill: #222 }
      .scale { text-anchor: end }
      .size { text-anchor: middle }
      .step { stroke: #bbb; stroke-dasharray: 4 }
      polyline { fill: none; stroke: #24c; stroke-width: 2 }
      </style>
      <rect width="820" height="410" fill="#fff"/>
      <text x="60" y="24">cycles of a dependent load over the working set: \(core.name), \
      \(pageSize.text) pages</text>
      \(shapes)<polyline points="\(line)"/>
      </svg>

      """
  }

  private static func log2(_ value: Double) -> Double {
    let exponent = value.exponent
    // Straight between powers of two: a picture needs no more.
    return Double(exponent) + value.significand - 1
  }

  private static func tenths(_ value: Double) -> String {
    let tenths = Int((value * 10).rounded())
    return "\(tenths / 10).\(tenths % 10)"
  }
}
