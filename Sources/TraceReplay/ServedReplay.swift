import AddressSpaces
import Arm64
import HardwareModel
import HostBoard
import MemoryTraces
import MemoryTypes
package import TraceFiles

/// Traces on any machine: the kernel's libraries serve the faults, on the host board.
///
/// Each process of a trace has an address space; several take turns, and what they hold in TLBs is
/// told apart by ASIDs. Accesses of a traced kernel are passed over: it is not this one.
package struct ServedReplay: ~Copyable {
  private let setup: ReplaySetup
  private let machine: ReplayMachine
  private var core: CoreModel
  private var result = ReplayResult(kernel: .served)
  private var processes: [ProcessKey: ReplayMachine.Space] = [:]
  private var current: ProcessKey?

  /// Whose accesses: processes of traces of different programs are different, but threads of one that
  /// DynamoRIO traced have a file each.
  private struct ProcessKey: Hashable {
    var trace: Int
    var process: UInt64
  }

  package init(_ setup: ReplaySetup) throws(TraceError) {
    self.setup = setup
    let machine = try ReplayMachine(setup)
    self.machine = machine
    let end = setup.banks.last?.upperBound.rawValue ?? 0
    core = CoreModel(
      setup.core, memory: machine.descriptors, physicalBits: end <= 1 << 36 ? 36 : 52)
  }

  /// Replays all traces; `tick` hears of it between batches, and ends it with false.
  package mutating func play(_ traces: [ReplayedTrace], tick: () -> Bool) -> ReplayResult {
    do throws(TraceError) {
      try turns(traces, tick)
    } catch { result.failure = error }
    if result.failure == nil { result.failure = traces.compactMap(\.batch.failure).first }
    result.counters = core.counters
    result.processes = processes.count
    result.traces = traces.map(\.result)
    result.accesses = traces.reduce(0) { $0 + $1.accesses }
    result.faults = machine.faults
    (result.resident, result.tables) = machine.usage
    return result
  }

  private mutating func turns(_ traces: [ReplayedTrace], _ tick: () -> Bool) throws(TraceError) {
    var left = traces.indices.map { $0 }
    var owner = traces.map { _ in UInt64(0) }
    while !left.isEmpty {
      for index in left {
        let trace = traces[index]
        var budget = left.count > 1 ? setup.quantum : .max
        while budget > 0, trace.fill() {
          try switchTo(key(trace, index, owner[index]))
          while let event = trace.nextEvent() {
            take(event)
            guard event.kind == .task else { continue }
            owner[index] = event.a
            try switchTo(key(trace, index, event.a))
          }
          try run(trace, &budget)
          if trace.record >= trace.batch.count && !tick() { return }
        }
      }
      left = left.filter {
        !traces[$0].isEnded && traces[$0].batch.failure == nil || traces[$0].fill()
      }
    }
  }

  private func key(_ trace: ReplayedTrace, _ index: Int, _ process: UInt64) -> ProcessKey {
    let isShared = trace.reader.nature.format == .drmemtrace && process != 0
    return ProcessKey(trace: isShared ? -1 : index, process: process)
  }

  private mutating func switchTo(_ key: ProcessKey) throws(TraceError) {
    if key == current { return }
    let space: ReplayMachine.Space
    if let known = processes[key] {
      space = known
    } else {
      space = try machine.makeSpace()
      processes[key] = space
    }
    if current != nil { result.switches += 1 }
    current = key
    let (tables, asid) = machine.activate(space)
    drain()
    let regime = TranslationRegime(
      geometry: setup.translation, lowerRoot: tables,
      hasHardwareAccessAndDirty: setup.hasHardwareAccessAndDirty)
    core.load(regime, asid: asid)
  }

  /// Tells the model what the kernel told the hardware.
  private mutating func drain() {
    for invalidation in machine.board.takeInvalidations() {
      core.invalidate(invalidation)
    }
  }

  private mutating func take(_ event: MemoryTraceEvent) {
    switch event.kind {
    case .instructions:
      result.instructions.user &+= event.a
    case .systemCall:
      result.systemCalls += 1
    case .gap: result.gaps += 1
    default: break
    }
  }

  private mutating func run(_ trace: ReplayedTrace, _ budget: inout UInt64) throws(TraceError) {
    let end = trace.record + Int(min(UInt64(trace.end - trace.record), budget))
    let records = unsafe UnsafeBufferPointer(start: trace.batch.records, count: end)
    let start = trace.record
    defer {
      budget -= UInt64(trace.record - start)
      trace.accesses += UInt64(trace.record - start)
    }
    while trace.record < end {
      let first = trace.record
      let stop = unsafe first + userRun(records, first)
      if stop == first {
        result.skipped += 1
        trace.record += 1
        continue
      }
      let part = unsafe UnsafeBufferPointer(rebasing: records[..<stop])
      unsafe try serve(trace, part)
    }
  }

  /// How many records from `first` on are a program's.
  private func userRun(_ records: UnsafeBufferPointer<AccessRecord>, _ first: Int) -> Int {
    var index = first
    while unsafe index < records.count && records[index].rawValue >> 63 == 0 { index += 1 }
    return index - first
  }

  /// Runs records, and serves what faults.
  private mutating func serve(
    _ trace: ReplayedTrace, _ records: UnsafeBufferPointer<AccessRecord>
  ) throws(TraceError) {
    var tries = 0
    while trace.record < records.count {
      let done = unsafe core.run(records, from: trace.record)
      tries = done == trace.record ? tries + 1 : 0
      trace.record = done
      guard done < records.count else { return }
      guard let fault = core.fault, let current, let space = processes[current], tries < 8 else {
        throw TraceError(
          .unsupported, "an access faults again and again", at: TracePlace(trace.path))
      }
      try machine.serve(fault.address, in: space)
      drain()
    }
  }
}
