package import HeapInspection
import MemoryImages

/// A heap drawn as SVG: an arena a block of rows, a rectangle for neighbouring cells of one state.
package struct HeapDrawing {
  private let report: HeapReport
  private static let columns = 128
  private static let cell = 7

  package init(_ report: HeapReport) { self.report = report }

  package var text: String {
    var body = ""
    var y = 20
    let arenas = report.arenas.filter { $0.map.count > 0 }.prefix(64)
    for arena in arenas {
      let name = arena.arena.isMain ? "main arena" : "arena"
      body += Self.label(
        "\(name) \(Hex(arena.arena.address)): \(arena.span.grouped) bytes", x: 10, y: y)
      y += 8
      body += Self.cells(arena.map, y)
      y += (arena.map.count + Self.columns - 1) / Self.columns * Self.cell + 22
    }
    var x = 10
    for state in ChunkState.allCases {
      body += Self.rectangle(x, y, Self.cell, Self.cell, state)
      body += Self.label(state.name, x: x + 11, y: y + 7)
      x += 22 + 7 * state.name.count
    }
    let width = Self.columns * Self.cell + 20
    return "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"\(width)\" height=\"\(y + 20)\" "
      + "font-family=\"monospace\" font-size=\"11\">\n"
      + "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n\(body)</svg>\n"
  }

  private static func cells(_ map: HeapMap, _ y: Int) -> String {
    var text = ""
    var start = 0
    while start < map.count {
      let row = start / columns
      let state = map.state(of: start..<start + 1)
      var end = start + 1
      while end < map.count, end / columns == row, map.state(of: end..<end + 1) == state {
        end += 1
      }
      text += rectangle(
        10 + start % columns * cell, y + row * cell, (end - start) * cell, cell - 1, state)
      start = end
    }
    return text
  }

  private static func rectangle(
    _ x: Int, _ y: Int, _ width: Int, _ height: Int, _ state: ChunkState
  )
    -> String
  {
    let color =
      switch state {
      case .used: "#3568a8"
      case .tcache: "#e3a72f"
      case .fastbin: "#f0d060"
      case .unsorted: "#8cc152"
      case .smallBin: "#5fa844"
      case .largeBin: "#2f7d32"
      case .top: "#e4e4e4"
      case .own: "#43a9a9"
      case .lost: "#b06ad0"
      case .damaged: "#d02020"
      }
    return
      "<rect x=\"\(x)\" y=\"\(y)\" width=\"\(width)\" height=\"\(height)\" fill=\"\(color)\"/>\n"
  }

  private static func label(_ text: String, x: Int, y: Int) -> String {
    "<text x=\"\(x)\" y=\"\(y)\">\(text)</text>\n"
  }
}
