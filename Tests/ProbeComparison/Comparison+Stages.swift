/// Figures that mean something only as differences: what a probe prints before and after each of
/// its stages (`== NAME`), held against what changed on Linux at the same stage.
extension Comparison {
  /// Compares stage by stage.
  ///
  /// A figure is `NAME [zone] N [kB]`. What it changed by must be what it changed by on Linux, within
  /// what the two machines' per-CPU parts may hide: a counter lags by up to the stat threshold of
  /// its zone on either side, free pages by what a per-CPU list holds (`high`). The free blocks of
  /// a line of buddyinfo are compared by what they hold altogether and by those of order 0; which
  /// larger ones they come from hangs on what the boot left. Lines without figures must be equal.
  init(stagesOf ours: String, linux: String, _ figures: MachineFigures) {
    let printed = Stage.all(ours)
    let recorded = Stage.all(linux)
    guard printed.map(\.name) == recorded.map(\.name) else {
      differences = ["other stages: \(printed.map(\.name)), Linux \(recorded.map(\.name))"]
      return
    }
    for index in printed.indices {
      let (here, there) = (printed[index], recorded[index])
      for line in there.texts where !here.texts.contains(line) {
        differences.append("\(there.name): Linux \(line)")
      }
      for line in here.texts where !there.texts.contains(line) {
        differences.append("\(there.name): here  \(line)")
      }
      guard index > 0 else { continue }
      for (name, value) in there.figures.sorted(by: { $0.key < $1.key }) {
        guard let before = recorded[index - 1].figures[name] else { continue }
        guard let now = here.figures[name], let then = printed[index - 1].figures[name] else {
          differences.append("\(there.name): \(name) is missing")
          continue
        }
        let (change, expected) = (now - then, value - before)
        guard change != expected else { continue }
        let difference = "\(there.name): \(name) \(signed(change)), Linux \(signed(expected))"
        let slack = max(
          Self.slack(of: name, figures.variant, there.perCPU),
          Self.compactionSlack(there.name, name, expected, figures.variant))
        if abs(change - expected) <= slack {
          recomputed.append(difference)
        } else {
          differences.append(difference)
        }
      }
    }
  }

  /// How far two changes of a figure may be apart.
  private static func slack(of name: String, _ variant: Variant, _ perCPU: Int) -> Int {
    let kibibytes = variant.pageSize / 1024
    switch name {
    case "MemFree:", "MemAvailable:": return perCPU * kibibytes
    case "nr_free_pages", "free blocks of order 0", "free pages in blocks": return perCPU
    // A text of /proc, a page table more or less: what the probe itself needs.
    case "pgalloc_dma", "pgfree": return 64
    case "pgfault": return 0
    default: return 4 * Stage.threshold * kibibytes
    }
  }

  /// How far apart they may be once memory was compacted by hand.
  ///
  /// How much is moved hangs on where the boot left free frames and pages: a tenth, on 16K pages a
  /// third and a little, where the zone has fewer. What becomes single frames when that is freed
  /// follows.
  private static func compactionSlack(
    _ stage: Substring, _ name: String, _ expected: Int, _ variant: Variant
  ) -> Int {
    if stage.contains("after compact_memory") && name == "pgfree" {
      return variant.name == "16k47" ? expected * 2 / 5 : expected / 10
    }
    return stage.hasPrefix("11: ") && name == "free blocks of order 0" ? 2048 : 0
  }

  private func signed(_ value: Int) -> String { value < 0 ? "\(value)" : "+\(value)" }
}

/// What a probe printed between two lines that begin with `==`.
private struct Stage {
  var name: Substring
  var figures: [String: Int] = [:]
  var texts: [Substring] = []
  /// What a per-CPU list may hold (`high` in zoneinfo).
  let perCPU = 1024
  /// `vm stats threshold` of the recorded machines.
  static let threshold = 12

  /// Figures that do not hang on the boot: equal as they are.
  private static let absolute: Set<Substring> = [
    "MemTotal:", "spanned", "present", "managed", "start_pfn:", "batch:",
  ]

  static func all(_ output: String) -> [Stage] {
    var stages: [Stage] = []
    for line in output.split(separator: "\n") {
      if line.hasPrefix("==") {
        // Stages are told apart by their number too: several are called `freed`.
        stages.append(Stage(name: "\(stages.count): \(line)"[...]))
      } else if !stages.isEmpty {
        stages[stages.count - 1].add(line)
      }
    }
    return stages
  }

  private mutating func add(_ line: Substring) {
    let words = line.split(separator: " ")
    if line.hasPrefix("Node 0, zone"), words.count == 15 {
      let blocks = words.dropFirst(4).compactMap { Int($0) }
      figures["free blocks of order 0"] = blocks[0]
      figures["free pages in blocks"] = blocks.enumerated().reduce(0) { $0 + $1.1 << $1.0 }
    } else if Self.absolute.contains(words[0]) || line.hasPrefix("Node 0, zone"), words.count < 9 {
      texts.append(line)
    } else if words.count == 2 || words.count == 3 && words[2] == "kB", let value = Int(words[1]) {
      figures[String(words[0])] = value
    } else if Int(words.last ?? "") == nil {
      texts.append(line)
    }
  }
}
