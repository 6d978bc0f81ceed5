import Arm64
import HardwareModel
import Machine
import MemoryTypes
import Observation

extension ObservationReport {
  /// The report for people.
  package func text(_ style: Style) -> [String] {
    var lines = ["", style.heading("Memory hardware")]
    lines += accessLines(style)
    if observation.checked != 0 {
      lines.append("\(observation.checked.grouped) translations checked, each by three.")
    }
    if observation.disagreementCount != 0 {
      lines += disagreementLines(style)
    }
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
      for (what, kind) in [
        ("loads", AccessKind.load), ("stores", .store), ("instructions", .fetch),
        ("clears", .clear),
      ] {
        guard counts[.accesses(kind, privilege)] != 0 else { continue }
        table.rows.append(
          ["\(who) \(what)", counts[.accesses(kind, privilege)].grouped]
            + [
              counts[.tlbMisses(kind, privilege)], counts[.sharedTLBHits(kind, privilege)],
              counts[.walks(kind, privilege)],
            ].map(\.grouped)
            + ServedBy.allCases.map { counts[.served(kind, privilege, $0)].grouped })
      }
      let reads = ServedBy.allCases.map { counts[.walkReads(privilege, $0)] }
      table.rows.append(
        ["\(who) walks' reads", reads.reduce(0, +).grouped, "", "", ""] + reads.map(\.grouped))
    }
    var lines = table.lines()
    lines[0] = style.faint(lines[0])
    return lines
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
