import Arm64
package import MemoryImages
import MemoryTypes

/// What is said of a walk: every level as crash's `vtop` shows it, then what is mapped.
package struct WalkReport {
  private let walk: ImageWalk
  private let kernel: ImagedKernel

  package init(_ walk: ImageWalk, _ kernel: ImagedKernel) {
    self.walk = walk
    self.kernel = kernel
  }

  private var geometry: TranslationGeometry { kernel.geometry }

  /// The address, and where it leads, in one line.
  package var line: String {
    let address = Self.digits(walk.address.rawValue)
    return switch walk.outcome {
    case .mapped(let mapping): "\(address) \(String(mapping.address.rawValue, radix: 16))"
    case .fault, .nowhere: "\(address) \(reason ?? "")"
    }
  }

  package func text(_ style: Style) -> [String] {
    var lines = [style.heading("VIRTUAL           PHYSICAL")]
    if case .mapped(let mapping) = walk.outcome {
      lines.append(
        "\(Self.digits(walk.address.rawValue))  \(String(mapping.address.rawValue, radix: 16))")
    } else {
      lines.append("\(Self.digits(walk.address.rawValue))  (not mapped: \(reason ?? ""))")
    }
    if !walk.steps.isEmpty {
      var table = TextTable([.left, .left, .right, .left, .left, .left])
      table.rows.append(["LEVEL", "TABLE", "INDEX", "AT", "DESCRIPTOR", ""])
      table.rows += walk.steps.map(row)
      lines.append("")
      lines += table.lines()
    }
    if case .mapped(let mapping) = walk.outcome {
      lines.append("")
      lines += mappingLines(mapping)
    }
    return lines
  }

  private func row(_ step: WalkStep) -> [String] {
    [
      name(step.level), hex(step.table.rawValue), String(step.index), hex(place(step)),
      "0x" + Self.digits(step.descriptor.rawValue), meaning(step),
    ]
  }

  /// What a descriptor is, and where it points.
  private func meaning(_ step: WalkStep) -> String {
    switch step.descriptor.kind(at: step.level, in: geometry) {
    case .invalid: return step.descriptor.isNone ? "none" : "invalid"
    case .table(let next, let limits):
      return (["table", hex(next.rawValue)] + limits.names).joined(separator: " ")
    case .block(let start, _): return "block \(hex(start.rawValue))"
    case .page(let start, _): return "page \(hex(start.rawValue))"
    }
  }

  private func mappingLines(_ mapping: Translation.Mapping) -> [String] {
    var lines = ["  PAGE: \(hex(page(mapping).start))  \(page(mapping).size)"]
    if let run = run(mapping) {
      lines[0] += ", one of \(run.entries) contiguous: \(ByteCount(run.size)) at \(hex(run.start))"
    }
    let own = mapping.descriptor.attributes(in: geometry)
    lines.append("  FLAGS: (\(own.names(in: geometry).joined(separator: "|")))")
    if mapping.attributes != own {
      let names = mapping.attributes.names(in: geometry).joined(separator: "|")
      lines.append("  under its tables' limits: (\(names))")
    }
    return lines
  }

  /// Why there is no physical address.
  private var reason: String? {
    switch walk.outcome {
    case .mapped: nil
    case .nowhere(let reason): reason
    case .fault(.translation(let level)): "translation fault, level \(level)"
    case .fault(.addressSize(let level)): "address size fault, level \(level)"
    case .fault(let status): "fault \(status)"
    }
  }

  /// The page or block, and its size.
  private func page(_ mapping: Translation.Mapping) -> (start: UInt64, size: ByteCount) {
    let size = geometry.coverage(at: mapping.level)
    return (mapping.address.alignedDown(to: size).rawValue, size)
  }

  /// The contiguous run that the mapping belongs to, where the hint says so.
  private func run(_ mapping: Translation.Mapping) -> (start: UInt64, size: UInt64, entries: Int)? {
    guard mapping.attributes.contains(.contiguous) else { return nil }
    let size = geometry.contiguousCoverage(at: mapping.level)
    return (
      mapping.address.alignedDown(to: size).rawValue, size.rawValue,
      geometry.contiguousEntries(at: mapping.level)
    )
  }

  /// A level by Linux's name: the first is PGD, the others are counted from the last.
  private func name(_ level: Int) -> String {
    level == geometry.startLevel ? "PGD" : ["P4D", "PUD", "PMD", "PTE"][level]
  }

  private func place(_ step: WalkStep) -> UInt64 { step.table.rawValue + UInt64(step.index) * 8 }
  private func hex(_ value: UInt64) -> String { Hex(value).description }

  private static func digits(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}

extension WalkReport {
  /// The walk as `--json` writes it; `Documentation/ReportFormat.md` describes it.
  package var json: JSON {
    var members: [JSON.Member] = [
      .init(name: "address", value: .string("0x" + Self.digits(walk.address.rawValue))),
      .init(name: "steps", value: .array(walk.steps.map(stepJSON))),
    ]
    switch walk.outcome {
    case .fault, .nowhere:
      members.append(.init(name: "physical", value: nil))
      members.append(.init(name: "fault", value: .string(reason ?? "")))
    case .mapped(let mapping):
      members.append(.init(name: "physical", value: .string(hex(mapping.address.rawValue))))
      members.append(
        .init(
          name: "page",
          value: [
            "start": .string(hex(page(mapping).start)),
            "size": .number(page(mapping).size.rawValue),
          ]))
      let contiguous: JSON? = run(mapping).map {
        [
          "start": .string(hex($0.start)), "size": .number($0.size),
          "entries": .number(UInt64($0.entries)),
        ]
      }
      members.append(.init(name: "contiguous", value: contiguous ?? .null))
      let own = mapping.descriptor.attributes(in: geometry)
      members.append(.init(name: "attributes", value: strings(own.names(in: geometry))))
      members.append(
        .init(name: "effective", value: strings(mapping.attributes.names(in: geometry))))
    }
    return .object(members)
  }

  private func stepJSON(_ step: WalkStep) -> JSON {
    [
      "level": .string(name(step.level)), "table": .string(hex(step.table.rawValue)),
      "index": .number(UInt64(step.index)), "at": .string(hex(place(step))),
      "descriptor": .string("0x" + Self.digits(step.descriptor.rawValue)),
      "meaning": .string(meaning(step)),
    ]
  }

  private func strings(_ names: [String]) -> JSON { .array(names.map { .string($0) }) }
}
