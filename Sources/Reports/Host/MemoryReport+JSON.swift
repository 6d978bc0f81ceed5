import HostInspection
import MemoryTypes

extension MemoryReport {
  /// The report as `--json` writes it; `Documentation/ReportFormat.md` describes it.
  package var json: JSON {
    [
      "format": "kilburn-meminfo", "version": 1,
      "node": info.node.map { .number($0) } ?? .null,
      "total": .number(info.total.rawValue),
      "whereabouts": .array(whereabouts.parts.map(Self.json(of:))),
      "remainder": [
        "low": .integer(whereabouts.remainder.lowerBound),
        "high": .integer(whereabouts.remainder.upperBound),
      ],
      "warnings": .array(
        info.warnings.map { ["name": .string($0.name), "text": .string($0.text)] }),
      "identities": .array(info.identities.map(Self.json(of:))),
      "lines": .array(info.lines.map(Self.json(of:))),
    ]
  }

  private static func json(of part: Whereabouts.Part) -> JSON {
    [
      "name": .string(part.name), "size": .number(part.size.rawValue),
      "meaning": .string(part.meaning), "parts": .array(part.parts.map(json(of:))),
    ]
  }

  private static func json(of identity: MemInfoIdentity) -> JSON {
    switch identity.verdict {
    case .holds:
      ["text": .string(identity.text), "holds": true, "difference": 0, "name": nil]
    case .remainder(let bytes, let name):
      [
        "text": .string(identity.text), "holds": true, "difference": .integer(bytes),
        "name": .string(name),
      ]
    case .broken(let bytes):
      [
        "text": .string(identity.text), "holds": false, "difference": .integer(bytes), "name": nil,
      ]
    }
  }

  private static func json(of line: MemInfo.Line) -> JSON {
    let field = MemInfoField.named(line.name)
    let value: (String, UInt64) =
      switch line.value {
      case .size(let size): ("size", size.rawValue)
      case .count(let count): ("count", count)
      }
    return .object([
      .init(name: "name", value: .string(line.name)),
      .init(name: value.0, value: .number(value.1)),
      .init(
        name: "group", value: .string((field?.group ?? .other).rawValue)),
      .init(name: "meaning", value: field.map { .string($0.meaning) } ?? .null),
    ])
  }
}
