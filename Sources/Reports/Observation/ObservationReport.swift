import Arm64
import BoardFormat
import Cores
package import HardwareModel
import Machine
import MemoryTypes
package import Observation

/// What there is to say of a run that was observed.
package struct ObservationReport: Sendable {
  package let observation: Observation
  /// What the hardware counted, in cycles; nil where the core's file has no latencies.
  package let cycles: CycleEstimate?
  /// What the program's part would be if it had the core for itself.
  let aloneCycles: Double?
  /// By what the program has mapped, and by part of the kernel, the most accessed first.
  package var areas: [Figures] = []
  /// By function, by page, by system call: who missed most first.
  package var functions: [Figures] = []
  package var pages: [Figures] = []
  package var causes: [CauseFigures] = []
  /// Programs' instructions and the kernel's, as the kernel counted them.
  let instructions: (user: UInt64, kernel: UInt64)
  let core: String
  /// What the data TLB and the shared one can hold of pages of the machine's size.
  let reach: (first: ByteCount, shared: ByteCount?)

  /// What was accessed and missed somewhere.
  package struct Figures: Sendable {
    package var name: String
    /// Loads, stores, instructions.
    package var accesses: [UInt64] = [0, 0, 0]
    package var tlbMisses: [UInt64] = [0, 0, 0]
    package var walks: [UInt64] = [0, 0, 0]
    package var firstMisses: [UInt64] = [0, 0, 0]
    package var secondMisses: [UInt64] = [0, 0, 0]
    package var memoryLines: [UInt64] = [0, 0, 0]
    package var walkReads: UInt64 = 0
    package var walkReadsOfMemory: UInt64 = 0
    /// Cycles that the misses cost, by the core's latencies.
    package var cycles: UInt64 = 0

    init(_ name: String) { self.name = name }

    var allAccesses: UInt64 { accesses.reduce(0, +) }
  }

  /// What the kernel did for something.
  package struct CauseFigures: Sendable {
    package var name: String
    package var times: UInt64
    package var counters: Counters
    package var cycles: UInt64
  }

  /// Puts together what the observer answered and what the run's report knows.
  ///
  /// - Parameter contents: the bytes of the file that the guest sees at a path.
  package init(
    _ observation: Observation, _ run: RunReport, contents: @escaping (String) -> [UInt8]?
  ) {
    self.observation = observation
    core = run.machine.core.name
    instructions = (
      run.result.statistics?.userInstructions ?? 0, run.result.statistics?.kernelInstructions ?? 0
    )
    let hardware = run.machine.core.hardware
    let page = run.machine.pageSize
    reach = (
      PageCount(UInt64(hardware?.geometry.dataTLB.entries ?? 0)).bytes(of: page),
      hardware?.geometry.sharedTLB.map { PageCount(UInt64($0.entries)).bytes(of: page) }
    )
    let latencies = hardware?.latencies
    let hasSharedTLB = hardware?.geometry.sharedTLB != nil
    let instructions = instructions
    cycles = latencies.map {
      CycleEstimate(
        observation.counters, $0, hasSharedTLB: hasSharedTLB,
        userInstructions: instructions.user, kernelInstructions: instructions.kernel)
    }
    aloneCycles = latencies.flatMap { latencies in
      observation.alone.map {
        CycleEstimate(
          $0, latencies, hasSharedTLB: hasSharedTLB, userInstructions: instructions.user,
          kernelInstructions: 0
        ).user.total
      }
    }
    var collector = FigureCollector(
      run, latencies, hasSharedTLB: hasSharedTLB, TraceSymbolizer(contents: contents))
    collector.collect(observation)
    areas = collector.areas
    functions = collector.functions
    pages = collector.pages
    causes = observation.causes.enumerated().compactMap { index, row in
      guard let cause = Cause(row: index), cause != .program else { return nil }
      let words = Array(row)
      let counters = Counters(words: words.dropFirst(CauseColumn.counters))
      guard words.dropFirst().contains(where: { $0 != 0 }) else { return nil }
      let estimate = latencies.map {
        CycleEstimate(
          counters, $0, hasSharedTLB: hasSharedTLB, userInstructions: 0, kernelInstructions: 0)
      }
      return CauseFigures(
        name: Self.name(of: cause), times: words[0], counters: counters,
        cycles: UInt64(estimate?.total ?? 0))
    }.sorted { $0.cycles > $1.cycles }
  }

  private static func name(of cause: Cause) -> String {
    if let call = cause.call { return SystemCallName.of(call) }
    return cause == .fault ? "(page faults)" : "(interrupts, switches, ends)"
  }
}
