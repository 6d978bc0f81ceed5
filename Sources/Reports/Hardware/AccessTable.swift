import Arm64
package import HardwareModel

/// What a core's model counted, for people and for programs.
package struct AccessTable: Sendable {
  package var counters: Counters

  package init(_ counters: Counters) { self.counters = counters }

  static var kinds: [(name: String, kind: AccessKind)] {
    [("loads", .load), ("stores", .store), ("instructions", .fetch), ("clears", .clear)]
  }

  // MARK: for people

  /// A row for each kind of access and who made it, a column for each level.
  package func lines(_ style: Style) -> [String] {
    var table = TextTable([.left] + Array(repeating: .right, count: 8))
    table.rows.append([
      "", "accesses", "TLB misses", "L2 TLB", "walks", "L1", "L2", "last level", "memory",
    ])
    for (who, privilege) in [("program", Privilege.user), ("kernel", .kernel)] {
      for (what, kind) in Self.kinds where counters[.accesses(kind, privilege)] != 0 {
        let translations = [
          counters[.tlbMisses(kind, privilege)], counters[.sharedTLBHits(kind, privilege)],
          counters[.walks(kind, privilege)],
        ]
        let lines = ServedBy.allCases.map { counters[.served(kind, privilege, $0)] }
        table.rows.append(
          ["\(who) \(what)", counters[.accesses(kind, privilege)].grouped]
            + (translations + lines).map(\.grouped))
      }
      let reads = ServedBy.allCases.map { counters[.walkReads(privilege, $0)] }
      let all = reads.reduce(0, +)
      guard all != 0 else { continue }
      table.rows.append(
        ["\(who) descriptors", all.grouped, "", "", ""] + reads.map(\.grouped))
    }
    return table.headed(style)
  }

  /// Descriptors that walks read, by level, in words; empty where there are none.
  var levels: String {
    (-1...3).compactMap { level in
      let reads = reads(atLevel: level)
      return reads == 0 ? nil : "\(reads.grouped) at level \(level)"
    }.joined(separator: ", ")
  }

  private func reads(atLevel level: Int) -> UInt64 {
    counters[.descriptorReads(.user, level: level)]
      + counters[.descriptorReads(.kernel, level: level)]
  }

  // MARK: for programs

  /// The members of an object; `Documentation/ReportFormat.md` describes them.
  var members: [JSON.Member] {
    var members: [JSON.Member] = []
    for (who, privilege) in [("user", Privilege.user), ("kernel", .kernel)] {
      var kinds = Self.kinds.map { name, kind in
        JSON.Member(name: name, value: Self.json(counters, kind, privilege))
      }
      kinds.append(
        .init(name: "descriptors", value: Self.levels { counters[.walkReads(privilege, $0)] }))
      kinds.append(
        .init(name: "walkCacheHits", value: .number(counters[.walkCacheHits(privilege)])))
      kinds.append(
        .init(name: "dirtyUpdates", value: .number(counters[.dirtyUpdates(privilege)])))
      kinds.append(.init(name: "faults", value: .number(counters[.faults(privilege)])))
      members.append(.init(name: who, value: .object(kinds)))
    }
    let writeBacks = Self.levels { $0 == .memory ? 0 : counters[.writeBacks($0)] }
    let levels = (-1...3).map { level in
      JSON.Member(name: "\(level)", value: .number(reads(atLevel: level)))
    }
    return members + [
      .init(name: "writeBacks", value: writeBacks),
      .init(name: "invalidations", value: .number(counters[.invalidations])),
      .init(name: "levels", value: .object(levels)),
    ]
  }

  /// One kind of access of one side.
  static func json(_ counts: Counters, _ kind: AccessKind, _ by: Privilege) -> JSON {
    [
      "accesses": .number(counts[.accesses(kind, by)]),
      "tlbMisses": .number(counts[.tlbMisses(kind, by)]),
      "sharedTLBHits": .number(counts[.sharedTLBHits(kind, by)]),
      "walks": .number(counts[.walks(kind, by)]),
      "lines": levels { counts[.served(kind, by, $0)] },
      "uncached": .number(counts[.uncached(kind, by)]),
    ]
  }

  private static func levels(_ value: (ServedBy) -> UInt64) -> JSON {
    .object(
      zip(["first", "second", "last", "memory"], ServedBy.allCases).map {
        .init(name: $0, value: .number(value($1)))
      })
  }
}

extension TextTable {
  /// Its lines, the first of them faint.
  func headed(_ style: Style) -> [String] {
    var lines = lines()
    lines[0] = style.faint(lines[0])
    return lines
  }
}
