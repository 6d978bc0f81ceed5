import HeapInspection
import MemoryImages

extension HeapText {
  /// Cells a line, and lines an arena at most.
  private static let width = 64
  private static let height = 16

  /// An arena drawn: a sign a cell, for what most of it is, and another one for used cells of which
  /// a quarter is not.
  func map(_ report: ArenaReport) -> [String] {
    let map = report.map
    guard map.count > 0 else { return [] }
    let cells = Self.width * Self.height
    let per = max(1, (map.count + cells - 1) / cells)
    let signs = (map.count + per - 1) / per
    var lines: [String] = []
    var seen: Set<ChunkState> = []
    var hasMixed = false
    for row in stride(from: 0, to: signs, by: Self.width) {
      var text = ""
      var last: ChunkState?
      for sign in row..<min(row + Self.width, signs) {
        let cells = sign * per..<min((sign + 1) * per, map.count)
        let state = map.state(of: cells)
        let isMixed = state == .used && map.bytes(.used, in: cells) / 3 < map.bytes(in: cells) / 4
        if isMixed { hasMixed = true } else { seen.insert(state) }
        if style.isRich, state != last { text += Self.color(state) }
        last = state
        text.append(isMixed ? Self.mixed : Self.sign(state))
      }
      if style.isRich { text += "\u{1b}[0m" }
      lines.append("  \(Hex(address(UInt64(row * per) * map.cellSize, in: map)))  \(text)")
    }
    var meanings = ChunkState.allCases.filter(seen.contains).map { "\(Self.sign($0)) \($0.name)" }
    if hasMixed { meanings.insert("\(Self.mixed) used, a quarter or more is not", at: 0) }
    return lines + legend("\((UInt64(per) * map.cellSize).grouped) bytes a sign:", meanings)
  }

  /// What the signs mean that there are, in lines as wide as the map's.
  private func legend(_ scale: String, _ meanings: [String]) -> [String] {
    var lines = ["  " + scale]
    for meaning in meanings {
      let text = "  " + meaning
      if lines[lines.count - 1].count + text.count > 96 {
        lines.append(String(repeating: " ", count: 2 + scale.count))
      }
      lines[lines.count - 1] += text
    }
    return lines
  }

  /// The address of a place in the map.
  private func address(_ offset: UInt64, in map: HeapMap) -> UInt64 {
    var left = offset
    for segment in map.segments {
      if left < segment.size { return segment.start + left }
      left -= segment.size
    }
    return map.segments.last?.end ?? 0
  }

  private static var mixed: Character { "▒" }

  private static func sign(_ state: ChunkState) -> Character {
    switch state {
    case .used: "█"
    case .tcache: "t"
    case .fastbin: "f"
    case .unsorted: "u"
    case .smallBin: "s"
    case .largeBin: "░"
    case .top: "·"
    case .own: "m"
    case .lost: "?"
    case .damaged: "!"
    }
  }

  private static func color(_ state: ChunkState) -> String {
    switch state {
    case .used: "\u{1b}[0;34m"
    case .tcache, .fastbin: "\u{1b}[0;33m"
    case .unsorted, .smallBin, .largeBin: "\u{1b}[0;32m"
    case .top: "\u{1b}[0;2m"
    case .own: "\u{1b}[0;36m"
    case .lost, .damaged: "\u{1b}[1;31m"
    }
  }
}
