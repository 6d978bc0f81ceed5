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

  /// A row for each kind of access and who made it, a column for each level.
  private func accessLines(_ style: Style) -> [String] {
    var table = TextTable([.left] + Array(repeating: .right, count: 8))
    table.rows.append([
      "", "accesses", "TLB misses", "L2 TLB", "walks", "L1", "L2", "last level", "memory",
    ])
    let counts = observation.counters
    for (who, privilege) in [("program", Privilege.user), ("kernel", .kernel)] {
      for (what, kind) in Self.kinds where counts[.accesses(kind, privilege)] != 0 {
        let translations = [
          counts[.tlbMisses(kind, privilege)], counts[.sharedTLBHits(kind, privilege)],
          counts[.walks(kind, privilege)],
        ]
        let lines = ServedBy.allCases.map { counts[.served(kind, privilege, $0)] }
        table.rows.append(
          ["\(who) \(what)", counts[.accesses(kind, privilege)].grouped]
            + (translations + lines).map(\.grouped))
      }
      let reads = ServedBy.allCases.map { counts[.walkReads(privilege, $0)] }
      table.rows.append(
        ["\(who) descriptors", reads.reduce(0, +).grouped, "", "", ""] + reads.map(\.grouped))
    }
    let levels = (-1...3).compactMap { level -> String? in
      let reads = [Privilege.user, .kernel].reduce(0) {
        $0 + counts[.descriptorReads($1, level: level)]
      }
      return reads == 0 ? nil : "\(reads.grouped) at level \(level)"
    }
    let shared = reach.shared.map { ", with L2 \($0.rounded)" } ?? ""
    return headed(table, style) + [
      "  Descriptors: \(levels.joined(separator: ", ")). "
        + "Pages reach \(reach.first.rounded) in the data TLB\(shared)."
    ]
  }

  static var kinds: [(String, AccessKind)] {
    [("loads", .load), ("stores", .store), ("instructions", .fetch), ("clears", .clear)]
  }

  private func cycleLines(_ style: Style) -> [String] {
    guard let cycles else { return [] }
    var table = TextTable([.left] + Array(repeating: .right, count: 6))
    table.rows.append(["estimated cycles", "all", "base", "TLB", "walks", "caches", "each"])
    for (who, parts, count) in [
      ("program", cycles.user, instructions.user), ("kernel", cycles.kernel, instructions.kernel),
    ] {
      let each = count == 0 ? 0 : UInt64((parts.total * 100 / Double(count)).rounded())
      table.rows.append(
        [who]
          + [parts.total, parts.base, parts.tlb, parts.walk, parts.cache].map { UInt64($0).grouped }
          + ["\(each / 100).\(each % 100 < 10 ? "0" : "")\(each % 100)"])
    }
    return [""] + headed(table, style)
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
    return [""] + headed(table, style)
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
    return [""] + headed(table, style)
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
    return [""] + headed(table, style)
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

  private func headed(_ table: TextTable, _ style: Style) -> [String] {
    var lines = table.lines()
    lines[0] = style.faint(lines[0])
    return lines
  }
}
