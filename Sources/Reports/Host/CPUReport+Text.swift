import HostInspection
import Machine
import MemoryTypes

extension CPUReport {
  private static let width = 100

  /// The report for people.
  package func text(_ style: Style) -> [String] {
    var lines = [style.heading(summary)]
    for kind in kinds { lines += [""] + text(of: kind, style) }
    if topology.map({ $0.cores > 1 || $0.threadsPerCore > 1 }) == true {
      lines += [""] + topologyLines(style)
    }
    let board = info.machine.filter { CPUFieldMeaning.of($0) != nil || !$0.value.isEmpty }
    if !board.isEmpty {
      lines += ["", style.heading("The machine")] + fieldLines(board, style)
    }
    if let host, host.pageSize > 0 {
      let bits = host.userBits.map { ", and programs' addresses end at 2^\($0)" } ?? ""
      lines += ["", "This kernel's pages are \(ByteCount(host.pageSize))\(bits)."]
    }
    return lines
  }

  private func text(of kind: CPUKind, _ style: Style) -> [String] {
    let numbers = CPUNumbers.text(kind.numbers)
    let title = (kind.numbers.count == 1 ? "CPU " : "CPUs ") + numbers
    var lines = [style.heading("\(title): \(kind.name)")]
    let words = ["flags", "Features", "bugs", "power management"]
    let fields = kind.sample.fields.filter { !words.contains($0.name) && !$0.value.isEmpty }
    lines += fieldLines([ProcField(name: "processor", value: numbers)] + fields, style)
    if case .arm(let identity) = kind.identity, info.architecture == .arm64 {
      lines += [""] + translationLines(identity, style)
      if let midr = kind.numbers.first.flatMap({ host?.identities[$0]?.midr }) {
        lines += pairs([("MIDR_EL1", "\(hexadecimal(midr)), as the kernel shows it in /sys")])
      }
    }
    let features = info.memoryFeatures(of: kind.sample)
    if !features.isEmpty {
      let rest = info.featureWords(of: kind.sample).count - features.count
      lines += [
        "",
        style.heading("What it can do with memory")
          + style.faint(rest > 0 ? " (\(rest) more words do not concern it)" : ""),
      ]
      lines += pairs(features.map { ($0.word, $0.meaning) })
    }
    let bugs = info.memoryBugs(of: kind.sample)
    if !bugs.isEmpty {
      lines += ["", style.heading("What the kernel works around")]
      lines += pairs(bugs.map { ($0.word, $0.meaning) })
    }
    return lines
  }

  private func fieldLines(_ fields: [ProcField], _ style: Style) -> [String] {
    let widest = fields.map { $0.value.count <= 24 ? $0.value.count : 0 }.max() ?? 0
    let names = fields.map(\.name.count).max() ?? 0
    let indent = 2 + names + 2 + widest + 2
    return fields.flatMap { field -> [String] in
      let start = "  " + field.name.padded(to: names) + "  "
      let meaning = meaning(of: field).map {
        $0.folded(width: max(Self.width - indent, 30), indent: 0)
      }
      // A long value has its line, and the meaning the next.
      guard field.value.count <= widest else {
        return field.value.folded(width: Self.width - start.count, indent: 0).enumerated()
          .map { ($0 == 0 ? start : String(repeating: " ", count: start.count)) + $1 }
          + (meaning ?? []).map { String(repeating: " ", count: indent) + style.faint($0) }
      }
      guard let meaning else { return [start + field.value] }
      return meaning.enumerated().map { index, line in
        (index == 0
          ? start + field.value.padded(to: widest) + "  " : String(repeating: " ", count: indent))
          + style.faint(line)
      }
    }
  }

