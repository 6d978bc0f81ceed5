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
  /// The processes that there were.
  private var count = 0
  /// What the system calls of each trace do.
  private var calls: [TracedCalls] = []
  /// Children of fork() that have not run yet.
  private var children: [ReplayMachine.Space] = []
  /// Whose memory is gone when others have the CPU.
  private var leaving: [ProcessKey] = []

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
    result.processes = count
    result.traces = traces.map(\.result)
    result.accesses = traces.reduce(0) { $0 + $1.accesses }
    (result.faults, result.majorFaults) = machine.faults
    result.swapped = machine.swapped
    machine.rememberPeak()
    (result.resident, result.tables) = machine.peak
    return result
  }

  private mutating func turns(_ traces: [ReplayedTrace], _ tick: () -> Bool) throws(TraceError) {
    var left = traces.indices.map { $0 }
    var owner = traces.map { _ in UInt64(0) }
    calls = traces.map { _ in TracedCalls() }
    while !left.isEmpty {
      for index in left {
        let trace = traces[index]
        var budget = left.count > 1 ? setup.quantum : .max
        while budget > 0, trace.fill() {
          // Who has accessed nothing yet, and was not named, is nobody.
          let first = key(trace, index, owner[index])
          if processes[first] != nil { try switchTo(first) }
          while let event = trace.nextEvent() {
            guard let process = try take(event, trace, index, owner[index]) else { continue }
            owner[index] = process
            try switchTo(key(trace, index, process))
          }
          try run(trace, of: key(trace, index, owner[index]), &budget)
          if trace.isBatchDone && !tick() {
            result.isInterrupted = true
            return
          }
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
      // Memory that was not seen yet: a child's, or a new program's.
      let isChild = key.trace >= 0 && !children.isEmpty && !calls[key.trace].isExecuting
      space = isChild ? children.removeFirst() : try machine.makeSpace()
      processes[key] = space
      count += 1
    }
    if current != nil { result.switches += 1 }
    current = key
    let (tables, asid) = machine.activate(space)
    drain()
    let regime = TranslationRegime(
      geometry: setup.translation, lowerRoot: tables,
      // The model reads descriptors and never writes them, so that the kernel sets access flags: it
      // has to see which pages are used where it must choose among them.
      hasHardwareAccessAndDirty: false)
    core.load(regime, asid: asid)
    releaseLeaving()
  }

  private mutating func releaseLeaving() {
    let running = current
    for key in leaving where key != running {
      if let space = processes.removeValue(forKey: key) { machine.release(space) }
      drain()
    }
    leaving.removeAll { $0 != running }
  }

  /// Tells the model what the kernel told the hardware.
  private mutating func drain() {
    for invalidation in machine.board.takeInvalidations() {
      core.invalidate(invalidation)
    }
  }

  /// What happens; the process that runs from here on, where that is said.
  private mutating func take(
    _ event: MemoryTraceEvent, _ trace: ReplayedTrace, _ index: Int, _ process: UInt64
  ) throws(TraceError) -> UInt64? {
    // A machine's trace tells processes by their tables.
    let isMachine = trace.reader.nature.hasKernel
    switch event.kind {
    case .instructions:
      result.instructions.user &+= event.a
    case .task:
      calls[index].thread = event.b
      return isMachine ? nil : event.a
    case .addressSpace:
      return isMachine && event.a != 0 ? event.a : nil
    case .systemCall:
      result.systemCalls += 1
      try apply(calls[index].begin(event, of: process), trace, index, process)
    case .systemReturn:
      try apply(calls[index].end(event.a, of: process), trace, index, process)
    case .gap: result.gaps += 1
    default: break
    }
    return nil
  }

  private mutating func apply(
    _ effect: TracedCalls.Effect?, _ trace: ReplayedTrace, _ index: Int, _ process: UInt64
  ) throws(TraceError) {
    guard let effect else { return }
    let own = key(trace, index, process)
    switch effect {
    case .gone(let start, let length):
      guard let space = processes[own] else { return }
      try machine.unmap(start, length, in: space)
    case .forked:
      // Only a machine's trace tells which process is the child.
      guard trace.reader.nature.hasKernel, let space = processes[own] else { return }
      children.append(try machine.copy(space))
    case .ended:
      leaving.append(key(trace, index, calls[index].left))
      releaseLeaving()
    }
    drain()
  }

  private mutating func run(
    _ trace: ReplayedTrace, of process: ProcessKey, _ budget: inout UInt64
  ) throws(TraceError) {
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
      try switchTo(process)
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
      var lacksFlag = false
      if case .accessFlag = fault.status { lacksFlag = fault.kind != .store }
      try machine.serve(fault.address, lacksFlag: lacksFlag, in: space)
      drain()
    }
  }
}
