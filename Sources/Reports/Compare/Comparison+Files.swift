import Machine
import TraceReplay

extension Comparison {
  /// As JSON: format `kilburn-compare`.
  package var json: JSON {
    let rows = rows
    return [
      "format": "kilburn-compare",
      "version": 1,
      "command": .array(command.map { .string($0) }),
      "notes": .array(notes.map { .string($0) }),
      "columns": .array(
        columns.enumerated().map { index, column in
          var members: [JSON.Member] = [
            .init(
              name: "options",
              value: .object(column.words.map { .init(name: $0.option, value: .string($0.value)) }))
          ]
          let figures = JSON.Member(
            name: "figures",
            value: .object(
              rows.map { .init(name: $0.key, value: $0.values[index].map(Self.number) ?? .null) }))
          switch column.outcome {
          case .failed(let why): members.append(.init(name: "failure", value: .string(why)))
          case .ran(let report):
            members += [
              .init(name: "failure", value: .null),
              .init(name: "endedBy", value: .string(report.result.ending.word)),
              .init(name: "exitStatus", value: .number(UInt64(report.result.ending.exitCode))),
              figures,
            ]
          case .replayed(let replay):
            members += [
              .init(
                name: "failure",
                value: replay.result.failure.map { .string("\($0)") } ?? .null),
              .init(name: "endedBy", value: .string(replay.ending)),
              .init(name: "kernel", value: .string(replay.result.kernel.rawValue)),
              .init(name: "marks", value: .array(replay.marks.map { .string($0) })),
              figures,
            ]
          }
          return .object(members)
        }),
      "best": .object(
        rows.map { row in
          let best = row.best
          let winners = row.values.indices.filter {
            best != nil && row.values[$0] == best && !row.partial.contains($0)
          }
          return .init(
            name: row.key, value: .array(winners.map { .number(UInt64($0)) }))
        }),
    ]
  }

  /// A line a column.
  package var csv: String {
    let rows = rows
    let options = columns.first?.words.map(\.option) ?? []
    var lines = [(options + ["endedBy"] + rows.map(\.key) + ["failure"])]
    for (index, column) in columns.enumerated() {
      var failure = ""
      let ending: String
      switch column.outcome {
      case .failed(let why): (ending, failure) = ("failed", why)
      case .ran(let report): ending = report.result.ending.word
      case .replayed(let replay):
        ending = replay.ending
        failure = replay.result.failure.map { "\($0)" } ?? ""
      }
      lines.append(
        column.words.map(\.value) + [ending]
          + rows.map { row in row.values[index].map(Self.written) ?? "" } + [failure])
    }
    return lines.map { $0.map(Self.quoted).joined(separator: ",") + "\n" }.joined()
  }

  /// JSON here has whole numbers only; a share is a string.
  private static func number(_ value: Double) -> JSON {
    value == value.rounded() ? .number(UInt64(value)) : .string(written(value))
  }

  private static func written(_ value: Double) -> String {
    value == value.rounded() ? "\(UInt64(value))" : "\((value * 1000).rounded() / 1000)"
  }

  private static func quoted(_ text: String) -> String {
    guard text.contains(where: { ",\"\n\r".contains($0) }) else { return text }
    return "\"" + text.replacing("\"", with: "\"\"") + "\""
  }
}
