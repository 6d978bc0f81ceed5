import Arm64
import Cores
import HardwareModel
import Machine
import MemoryTraces
import MemoryTypes
import Reports
import TraceFiles
import TraceReplay

/// Traces on one machine: what `kilburn replay` shows, and a column of `kilburn compare`.
struct ReplaySession {
  var traces: [String]
  var options: TraceOptions
  /// The recorded kernel is not used where it could be: columns beside it have none.
  var isServed = false

  /// The machine that recorded the one trace there is; nil for traces of others, and several.
  func recorder() throws(TraceError) -> TracedMachine? {
    guard traces.count == 1, traces[0] != "-" else { return nil }
    return (try open(traces[0]) as? OwnTraceReader)?.machine
  }

  private func open(_ path: String) throws(TraceError) -> any MemoryTraceReader {
    try MemoryTraceFile.open(path, format: try options.named())
  }

  /// Opens all of them.
  func opened() throws(TraceError) -> [ReplayedTrace] {
    var opened: [ReplayedTrace] = []
    for path in traces {
      opened.append(ReplayedTrace(path, try open(path), part: options.part))
    }
    return opened
  }

  /// Plays traces that were opened for it; `tick` hears of it, and ends it with false.
  func play(
    _ opened: [ReplayedTrace], on machine: MachineDescription, tick: () -> Bool
  ) throws(TraceError) -> TraceReplayReport {
    guard let hardware = machine.core.hardware else {
      throw TraceError(
        .usage, "--core: the file of \(machine.core.name) says nothing of TLBs and caches")
    }
    var setup = machine.replaySetup(hardware.geometry)
    setup.quantum = options.quantum ?? setup.quantum
    setup.swap = machine.configuration.swap
    let result: ReplayResult
    if let own = Self.machine(of: opened), !isServed, setup.isMachine(own) {
      var replay = try RecordedReplay(own, hardware.geometry)
      result = replay.play(opened[0], tick: tick)
    } else {
      var replay = try ServedReplay(setup)
      result = replay.play(opened, tick: tick)
    }
    return TraceReplayReport(
      result, pageSize: machine.pageSize, vaBits: machine.vaBits, core: machine.core.name,
      latencies: hardware.latencies, hasSharedTLB: hardware.geometry.sharedTLB != nil)
  }

  /// What recorded the one trace there is.
  static func machine(of opened: [ReplayedTrace]) -> TracedMachine? {
    opened.count == 1 ? (opened[0].reader as? OwnTraceReader)?.machine : nil
  }
}

extension MachineDescription {
  /// What a replay on this machine needs.
  fileprivate func replaySetup(_ core: CoreGeometry) -> ReplaySetup {
    ReplaySetup(
      translation: translation, hasHardwareAccessAndDirty: hardwareAccessAndDirty,
      banks: banks.map { $0.start..<$0.end }, core: core)
  }

  /// Whether a trace that this machine recorded would be replayed with its own kernel.
  func isRecorder(_ own: TracedMachine) -> Bool {
    core.hardware.map { replaySetup($0.geometry).isMachine(own) } ?? false
  }
}
