import Arm64
import HardwareModel
import MemoryTypes
import Observation

extension ObservationReport {
  /// The member `hardware` of the run's JSON; `Documentation/ReportFormat.md` describes it.
  package var json: JSON {
    var members: [(String, JSON)] = [("core", .string(core))]
    members += AccessTable(observation.counters).members.map { ($0.name, $0.value) }
    members += [
      (
        "reach",
        Self.object([
          ("dataTLB", .number(reach.first.rawValue)),
          ("sharedTLB", reach.shared.map { .number($0.rawValue) } ?? .null),
        ])
      ),
      (
        "cycles",
        cycles.map { CycleTable(cycles: $0, instructions: instructions).json } ?? .null
      ),
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
        "kernel",
        object(
          AccessTable.kinds.map { ($0.name, AccessTable.json(cause.counters, $0.kind, .kernel)) })
      ),
    ])
  }

  private static func object(_ members: [(String, JSON)]) -> JSON {
    .object(members.map { JSON.Member(name: $0.0, value: $0.1) })
  }
}
