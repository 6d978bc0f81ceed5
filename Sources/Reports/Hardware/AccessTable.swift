import Arm64
package import HardwareModel

/// What a core's model counted, for people and for programs.
package struct AccessTable: Sendable {
  package var counters: Counters

  package init(_ counters: Counters) { self.counters = counters }

  private static let kinds: [(AccessKind, String)] = [
    (.load, "loads"), (.store, "stores"), (.fetch, "fetches"), (.clear, "clears"),
  ]
  private static let whose: [(Privilege, String)] = [(.user, "program"), (.kernel, "kernel")]

  /// A row for each kind of access and who made it, a column for each level.
  package func lines(_ style: Style) -> [String] {
    var table = TextTable([.left] + Array(repeating: .right, count: 8))
    table.rows.append([
      "", "accesses", "L1", "L2", "last level", "memory", "TLB misses", "L2 TLB hits", "walks",
    ])
    for (privilege, who) in Self.whose {
      for (kind, what) in Self.kinds where counters[.accesses(kind, privilege)] != 0 {
        let served = ServedBy.allCases.map { counters[.served(kind, privilege, $0)] }
        table.rows.append(
          ["\(who) \(what)", counters[.accesses(kind, privilege)].grouped]
            + served.map(\.grouped)
            + [
              counters[.tlbMisses(kind, privilege)].grouped,
              counters[.sharedTLBHits(kind, privilege)].grouped,
              counters[.walks(kind, privilege)].grouped,
            ])
      }
      let reads = ServedBy.allCases.map { counters[.walkReads(privilege, $0)] }
      let all = reads.reduce(0, +)
      guard all != 0 else { continue }
      table.rows.append(["\(who) walk reads", all.grouped] + reads.map(\.grouped))
    }
    var lines = table.lines()
    lines[0] = style.faint(lines[0])
    return lines
  }

  /// The same under the names of ``Counter``.
  package var json: JSON {
    .object(
      Self.whose.map { privilege, who in
        .init(
          name: who,
          value: .object(
            Self.kinds.map { kind, what in
              .init(name: what, value: json(kind, privilege))
            } + [.init(name: "walk-reads", value: walkReads(privilege))]))
      } + [
        .init(name: "write-backs", value: writeBacks),
        .init(name: "invalidations", value: .number(counters[.invalidations])),
      ])
  }

  private func json(_ kind: AccessKind, _ privilege: Privilege) -> JSON {
    func number(_ counter: Counter) -> JSON { .number(counters[counter]) }
    return [
      "accesses": number(.accesses(kind, privilege)),
      "first": number(.served(kind, privilege, .first)),
      "second": number(.served(kind, privilege, .second)),
      "last": number(.served(kind, privilege, .last)),
      "memory": number(.served(kind, privilege, .memory)),
      "uncached": number(.uncached(kind, privilege)),
      "tlb-misses": number(.tlbMisses(kind, privilege)),
      "shared-tlb-hits": number(.sharedTLBHits(kind, privilege)),
      "walks": number(.walks(kind, privilege)),
    ]
  }

  private func walkReads(_ privilege: Privilege) -> JSON {
    let levels = (-1...3).map { counters[.descriptorReads(privilege, level: $0)] }
    return [
      "first": .number(counters[.walkReads(privilege, .first)]),
      "second": .number(counters[.walkReads(privilege, .second)]),
      "last": .number(counters[.walkReads(privilege, .last)]),
      "memory": .number(counters[.walkReads(privilege, .memory)]),
      "by-level": .array(levels.map { .number($0) }),
      "walk-cache-hits": .number(counters[.walkCacheHits(privilege)]),
      "dirty-updates": .number(counters[.dirtyUpdates(privilege)]),
      "faults": .number(counters[.faults(privilege)]),
    ]
  }

  private var writeBacks: JSON {
    [
      "first": .number(counters[.writeBacks(.first)]),
      "second": .number(counters[.writeBacks(.second)]),
      "last": .number(counters[.writeBacks(.last)]),
    ]
  }
}
