import Arm64
import HardwareModel
import Machine
import MemoryTypes
import Observation

extension ObservationReport {
  /// The report for people.
  package func text(_ style: Style) -> [String] {
    var lines = ["", style.heading("Memory hardware of \(core)")]
    lines += accessLines(style)
    lines += cycleLines(style)
    lines += figureLines("By what is mapped", areas.prefix(8), style, hasAccesses: true)
    lines += figureLines("Functions that miss most", functions.prefix(8), style)
    lines += figureLines("Pages that miss most", pages.prefix(5), style)
    lines += causeLines(style)
    lines += apartLines(style)
    if observation.checked != 0 {
      lines.append("\(observation.checked.grouped) translations checked, each by three.")
    }
    if observation.disagreementCount != 0 { lines += disagreementLines(style) }
    return lines
  }

  private func accessLines(_ style: Style) -> [String] {
    let table = AccessTable(observation.counters)
    let shared = reach.shared.map { ", with L2 \($0.rounded)" } ?? ""
    return table.lines(style) + [
      "  Descriptors: \(table.levels). "
        + "Pages reach \(reach.first.rounded) in the data TLB\(shared)."
    ]
  }

  private func cycleLines(_ style: Style) -> [String] {
    guard let cycles else { return [] }
    return [""] + CycleTable(cycles: cycles, instructions: instructions).lines(style)
  }

  private func figureLines(
    _ title: String, _ figures: some Collection<Figures>, _ style: Style, hasAccesses: Bool = false
  ) -> [String] {
    guard !figures.isEmpty else { return [] }
    var table = TextTable([.left] + Array(repeating: .right, count: hasAccesses ? 9 : 6))
    table.rows.append(
      [title] + (hasAccesses ? ["loads", "stores", "instructions"] : [])
        + ["TLB misses", "walks", "not L1", "not L2", "memory", "cycles"])
    for row in figures {
      let sums = [row.tlbMisses, row.walks, row.firstMisses, row.secondMisses, row.memoryLines]
      table.rows.append(
        [row.name] + (hasAccesses ? row.accesses : []).map(\.grouped)
          + sums.map { $0.reduce(0, +).grouped } + [row.cycles.grouped])
    }
    return [""] + table.headed(style)
  }

  /// What the kernel did for whom, and what that cost in misses.
  private func causeLines(_ style: Style) -> [String] {
    guard !causes.isEmpty else { return [] }
    var table = TextTable([.left] + Array(repeating: .right, count: 7))
    table.rows.append([
      "Kernel, by cause", "times", "accesses", "TLB misses", "walks", "not L1", "memory", "cycles",
    ])
    for cause in causes.prefix(8) {
      let counts = cause.counters
      func sum(_ counter: (AccessKind, Privilege) -> Counter) -> UInt64 {
        AccessKind.allCases.reduce(0) {
          $0 + counts[counter($1, .kernel)] + counts[counter($1, .user)]
        }
      }
      let notFirst = [ServedBy.second, .last, .memory].reduce(0) { total, level in
        total + sum { .served($0, $1, level) }
      }
      table.rows.append(
        [cause.name]
          + [
            cause.times, sum { .accesses($0, $1) }, sum { .tlbMisses($0, $1) },
            sum { .walks($0, $1) }, notFirst, sum { .served($0, $1, .memory) }, cause.cycles,
          ].map(\.grouped))
    }
    return [""] + table.headed(style)
  }

  /// What programs would have missed without the kernel, and what more they do with it.
  private func apartLines(_ style: Style) -> [String] {
    guard let alone = observation.alone else { return [] }
    var table = TextTable([.left] + Array(repeating: .right, count: 5))
    table.rows.append([
      "What the kernel costs the program", "TLB misses", "walks", "not L1", "memory", "cycles",
    ])
    let (with, without) = (Self.userMisses(observation.counters), Self.userMisses(alone))
    for (name, misses, cycles) in [
      ("program alone", without, aloneCycles), ("with the kernel", with, cycles?.user.total),
    ] {
      table.rows.append(
        [name] + misses.map(\.grouped) + [cycles.map { UInt64($0).grouped } ?? ""])
    }
    return [""] + table.headed(style)
  }

  /// TLB misses, walks, lines that L1 did not have, lines from memory.
  static func userMisses(_ counts: Counters) -> [UInt64] {
    func sum(_ counter: (AccessKind) -> Counter) -> UInt64 {
      AccessKind.allCases.reduce(0) { $0 + counts[counter($1)] }
    }
    return [
      sum { .tlbMisses($0, .user) }, sum { .walks($0, .user) },
      [ServedBy.second, .last, .memory].reduce(0) { total, level in
        total + sum { .served($0, .user, level) }
      }, sum { .served($0, .user, .memory) },
    ]
  }

  private func disagreementLines(_ style: Style) -> [String] {
    [
      style.alarm(
        "\(observation.disagreementCount.grouped) accesses were not what the model's tables say")
    ]
      + observation.disagreements.prefix(8).map { row in
        let words = Array(row)
        let kind = AccessKind(rawValue: words[2]).map { "\($0)" } ?? "?"
        return "  \(kind) of \(words[3] == 1 ? "the kernel" : "a program") at "
          + "\(hexadecimal(words[1])): \(hexadecimal(words[4])), \(hexadecimal(words[5]))"
      }
  }
}
