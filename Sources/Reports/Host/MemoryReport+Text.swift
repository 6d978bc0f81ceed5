import HostInspection
import Machine
import MemoryTypes

extension MemoryReport {
  private static let width = 100
  private static let bar = Bar(width: 24)

  /// The report for people: the overview, then line by line, then what should hold.
  package func text(_ style: Style) -> [String] {
    overview(style) + lineByLine(style) + identityLines(style)
  }

  /// Where all the memory is, swap, promises, and what to think of.
  package func overview(_ style: Style) -> [String] {
    let total = info.total
    let node = info.node.map { "node \($0): " } ?? ""
    let available = info.size("MemAvailable").map {
      ", \($0.rounded) available without swapping (\(percent($0.rawValue, of: total.rawValue)))"
    }
    var lines = [style.heading("\(node)\(total.rounded) of memory\(available ?? "")"), ""]
    lines += [style.heading("Where it is")] + partLines(style)
    lines += gauges(style)
    let warnings = info.warnings
    if !warnings.isEmpty {
      lines += ["", style.alarm("Worth a thought")]
      lines += warnings.flatMap { warning in
        "\(warning.name): \(warning.text)".folded(width: Self.width - 4, indent: 2).enumerated()
          .map { ($0 == 0 ? "  ! " : "    ") + $1 }
      }
    }
    return lines
  }

  private func partLines(_ style: Style) -> [String] {
    let total = info.total.rawValue
    var table = TextTable([.left, .right, .right, .left, .left])
    func add(_ part: Whereabouts.Part, _ indent: String) {
      table.rows.append([
        indent + part.name, part.size.rounded, percent(part.size.rawValue, of: total),
        indent.isEmpty ? Self.bar.text(part.size.rawValue, of: total) : "",
        part.meaning,
      ])
    }
    for part in whereabouts.parts {
      add(part, "")
      for inner in part.parts where inner.size != .zero && inner.size != part.size {
        add(inner, "  ")
      }
    }
    let left = whereabouts.remainder
    let size = UInt64(max(0, left.upperBound))
    table.rows.append([
      left.upperBound < 0 ? "counted twice" : "counted nowhere", Self.range(left),
      left.upperBound < 0 ? "" : percent(size, of: total), Self.bar.text(size, of: total),
      left.upperBound < 0
        ? "counters that overlap or lag" : "drivers' pages, zram, free pages on CPUs' lists",
    ])
    return table.lines()
  }

  private static func range(_ range: ClosedRange<Int64>) -> String {
    func text(_ bytes: Int64) -> String {
      (bytes < 0 ? "-" : "") + ByteCount(bytes.magnitude).rounded
    }
    return range.lowerBound == range.upperBound
      ? text(range.upperBound) : "\(text(range.lowerBound)) … \(text(range.upperBound))"
  }

  /// Swap and promises, each a bar of its own whole.
  private func gauges(_ style: Style) -> [String] {
    var table = TextTable([.left, .left, .left])
    if let all = info.size("SwapTotal") {
      let used = all - min(info.size("SwapFree") ?? all, all)
      table.rows.append([
        "swap", Self.bar.filled(used.rawValue, of: all.rawValue),
        all == .zero ? "there is none" : "\(used.rounded) used of \(all.rounded)",
      ])
    }
    if let promised = info.size("Committed_AS"), let limit = info.size("CommitLimit") {
      table.rows.append([
        "promised", Self.bar.filled(promised.rawValue, of: limit.rawValue),
        "\(promised.rounded); the limit, where it is enforced, is \(limit.rounded)",
      ])
    }
    return table.rows.isEmpty ? [] : [""] + table.lines()
  }

  private func lineByLine(_ style: Style) -> [String] {
    let names = info.lines.map(\.name.count).max() ?? 0
    let values = info.lines.map { Self.text($0.value).count }.max() ?? 0
    let indent = 2 + names + 2 + values + 2
    return groups.flatMap { group, lines in
      ["", style.heading(group.rawValue)]
        + lines.flatMap { line in
          Self.meaning(line.name).folded(width: Self.width - indent, indent: 0).enumerated().map {
            guard $0 == 0 else { return String(repeating: " ", count: indent) + style.faint($1) }
            let value = Self.text(line.value)
            return "  " + line.name.padded(to: names) + "  "
              + String(repeating: " ", count: values - value.count) + value + "  "
              + style.faint($1)
          }
        }
    }
  }

  static func text(_ value: MemInfo.Value) -> String {
    switch value {
    case .size(let size): size.rounded
    case .count(let count): count.grouped
    }
  }

  private func identityLines(_ style: Style) -> [String] {
    let identities = info.identities
    guard !identities.isEmpty else { return [] }
    return ["", style.heading("What should hold")]
      + identities.flatMap { identity -> [String] in
        switch identity.verdict {
        case .holds: return ["  ok  \(identity.text)"]
        case .remainder(let bytes, let name):
          return "\(identity.text) \(Self.signed(bytes)): \(name)"
            .folded(width: Self.width - 6, indent: 2).enumerated()
            .map { ($0 == 0 ? "  ok  " : "      ") + $1 }
        case .broken(let bytes):
          return [style.alarm("  no  ") + "\(identity.text): off by \(Self.signed(bytes, "+"))"]
        }
      }
  }

  /// `+ 12K`, `- 3M`.
  static func signed(_ bytes: Int64, _ plus: String = "+ ") -> String {
    (bytes < 0 ? (plus == "+" ? "-" : "- ") : plus) + ByteCount(bytes.magnitude).rounded
  }
}
