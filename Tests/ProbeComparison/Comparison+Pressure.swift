/// Programs under pressure in memory groups (the probes high, protect, oomgroup), held against
/// Linux's.
///
/// What happened must be the same: who was killed, by what; who lives. So must counts of kills and
/// of times that memory ran out. Other counters may be 10 % off, or
/// - four, of what happened a few times (a batch of pages more or less, a page of the kernel's own);
/// - a batch of charges, 64 pages, of what is charged: a processor charges ahead, and what it still
///   has of that when somebody looks hangs on everything before. As much of swap, whose slots are
///   given back by the batch.
/// Times are compared where somebody slept: from half a second on, within 10 %. What is done in less
/// is the kernel's own speed.
extension Comparison {
  init(pressure ours: String, linux: String, _ variant: Variant) {
    let printed = ours.split(separator: "\n").map { PressureLine($0) }
    let recorded = linux.split(separator: "\n").map { PressureLine($0) }
    guard printed.count == recorded.count else {
      differences = ["\(printed.count) lines, Linux \(recorded.count)"]
      return
    }
    for (index, (here, there)) in zip(printed, recorded).enumerated() {
      // The recorded kernels do not have it.
      if there.words.hasPrefix("  memory.pressure: (") { continue }
      guard here.words == there.words else {
        differences.append("\(index + 1): Linux \(there.words)")
        differences.append("\(index + 1): here  \(here.words)")
        continue
      }
      for name in Set(here.figures.keys).union(there.figures.keys).sorted() {
        let (value, other) = (here.figures[name] ?? 0, there.figures[name] ?? 0)
        guard value != other else { continue }
        let text = "\(index + 1) \(there.words.prefix(24)): \(name) \(value), Linux \(other)"
        if PressureLine.isWithinReason(name, value, other, variant) {
          recomputed.append(text)
        } else {
          differences.append(text)
        }
      }
    }
  }
}

/// A line taken apart: what must be equal, and figures by name.
private struct PressureLine {
  var words = ""
  var figures: [String: Int] = [:]

  init(_ line: Substring) {
    if let match = line.firstMatch(of: #/^(.* memory\.stat|  vmstat .*?):((?: \w+ \+?\d+)*)$/#) {
      // Only what is not zero is printed.
      words = String(match.1)
      let pairs = match.2.split(separator: " ")
      for index in stride(from: 0, to: pairs.count - 1, by: 2) {
        figures[String(pairs[index])] = Int(pairs[index + 1].drop { $0 == "+" }) ?? 0
      }
      return
    }
    var rest = line
    var last = ""
    while let match = rest.firstMatch(of: #/\d+/#) {
      let before = rest[..<match.range.lowerBound]
      let after = rest[match.range.upperBound...]
      let unit = after.hasPrefix(" ms") ? "ms" : nil
      last = unit ?? Self.name(before) ?? last
      // A line may name a thing twice: `resident 12 of 34`.
      let name = figures[last] == nil ? last : last + "'"
      let isAlone = before.last?.isLetter ?? false
      if isAlone {
        words += before + match.output
      } else {
        words += before.replacing(#/ +$/#, with: " ") + "#"
        figures[name] = Int(match.output)
      }
      rest = after
    }
    words += rest
  }

  private static func name(_ before: Substring) -> String? {
    before.split { !$0.isLetter && $0 != "_" }.last.map(String.init)
  }

  static func isWithinReason(
    _ name: String, _ value: Int, _ other: Int, _ variant: Variant
  ) -> Bool {
    let difference = abs(value - other)
    switch name.drop(while: { $0 == "'" }) {
    case "oom", "oom_kill", "oom_group_kill", "signal", "exit", "child": return false
    case "ms": return max(value, other) < 500 || difference * 10 <= other
    case "took": return max(value, other) < 500 || difference * 10 <= other
    case "current", "swap":
      return difference * 10 <= other || difference <= 64 * variant.pageSize / 1024
    case "anon", "inactive_anon", "active_anon":
      return difference * 10 <= other || difference <= 15 * variant.pageSize
    // A look at a limit takes 32 pages, or what smaller shares came to before and 32 more: by how
    // many looks 1,060 pages of a protected group go is a matter of where its size stood.
    case "max": return difference * 10 <= other || difference <= 8
    default: return difference * 10 <= other || difference <= 4
    }
  }
}
