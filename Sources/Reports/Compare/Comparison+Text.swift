import Machine
import MemoryTypes
import TraceReplay

extension Comparison {
  /// The table: the best of a row is marked, and the others' difference from the first column told.
  package func text(_ style: Style) -> [String] {
    let options = columns.first?.words.map(\.option) ?? []
    var table = TextTable([.left] + columns.flatMap { _ in [.right, .left] })
    for (index, option) in options.enumerated() {
      table.rows.append(
        [option]
          + columns.flatMap { [$0.words.indices.contains(index) ? $0.words[index].value : "", ""] })
    }
    table.rows.append(["ended by"] + columns.flatMap { [Self.ending($0), ""] })
    for row in rows {
      table.rows.append(
        [row.name]
          + row.values.enumerated().flatMap { index, value -> [String] in
            guard let value else { return ["-", ""] }
            let mark = value == row.best && !row.partial.contains(index) ? "*" : ""
            return [Self.text(value, row.unit), Self.difference(value, row, index) + mark]
          })
    }
    var lines = table.lines()
    for index in options.indices { lines[index] = style.heading(lines[index]) }
    let failed = failures.map {
      style.alarm("\($0.names.joined(separator: ", ")) \($0.verb)") + ": \($0.why)"
    }
    return [style.heading(command.joined(separator: " "))] + lines + failed
      + ["", style.faint("* the least of a row; percentages are of the first column")]
      + marks.map { style.alarm("note: ") + $0 }
  }

  /// What a reader has to know: of all columns, and of those that it is about.
  var marks: [String] {
    var said: [(mark: String, names: [String])] = []
    for column in columns {
      guard case .replayed(let replay) = column.outcome else { continue }
      for mark in replay.marks {
        if let place = said.firstIndex(where: { $0.mark == mark }) {
          said[place].names.append(name(of: column))
        } else {
          said.append((mark, [name(of: column)]))
        }
      }
    }
    return notes
      + said.map { mark, names in
        names.count == columns.count ? mark : "\(names.joined(separator: ", ")): \(mark)"
      }
  }

  /// Why columns failed, those together that failed alike.
  private var failures: [(why: String, verb: String, names: [String])] {
    var all: [(why: String, verb: String, names: [String])] = []
    for column in columns {
      let why: String
      let verb: String
      switch column.outcome {
      case .failed(let reason):
        why = reason
        verb = "failed"
      case .replayed(let replay):
        guard let failure = replay.result.failure else { continue }
        why = "\(failure)"
        verb = "ended early"
      case .ran: continue
      }
      if let place = all.firstIndex(where: { $0.why == why }) {
        all[place].names.append(name(of: column))
      } else {
        all.append((why, verb, [name(of: column)]))
      }
    }
    return all
  }

  private static func ending(_ column: Column) -> String {
    switch column.outcome {
    case .ran(let report): report.shortEnding
    case .replayed(let replay): replay.ending
    case .failed: "failed"
    }
  }

  static func text(_ value: Double, _ unit: Row.Unit) -> String {
    switch unit {
    case .bytes: ByteCount(UInt64(value)).rounded
    case .count: UInt64(value).grouped
    case .percent: "\(tenths(value)) %"
    case .rate: tenths(value)
    }
  }

  /// How far it is from the first column, in per cent; of a share, in points.
  private static func difference(_ value: Double, _ row: Row, _ index: Int) -> String {
    guard index > 0, let first = row.values[0], first != value,
      row.partial.isDisjoint(with: [0, index])
    else { return "" }
    if row.unit == .percent {
      return "\(value > first ? "+" : "-")\(tenths(abs(value - first))) "
    }
    guard first > 0 else { return "" }
    let share = (value - first) * 100 / first
    guard abs(share) >= 0.05 else { return "" }
    return "\(share > 0 ? "+" : "-")\(tenths(abs(share)))% "
  }

  private static func tenths(_ value: Double) -> String {
    let tenths = Int((value * 10).rounded())
    return value >= 1000 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
  }
}
