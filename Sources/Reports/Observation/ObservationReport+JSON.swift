import Arm64
import HardwareModel
import MemoryTypes
import Observation

extension ObservationReport {
  /// The member `hardware` of the run's JSON; `Documentation/ReportFormat.md` describes it.
  package var json: JSON {
    let counts = observation.counters
    var members: [(String, JSON)] = [("core", .string(core))]
    for (who, privilege) in [("user", Privilege.user), ("kernel", .kernel)] {
      var kinds = Self.kinds.map { ($0.0, Self.json(counts, $0.1, privilege)) }
      kinds.append(
        ("descriptors", Self.levels { counts[.walkReads(privilege, $0)] }))
      kinds.append(("faults", .number(counts[.faults(privilege)])))
      members.append((who, Self.object(kinds)))
    }
    members += [
      ("writeBacks", Self.levels { $0 == .memory ? 0 : counts[.writeBacks($0)] }),
      ("invalidations", .number(counts[.invalidations])),
      (
        "levels",
        Self.object(
          (-1...3).map { level in
            let reads = [Privilege.user, .kernel].map { counts[.descriptorReads($0, level: level)] }
            return ("\(level)", .number(reads.reduce(0, +)))
          })
      ),
      (
        "reach",
        Self.object([
          ("dataTLB", .number(reach.first.rawValue)),
          ("sharedTLB", reach.shared.map { .number($0.rawValue) } ?? .null),
        ])
      ),
      ("cycles", cycles.map(Self.json) ?? .null),
      ("areas", .array(areas.map(Self.json))),
      ("functions", .array(functions.map(Self.json))),
      ("pages", .array(pages.map(Self.json))),
      ("causes", .array(causes.map(Self.json))),
      (
        "alone",
        observation.alone.map { alone in
          Self.object(
            zip(["tlbMisses", "walks", "firstMisses", "memory"], Self.userMisses(alone))
              .map { ($0, .number($1)) } + [("cycles", .number(UInt64(aloneCycles ?? 0)))])
        } ?? .null
      ),
      ("checked", .number(observation.checked)),
      ("disagreements", .number(observation.disagreementCount)),
    ]
    return Self.object(members)
  }

  private static func json(_ counts: Counters, _ kind: AccessKind, _ by: Privilege) -> JSON {
    object([
      ("accesses", .number(counts[.accesses(kind, by)])),
      ("tlbMisses", .number(counts[.tlbMisses(kind, by)])),
      ("sharedTLBHits", .number(counts[.sharedTLBHits(kind, by)])),
      ("walks", .number(counts[.walks(kind, by)])),
      ("lines", levels { counts[.served(kind, by, $0)] }),
      ("uncached", .number(counts[.uncached(kind, by)])),
    ])
  }

  private static func json(_ figures: Figures) -> JSON {
    func three(_ values: [UInt64]) -> JSON {
      object(zip(["loads", "stores", "instructions"], values).map { ($0, .number($1)) })
    }
    return object([
      ("name", .string(figures.name)), ("accesses", three(figures.accesses)),
      ("tlbMisses", three(figures.tlbMisses)), ("walks", three(figures.walks)),
      ("firstMisses", three(figures.firstMisses)), ("secondMisses", three(figures.secondMisses)),
      ("memory", three(figures.memoryLines)), ("descriptors", .number(figures.walkReads)),
      ("descriptorsOfMemory", .number(figures.walkReadsOfMemory)),
      ("cycles", .number(figures.cycles)),
    ])
  }

  private static func json(_ cause: CauseFigures) -> JSON {
    object([
      ("name", .string(cause.name)), ("times", .number(cause.times)),
      ("cycles", .number(cause.cycles)),
      (
        "kernel", object(kinds.map { ($0.0, json(cause.counters, $0.1, .kernel)) })
      ),
    ])
  }

  private static func json(_ cycles: CycleEstimate) -> JSON {
    func parts(_ parts: CycleEstimate.Parts) -> JSON {
      object([
        ("all", .number(UInt64(parts.total))), ("base", .number(UInt64(parts.base))),
        ("tlb", .number(UInt64(parts.tlb))), ("walks", .number(UInt64(parts.walk))),
        ("caches", .number(UInt64(parts.cache))),
      ])
    }
    return object([("user", parts(cycles.user)), ("kernel", parts(cycles.kernel))])
  }

  private static func levels(_ value: (ServedBy) -> UInt64) -> JSON {
    object(
      zip(["first", "second", "last", "memory"], ServedBy.allCases).map { ($0, .number(value($1))) }
    )
  }

  private static func object(_ members: [(String, JSON)]) -> JSON {
    .object(members.map { JSON.Member(name: $0.0, value: $0.1) })
  }
}
