/// What compaction came to: the same outcomes, and figures as near as two machines with other
/// leftovers of their boots can be.
extension Comparison {
  /// Compares the lines of the probes `compact` and `fragments`.
  ///
  /// - Huge pages that were asked for and got: within a tenth, or two; more than Linux got is all
  ///   right. Pages with wrong contents: none.
  /// - Of buddyinfo: blocks of the two largest orders within a tenth, or two; single frames within a
  ///   tenth, or a fiftieth of the most that there were.
  /// - What counters changed by: within a tenth, or by a few, in `compact` on 4K and 16K pages. In
  ///   `fragments` they are listed: how far a scanner goes for a block hangs on which blocks the boot
  ///   left, and whether Linux's kcompactd, which looks twice a second, was there before. On 64K
  ///   pages, whose zone is eight page blocks, it is the same with `compact`, and with single frames.
  ///
  /// Not compared: time, indices of fragmentation (which follow from the free blocks), and the
  /// fault of a transparent huge page.
  init(compaction ours: String, linux: String, holdsCounters: Bool) {
    let here = CompactionStage.all(ours)
    let there = CompactionStage.all(linux)
    guard here.map(\.name) == there.map(\.name) else {
      differences = ["other lines: \(here.map(\.name)), Linux \(there.map(\.name))"]
      return
    }
    let singles = there.compactMap { $0.figures["single frames"] }.max() ?? 0
    for (printed, recorded) in zip(here, there) {
      for name in Set(printed.figures.keys).union(recorded.figures.keys).sorted() {
        let (is_, was) = (printed.figures[name] ?? 0, recorded.figures[name] ?? 0)
        guard is_ != was else { continue }
        let line = "\(printed.name): \(name) \(is_), Linux \(was)"
        let few = name == "single frames" ? singles / 50 : Self.few(name)
        if abs(is_ - was) <= max(abs(was) / 10, few) || name == "got" && is_ > was
          || (printed.name == "counters" || name == "single frames") && !holdsCounters
        {
          recomputed.append(line)
        } else {
          differences.append(line)
        }
      }
    }
  }

  private static func few(_ name: String) -> Int {
    switch name {
    case "wrong": 0
    case "got", "htlb_buddy_alloc_success": 2
    case "compact_stall", "compact_fail", "compact_success", "compact_daemon_wake",
      "htlb_buddy_alloc_fail", "large blocks":
      2
    default: 128
    }
  }
}

/// A line of the probe, or a list of free blocks: its name and figures.
private struct CompactionStage {
  var name: String
  var figures: [String: Int] = [:]

  static func all(_ text: String) -> [CompactionStage] {
    var stages: [CompactionStage] = []
    var last = ""
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ")
      guard let first = words.first, !line.contains("index") else {
        last = "index"
        continue
      }
      if first == "Node" {
        // A second zone goes on with the index of the first.
        if last != "index" { stages.append(CompactionStage(buddyinfo: last, words)) }
        continue
      }
      last = String(line)
      if first == "vmstat" {
        if !line.contains("THP") { stages.append(CompactionStage(counters: words)) }
      } else if line.contains("wrong contents"), let count = words.last.flatMap({ Int($0) }) {
        stages.append(CompactionStage(name: "contents", figures: ["wrong": count]))
      } else if let asked = line.firstMatch(of: #/^(.*): nr_hugepages asked (\d+) got (\d+)$/#) {
        stages.append(
          CompactionStage(
            name: String(asked.1),
            figures: ["asked": Int(asked.2) ?? 0, "got": Int(asked.3) ?? 0]))
      }
    }
    return stages
  }

  private init(name: String, figures: [String: Int]) {
    self.name = name
    self.figures = figures
  }

  /// A line `vmstat NAME: COUNTER +N …`.
  private init(counters words: [Substring]) {
    name = "counters"
    for index in words.indices.dropLast() {
      if let change = Int(words[index + 1]), words[index + 1].hasPrefix("+") {
        figures[String(words[index])] = change
      }
    }
  }

  /// A line `Node 0, zone NAME N N …`.
  private init(buddyinfo title: String, _ words: [Substring]) {
    name = "buddyinfo"
    let counts = words.dropFirst(4).compactMap { Int($0) }
    guard title != "before", title != "filled", let singles = counts.first else { return }
    figures["single frames"] = singles
    figures["large blocks"] =
      (counts.dropLast().last ?? 0) + 2 * (counts.last ?? 0)
  }
}
