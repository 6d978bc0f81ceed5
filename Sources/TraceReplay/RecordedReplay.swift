import Arm64
package import HardwareModel
package import MemoryTraces
import MemoryTypes
package import TraceFiles

/// A trace of our own on the machine that recorded it: its kernel's accesses, its tables, its
/// invalidations, in their order; so the model counts what it counted beside the machine.
package struct RecordedReplay: ~Copyable {
  private let machine: TracedMachine
  private let memory: SparseMemory
  private var core: CoreModel
  private var userRoot: PhysicalAddress?
  private var kernelRoot: PhysicalAddress?
  private var asid = ASID(0)
  private var isOn = false
  private var result = ReplayResult(kernel: .recorded)

  package init(_ machine: TracedMachine, _ geometry: CoreGeometry) throws(TraceError) {
    guard let memory = SparseMemory(machine.ram) else {
      throw TraceError(.unsupported, "no addresses are left for the machine's tables")
    }
    self.machine = machine
    self.memory = memory
    let bits = machine.ram.upperBound.rawValue <= 1 << 36 ? 36 : 52
    core = CoreModel(geometry, memory: memory.descriptors, physicalBits: bits)
  }

  /// Replays all of a trace; `tick` hears of it between batches, and ends it with false.
  package mutating func play(_ trace: ReplayedTrace, tick: () -> Bool) -> ReplayResult {
    while trace.fill() {
      while let event = trace.nextEvent() {
        if let failure = take(event) {
          result.failure = TraceError(.malformed, failure, at: TracePlace(trace.path))
          return ended(trace)
        }
      }
      run(trace)
      if trace.isBatchDone && !tick() {
        result.isInterrupted = true
        break
      }
    }
    if result.failure == nil { result.failure = trace.batch.failure }
    return ended(trace)
  }

  private mutating func ended(_ trace: ReplayedTrace) -> ReplayResult {
    result.counters = core.counters
    result.processes = 1
    result.traces = [trace.result]
    result.accesses = trace.accesses
    return result
  }

  private mutating func run(_ trace: ReplayedTrace) {
    let end = trace.end
    let records = unsafe UnsafeBufferPointer(start: trace.batch.records, count: end)
    var next = trace.record
    while next < end {
      next = unsafe core.run(records, from: next)
      // What the tables do not allow is passed over, as beside the machine.
      if next < end {
        result.unserved += 1
        next += 1
      }
    }
    trace.accesses += UInt64(end - trace.record)
    trace.record = end
  }

  private mutating func load() {
    core.load(machine.regime(user: userRoot, kernel: kernelRoot), asid: asid)
  }

  /// What happens; what is wrong with it.
  private mutating func take(_ event: MemoryTraceEvent) -> String? {
    switch event.kind {
    case .instructions:
      result.instructions.user &+= event.a
      result.instructions.kernel &+= event.b
    case .addressSpace:
      guard event.b < 1 << 16 else { return "an ASID of more than 16 bits" }
      let root = event.a == 0 ? nil : PhysicalAddress(event.a)
      let number = ASID(UInt16(event.b))
      // Chunks repeat what is so already.
      if isOn && root == userRoot && number == asid { return nil }
      if isOn { result.switches += 1 }
      (userRoot, asid, isOn) = (root, number, true)
      load()
    case .kernelTables:
      let root = event.a == 0 ? nil : PhysicalAddress(event.a)
      if root == kernelRoot { return nil }
      kernelRoot = root
      load()
    case .invalidate:
      guard let invalidation = event.invalidation else { return "an invalidation of no kind" }
      core.invalidate(invalidation)
    case .invalidateInstructions:
      if event.b != 0 {
        core.invalidateInstructions()
      } else {
        core.invalidateInstructions(at: PhysicalAddress(event.a))
      }
    case .descriptor:
      guard memory.set(event.b, at: PhysicalAddress(event.a)) else {
        return "a descriptor at 0x\(String(event.a, radix: 16)), where there is no RAM"
      }
    case .systemCall: result.systemCalls += 1
    case .faultBegin: result.faults += 1
    case .gap: result.gaps += 1
    case .task, .threadEnd, .systemReturn, .faultEnd, .time: break
    }
    return nil
  }
}
