package import HardwareModel
import MemoryTraces
package import MemoryTypes
import TraceFiles
package import TraceReplay

/// What a replay of traces of accesses came to.
package struct TraceReplayReport: Sendable {
  package var result: ReplayResult
  package var pageSize: PageSize
  package var vaBits: UInt64
  package var core: String
  /// Cycles by the core's latencies; nil where its file has none.
  package var cycles: CycleEstimate?

  package init(
    _ result: ReplayResult, pageSize: PageSize, vaBits: UInt64, core: String,
    latencies: CoreLatencies?, hasSharedTLB: Bool
  ) {
    self.result = result
    self.pageSize = pageSize
    self.vaBits = vaBits
    self.core = core
    cycles = latencies.map {
      CycleEstimate(
        result.counters, $0, hasSharedTLB: hasSharedTLB,
        userInstructions: result.instructions.user,
        kernelInstructions: result.instructions.kernel)
    }
  }

  /// What makes the figures something else than a program's on this core.
  package var marks: [String] {
    var marks: [String] = []
    if result.isPartial { marks.append("partial: the traces were not replayed to their end") }
    if result.traces.contains(where: { $0.first > 0 }) {
      marks.append("TLBs and caches are empty where the part begins: what it finds cold is counted")
    }
    if result.isSampled {
      marks.append("sampled: only some of the accesses are in the trace, so misses are not rates")
    }
    if result.kernel == .served {
      marks.append(
        "the kernel's own accesses are not modelled: what it costs caches and TLBs is missing")
    }
    if result.skipped > 0 {
      marks.append(
        "\(result.skipped.grouped) accesses of the traced machine's kernel were passed over")
    }
    if result.unserved > 0 {
      marks.append("\(result.unserved.grouped) accesses that the recorded tables do not allow")
    }
    if result.gaps > 0 { marks.append("\(result.gaps.grouped) gaps in the traces") }
    if result.traces.contains(where: { !$0.nature.hasFetches }) {
      marks.append("no instruction fetches are in the trace")
    }
    for trace in result.traces {
      for fact in trace.facts where fact.name == "data-addresses" {
        marks.append("\(trace.path): data addresses are \(fact.value)")
      }
    }
    return marks
  }

  /// Whether the traces were played to their end.
  var ending: String { result.isPartial ? "partial" : "replayed" }

  // MARK: for people

  package func text(_ style: Style) -> [String] {
    var lines: [String] = []
    for trace in result.traces {
      lines.append(
        style.heading(trace.path)
          + "  \(trace.nature.format.rawValue), \(trace.accesses.grouped) accesses"
          + (trace.first > 0 ? " from \(trace.first.grouped) on" : ""))
    }
    let machine = "\(pageSize.bytes) pages, \(vaBits) bits, \(core)"
    lines.append(
      machine + ", \(result.kernel == .recorded ? "the recorded kernel" : "faults served here")")
    lines += ["", style.heading("Memory hardware")] + AccessTable(result.counters).lines(style)
    lines += ["", style.heading("Counts")] + counts.lines()
    if let cycles {
      lines += [""] + CycleTable(cycles: cycles, instructions: result.instructions).lines(style)
    }
    let marks = marks
    if !marks.isEmpty { lines += [""] + marks.map { style.alarm("note: ") + $0 } }
    return lines
  }

  private var counts: TextTable {
    var table = TextTable([.left, .right])
    func row(_ name: String, _ value: UInt64) {
      if value > 0 { table.rows.append([name, value.grouped]) }
    }
    row("instructions", result.instructions.user &+ result.instructions.kernel)
    row("of the kernel", result.instructions.kernel)
    row("processes", UInt64(result.processes))
    row("context switches", result.switches)
    row("system calls", result.systemCalls)
    row("faults", result.faults)
    row("of them from swap", result.majorFaults)
    row("pages to swap", result.swapped.out)
    row("pages from swap", result.swapped.back)
    row("TLB invalidations", result.counters[.invalidations])
    if result.resident > .zero {
      table.rows.append(["resident at most", "\(result.resident)"])
      table.rows.append(["page tables", "\(result.tables)"])
    }
    return table
  }

  // MARK: for programs

  package var json: JSON {
    [
      "format": "kilburn-replay", "version": 1,
      "pageSize": .string("\(pageSize.bytes)"), "vaBits": .number(vaBits),
      "core": .string(core), "kernel": .string(result.kernel.rawValue),
      "traces": .array(
        result.traces.map { trace in
          [
            "path": .string(trace.path), "format": .string(trace.nature.format.rawValue),
            "first": .number(trace.first), "accesses": .number(trace.accesses),
            "sampled": .bool(trace.nature.isSampled),
            "facts": .object(
              trace.facts.map { .init(name: $0.name, value: .string($0.value)) }),
          ]
        }),
      "accesses": .number(result.accesses), "skipped": .number(result.skipped),
      "unserved": .number(result.unserved),
      "instructions": [
        "user": .number(result.instructions.user), "kernel": .number(result.instructions.kernel),
      ],
      "processes": .number(UInt64(result.processes)), "switches": .number(result.switches),
      "systemCalls": .number(result.systemCalls), "faults": .number(result.faults),
      "majorFaults": .number(result.majorFaults),
      "swapped": [
        "out": .number(result.swapped.out), "back": .number(result.swapped.back),
      ],
      "gaps": .number(result.gaps),
      "resident": .number(result.resident.rawValue),
      "pageTables": .number(result.tables.rawValue),
      "hardware": hardware,
      "marks": .array(marks.map { .string($0) }),
      "failure": result.failure.map { .string("\($0)") } ?? .null,
    ]
  }

  private var hardware: JSON {
    var members = AccessTable(result.counters).members
    let cycles = cycles.map { CycleTable(cycles: $0, instructions: result.instructions).json }
    members.append(JSON.Member(name: "cycles", value: cycles ?? .null))
    return .object(members)
  }
}
