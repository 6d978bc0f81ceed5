import HostInspection
import Machine
import MemoryTypes

extension MemoryReport {
  /// What is different from an earlier reading, the largest change first.
  package func changes(since earlier: MemoryReport, _ style: Style) -> [String] {
    let rows = differences(since: earlier)
    guard !rows.isEmpty else { return ["", "Nothing changed."] }
    var table = TextTable([.left, .right, .right])
    for row in rows.prefix(16) {
      let text: String
      let change: String
      switch row.line.value {
      case .size(let size): (text, change) = (size.rounded, Self.signed(row.change, "+"))
      case .count(let count):
        (text, change) = (
          count.grouped, (row.change < 0 ? "-" : "+") + row.change.magnitude.grouped
        )
      }
      table.rows.append([row.line.name, text, change])
    }
    return ["", style.heading("What changed")] + table.lines()
  }

  func differences(since earlier: MemoryReport) -> [(line: MemInfo.Line, change: Int64)] {
    info.lines.compactMap { line -> (line: MemInfo.Line, change: Int64)? in
      let change: Int64
      switch line.value {
      case .size(let size):
        guard let before = earlier.info.size(line.name) else { return nil }
        change = Int64(size.rawValue) - Int64(before.rawValue)
      case .count(let count):
        guard let before = earlier.info.count(line.name) else { return nil }
        change = Int64(count) - Int64(before)
      }
      return change == 0 ? nil : (line, change)
    }.sorted { ($1.change.magnitude, $0.line.name) < ($0.change.magnitude, $1.line.name) }
  }
}
