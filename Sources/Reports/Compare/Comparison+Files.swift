import Machine

extension Comparison {
  /// As JSON: format `kilburn-compare`.
  package var json: JSON {
    let rows = rows
    return [
      "format": "kilburn-compare",
      "version": 1,
      "command": .array(command.map { .string($0) }),
      "columns": .array(
        columns.enumerated().map { index, column in
          var members: [JSON.Member] = [
            .init(
              name: "options",
              value: .object(column.words.map { .init(name: $0.option, value: .string($0.value)) }))
          ]
          switch column.outcome {
          case .failed(let why): members.append(.init(name: "failure", value: .string(why)))
          case .ran(let report):
            let figures = rows.map { row in
              JSON.Member(name: row.key, value: row.values[index].map(Self.number) ?? .null)
            }
            members += [
              .init(name: "failure", value: .null),
              .init(name: "endedBy", value: .string(report.result.ending.word)),
              .init(name: "exitStatus", value: .number(UInt64(report.result.ending.exitCode))),
              .init(name: "figures", value: .object(figures)),
            ]
          }
          return .object(members)
        }),
      "best": .object(
        rows.map { row in
          let best = row.best
          let winners = row.values.indices.filter { best != nil && row.values[$0] == best }
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
      if case .failed(let why) = column.outcome { failure = why }
      lines.append(
        column.words.map(\.value) + [column.report?.result.ending.word ?? "failed"]
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
