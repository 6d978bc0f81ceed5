import ArgumentParser
import Arm64
import Cores
import Machine
import MemoryTraces
import MemoryTypes
import TraceFiles

/// The options of verbs that play traces of accesses.
struct TraceOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The traces' format, where it is not to be found out: \(Self.formats).", valueName: "name"))
  var format: String?

  @Option(
    help: ArgumentHelp(
      "The accesses after which the next of several processes runs (1,000,000).",
      valueName: "number"))
  var quantum: UInt64?

  @Option(
    help: ArgumentHelp(
      "Begins with this access of each trace, counted from 0.",
      discussion: "Traces of our own are sought in: what lies before is not read.",
      valueName: "number"))
  var from: UInt64?

  @Option(help: ArgumentHelp("Ends before this access of each trace.", valueName: "number"))
  var to: UInt64?

  private static var formats: String {
    MemoryTraceFile.Format.allCases.map(\.rawValue).joined(separator: ", ")
  }

  /// Whether one was given, so that the words are traces.
  var isGiven: Bool { format != nil || quantum != nil || from != nil || to != nil }

  /// The accesses that are played.
  var part: Range<UInt64> { (from ?? 0)..<(to ?? .max) }

  /// The format that is named; nil where none is.
  func named() throws(TraceError) -> MemoryTraceFile.Format? {
    guard let format else { return nil }
    guard let named = MemoryTraceFile.Format(rawValue: format) else {
      throw TraceError(
        .usage, "--format: there is no format '\(format)'; it is one of \(Self.formats)")
    }
    return named
  }

  /// Whether what is asked of these traces can be, as far as it is known without them.
  func check(_ traces: [String]) throws(TraceError) {
    if quantum == 0 { throw TraceError(.usage, "--quantum: it is 1 access at least") }
    guard from ?? 0 < to ?? .max else {
      throw TraceError(.usage, "--to \(to ?? 0): it is not behind --from \(from ?? 0)")
    }
    guard traces.filter({ $0 == "-" }).count < 2 else {
      throw TraceError(.usage, "standard input is one trace only")
    }
    _ = try named()
  }
}

extension MachineOptions {
  /// Refuses what a machine has for programs only.
  func checkForReplay() throws(TraceError) {
    let refused: [(String, Bool)] = [
      ("--mem-total", memTotal != nil), ("--mem-free", memFree != nil),
      ("--mmap-min-addr", mmapMinAddr != nil), ("--rodata", rodata != nil),
      ("--overcommit", overcommit != nil), ("--aslr", aslr != nil),
      ("--sysroot", sysroot != nil), ("--bind", !bind.isEmpty), ("--env", !env.isEmpty),
      ("--module", !module.isEmpty), ("--cgroup", cgroup != nil),
      ("--memory-max", memoryMax != nil), ("--memory-high", memoryHigh != nil),
      ("--zram", zram != nil),
      ("--kasan", kasan),
    ]
    if let option = refused.first(where: \.1) {
      throw TraceError(.usage, "\(option.0): a replay runs no program, and has nothing of it")
    }
  }

  /// The machine that stands below what these options say: the one that recorded a trace, or the
  /// usual one.
  func base(recordedBy own: TracedMachine?) throws(MachineError) -> MachineConfiguration {
    var base = MachineConfiguration()
    guard let own, machine == nil else { return base }
    if pageSize == nil && vaBits == nil { base.pageSize = own.geometry.pageSize }
    guard core == nil else { return base }
    if !own.core.isEmpty { base.core = try Core(choosing: own.core) }
    if hwAfdbm == nil { base.hardwareAccessAndDirty = own.hasHardwareAccessAndDirty }
    return base
  }

  /// The same machine with addresses as wide as the trace's, where nobody says how wide they are
  /// and its pages can have them: what the program used has to fit.
  func fitting(
    _ configuration: MachineConfiguration, _ own: TracedMachine?
  ) -> MachineConfiguration {
    guard let bits = own?.geometry.vaBits, machine == nil, vaBits == nil,
      MachineConfiguration.vaBits(offeredWith: configuration.pageSize).contains(bits),
      bits < 52 || configuration.core.architecture.hasLargeAddresses
    else { return configuration }
    var fitting = configuration
    fitting.vaBits = bits
    return fitting
  }
}
