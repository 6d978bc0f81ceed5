/// Reports of the out-of-memory killer, held against Linux's.
///
/// What programs see must be equal, and so must the report but for what is not the same by nature:
/// times, process numbers, the kernel's own release and callers, and what the kernel itself has
/// (slab, stacks, the pages of files that it booted from). The allocation at which memory runs out
/// may be 1 % off.
extension Comparison {
  init(outOfMemory ours: String, linux: String, _ variant: Variant) {
    let printed = Self.lines(ours)
    let recorded = Self.lines(linux)
    let left = printed.map(\.skeleton)
    let right = recorded.map(\.skeleton)
    guard left == right else {
      for change in left.difference(from: right) {
        switch change {
        case .remove(let line, let text, _): differences.append("\(line + 1): Linux \(text)")
        case .insert(let line, let text, _): differences.append("\(line + 1): here  \(text)")
        }
      }
      return
    }
    for (here, there) in zip(printed, recorded) {
      for (figure, other) in zip(here.figures, there.figures) where figure.value != other.value {
        let text =
          "\(here.skeleton.prefix(40)): \(figure.name) \(figure.value), Linux \(other.value)"
        if figure.isWithinReason(of: other.value, variant) {
          recomputed.append(text)
        } else {
          differences.append(text)
        }
      }
    }
  }

  private static func lines(_ text: String) -> [ReportLine] {
    var inTrace = false
    var lines: [ReportLine] = []
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      let line = line.replacing(#/^(<\d>)\[ *\d+\.\d+\]/#) { "\($0.output.1)" }
      if line.contains("Call trace:") {
        inTrace = true
      } else if inTrace, line.wholeMatch(of: #/<4> .*\+0x[0-9a-f]+\/0x[0-9a-f]+/#) != nil {
        continue
      } else {
        inTrace = false
      }
      lines.append(ReportLine(String(line)))
    }
    return lines
  }
}

/// A line of a report: its words, and its figures.
private struct ReportLine {
  var skeleton: String
  var figures: [Figure] = []

  struct Figure {
    var name: String
    var value: Int

    /// Whether two machines may differ so much.
    func isWithinReason(of other: Int, _ variant: Variant) -> Bool {
      switch name {
      case "pid", "[", "tgid", "slab_reclaimable", "slab_unreclaimable", "mapped", "shmem",
        "pagetables", "free", "free_pcp", "local_pcp", "kernel_stack", "active_anon", "*", "=",
        "total pagecache", "row rss", "slab":
        return true
      // Of a group: what the kernel itself has for it; pages wait in a batch for their list.
      case "inactive_anon" where value > 1 << 20:
        return abs(value - other) <= 15 * variant.pageSize
      // A processor charges 64 pages ahead, and gives back what it has of that when it likes.
      case "memory.current": return abs(value - other) <= 64 * variant.pageSize
      // The counters that /proc shows lag by up to 64 faults behind (TASK_RSS_EVENTS_THRESH).
      case "anon-rss", "task rss":
        let page = name == "anon-rss" ? variant.pageSize / 1024 : 1
        return abs(value - other) * 100 <= other + 6400 * page
      case "inactive_anon", "total-vm", "total_vm", "pgtables", "pgtables_bytes", "min", "low",
        "high", "anon", "inactive_anon bytes", "kernel", "usage", "max", "failcnt":
        // A table more or less.
        let unit = name.hasPrefix("pgtables") ? variant.pageSize / 1024 * 2 * 100 : 0
        return abs(value - other) * 100 <= max(other, unit * (name == "pgtables" ? 1 : 1024))
      default: return false
      }
    }
  }

  init(_ line: String) {
    var line = line
    line = line.replacing(#/6\.1\.192-\w+/#, with: "6.1.192")
    line = line.replacing(#/ \([UMEH]+\)/#, with: "")
    let isRow = line.wholeMatch(of: #/<6> ?\[ *\d+\] .*/#) != nil
    var names: [String] = []
    if isRow {
      names = [
        "level", "[", "uid", "tgid", "total_vm", "rss", "pgtables_bytes", "swapents", "adj",
      ]
      // Who is exempt is not who ran out of memory: its resident pages hang on what was read ahead.
      if line.contains(" -1000 ") { names[5] = "row rss" } else { names[5] = "task rss" }
    }
    var result = ""
    var rest = line[...]
    var count = 0
    while let match = rest.firstMatch(of: #/-?\d+/#) {
      let before = String(rest[..<match.range.lowerBound])
      result += before.replacing(#/ +$/#, with: " ")
      let name: String
      if isRow {
        name = count < names.count ? names[count] : "?"
      } else {
        let after = rest[match.range.upperBound...]
        name =
          after.hasPrefix(" total pagecache")
          ? "total pagecache"
          : after.hasPrefix("*") ? "*" : Self.name(before)
      }
      figures.append(Figure(name: name, value: Int(match.output) ?? 0))
      result += "#"
      rest = rest[match.range.upperBound...]
      count += 1
    }
    skeleton = result + rest
  }

  /// The word before a figure: of `anon-rss:12kB`, `process 12`, `= 12kB`.
  private static func name(_ before: String) -> String {
    let word = before.split(separator: " ").last.map(String.init) ?? ""
    let trimmed = word.trimmingSuffix { ":=(".contains($0) }
    switch trimmed {
    case "": return "="
    case "process", "PID": return "pid"
    default:
      // `task=oom,pid=24`
      return trimmed.split(separator: ",").last.map(String.init) ?? trimmed
    }
  }
}

extension String {
  fileprivate func trimmingSuffix(_ isTrimmed: (Character) -> Bool) -> String {
    var text = self
    while let last = text.last, isTrimmed(last) { text.removeLast() }
    return text
  }
}