  /// What a line means; where its value has a name, that comes first.
  private func meaning(of field: ProcField) -> String? {
    let general = CPUFieldMeaning.of(field)
    let name: String? =
      switch field.name {
      case "vendor_id": kinds.lazy.compactMap(\.x86).first { $0.vendor == field.value }?.vendorName
      case "CPU implementer": field.number.flatMap { ArmIdentity(midr: $0 << 24).implementerName }
      case "CPU part":
        kinds.lazy.compactMap(\.arm).first { $0.part == field.number }?.partName
      default: nil
      }
    return name.map { value in general.map { "\(value): \($0)" } ?? value } ?? general
  }

  /// What the MMU of an arm64 core can do, as far as anybody tells.
  private func translationLines(_ identity: ArmIdentity, _ style: Style) -> [String] {
    let title = style.heading("What its MMU translates")
    guard let known = ArmTranslation.of(identity) else {
      return [title]
        + pairs([
          (
            "unknown",
            "PARange, granules and virtual bits are in ID_AA64MMFR0_EL1 and 2, which Linux does "
              + "not show to programs, and this core's are not known here"
          )
        ])
    }
    let granules = known.granules.map(\.text).joined(separator: ", ")
    return [
      title
        + style.faint(
          " (by the core's manual: Linux does not show ID_AA64MMFR0_EL1 to programs)")
    ]
      + pairs([
        (
          "PARange",
          "\(known.physicalBits) bits: \(ByteCount(1 << known.physicalBits)) of physical addresses"
        ),
        ("granules", granules + (known.granules.count < 3 ? " (no 16K)" : "")),
        (
          "VA range",
          "\(known.virtualBits) bits a half: \(ByteCount(1 << known.virtualBits)) for programs and "
            + "as much for the kernel"
        ),
      ])
  }

  private func topologyLines(_ style: Style) -> [String] {
    guard let topology else { return [] }
    var table = TextTable([.left, .left, .left])
    for package in topology.packages {
      for (index, cluster) in package.clusters.enumerated() {
        let cores = cluster.cores.map { CPUNumbers.text($0.threads) }
        let hasThreads = cluster.cores.contains { $0.threads.count > 1 }
        let list =
          hasThreads
          ? cores.map { "[\($0)]" }.joined(separator: " ")
          : CPUNumbers.text(cluster.cores.flatMap(\.threads))
        let name = cluster.id.map { "cluster \($0)" } ?? ""
        let kinds = kindNames(of: cluster.cores.flatMap(\.threads))
        let text =
          "\(cluster.cores.count) \(cluster.cores.count == 1 ? "core" : "cores"): CPU \(list)"
        for (line, part) in text.folded(width: 64, indent: 2).enumerated() {
          table.rows.append([
            index == 0 && line == 0 ? "package \(package.id)" : "", line == 0 ? name : "",
            part + (line == 0 && self.kinds.count > 1 ? "  \(kinds)" : ""),
          ])
        }
      }
    }
    let hint = topology.threadsPerCore > 1 ? " ([…]: threads of one core)" : ""
    return [style.heading("Where they sit") + style.faint(hint)] + table.lines()
  }

  private func kindNames(of cpus: [UInt64]) -> String {
    kinds.filter { kind in cpus.contains { kind.numbers.contains($0) } }.map(\.name)
      .joined(separator: ", ")
  }

  private func pairs(_ pairs: [(String, String)]) -> [String] {
    let names = pairs.map(\.0.count).max() ?? 0
    return pairs.flatMap { name, text in
      text.folded(width: max(Self.width - names - 4, 30), indent: 0).enumerated().map {
        "  " + ($0 == 0 ? name : "").padded(to: names) + "  " + $1
      }
    }
  }
}

extension CPUKind {
  var x86: X86Identity? { if case .x86(let identity) = identity { identity } else { nil } }
  var arm: ArmIdentity? { if case .arm(let identity) = identity { identity } else { nil } }
}

extension String {
  /// The text with blanks behind it, up to a width.
  func padded(to width: Int) -> String {
    self + String(repeating: " ", count: max(0, width - count))
  }
}
