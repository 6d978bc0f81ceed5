import Arm64
import ArgumentParser
import Cores
import HardwareModel
import Machine
import MemoryTraces
import Reports
import TraceFiles
import TraceReplay

/// `kilburn replay`: traces of accesses through a core's memory hardware.
struct ReplayCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay",
    abstract: "Play traces of memory accesses through a core's TLBs and caches.",
    discussion: """
      A TRACE is one of Kilburn's own (kilburn run --record; Documentation/MemoryTrace.md), what \
      valgrind's lackey prints with --trace-mem=yes, ChampSim's instructions, DynamoRIO's \
      drmemtrace, QEMU's execlog or perf script's samples of memory; gzip, zstd, xz and ZIP are \
      unpacked; '-' is standard input. Several traces are processes that take turns on one core.

      A trace of our own brings its machine with it, and is replayed with the recorded kernel and \
      tables: the counts are those of the run. On another machine, and for traces of others, the \
      kernel's libraries serve the faults: mappings appear as they are first touched. The exit \
      code is 1 where a trace cannot be read to its end; what came before is shown and marked.

      Examples:
        kilburn replay app.kmt
        kilburn replay app.kmt --page-size 64K --core neoverse-v2
        valgrind --tool=lackey --trace-mem=yes ./app 2>&1 >/dev/null | kilburn replay -
        kilburn replay 602.gcc_s-734B.champsimtrace.xz 605.mcf_s-472B.champsimtrace.xz
      """)

  @Argument(help: ArgumentHelp("The traces; '-' is standard input.", valueName: "TRACE"))
  var traces: [String]

  @OptionGroup(title: "Machine options")
  var machine: MachineOptions

  @Option(
    help: ArgumentHelp(
      "\(MemoryTraceFile.Format.allCases.map(\.rawValue).joined(separator: ", ")); else found.",
      valueName: "name"))
  var format: String?

  @Option(
    help: ArgumentHelp(
      "The accesses after which the next of several processes runs.", valueName: "number"))
  var quantum: UInt64 = 1_000_000

  @Option(
    help: ArgumentHelp(
      "Counts by cachegrind's rules, with its caches: size,ways,line of each.",
      discussion: "No translation, no core. 32768,8,64:32768,8,64:8388608,16,64",
      valueName: "I1:D1:LL"))
  var cachegrind: String?

  @Flag(help: "JSON instead of text; Documentation/ReportFormat.md describes it.")
  var json = false

  func run() throws {
    do throws(TraceError) {
      guard quantum > 0 else { throw TraceError(.usage, "--quantum: it is 1 access at least") }
      guard traces.filter({ $0 == "-" }).count < 2 else {
        throw TraceError(.usage, "standard input is one trace only")
      }
      if let cachegrind { return try CachegrindReplay.run(cachegrind, traces, named(format), json) }
      let report = try report()
      try Self.show(json ? [report.json.text] : report.text(HostText.style).map { $0 + "\n" })
      if let failure = report.result.failure { throw failure }
    } catch {
      Stream.error.line("kilburn: \(error)")
      throw ExitCode(error.exitCode)
    }
  }

  /// Shows lines, or says that nobody took them.
  static func show(_ lines: [String]) throws(TraceError) {
    do throws(MachineError) { try HostText.show(lines.joined()) } catch {
      throw TraceError(.unreadable, "\(error)")
    }
  }

  private func named(_ name: String?) throws(TraceError) -> MemoryTraceFile.Format? {
    guard let name else { return nil }
    guard let format = MemoryTraceFile.Format(rawValue: name) else {
      let known = MemoryTraceFile.Format.allCases.map(\.rawValue).joined(separator: ", ")
      throw TraceError(.usage, "--format: there is no format '\(name)'; it is one of \(known)")
    }
    return format
  }

  private func report() throws(TraceError) -> TraceReplayReport {
    let format = try named(format)
    var opened: [ReplayedTrace] = []
    for path in traces {
      opened.append(ReplayedTrace(path, try MemoryTraceFile.open(path, format: format)))
    }
    let own = opened.count == 1 ? (opened[0].reader as? OwnTraceReader)?.machine : nil
    let chosen = try choose(own)
    guard let hardware = chosen.core.hardware else {
      throw TraceError(
        .usage, "--core: the file of \(chosen.core.name) says nothing of TLBs and caches")
    }
    var setup = ReplaySetup(
      translation: chosen.translation, hasHardwareAccessAndDirty: chosen.hardwareAccessAndDirty,
      banks: chosen.banks.map { $0.start..<$0.end }, core: hardware.geometry)
    setup.quantum = quantum
    let progress = ReplayProgress(opened)
    let result: ReplayResult
    if let own, setup.isMachine(own) {
      var replay = try RecordedReplay(own, hardware.geometry)
      result = replay.play(opened[0]) { progress.tick() }
    } else {
      var replay = try ServedReplay(setup)
      result = replay.play(opened) { progress.tick() }
    }
    progress.end()
    return TraceReplayReport(
      result, pageSize: chosen.pageSize, vaBits: chosen.vaBits, core: chosen.core.name,
      latencies: hardware.latencies, hasSharedTLB: hardware.geometry.sharedTLB != nil)
  }

  /// The machine: what is asked for, and otherwise the one that recorded the trace.
  private func choose(_ own: TracedMachine?) throws(TraceError) -> MachineDescription {
    let refused: [(String, Bool)] = [
      ("--mem-total", machine.memTotal != nil), ("--mmap-min-addr", machine.mmapMinAddr != nil),
      ("--rodata", machine.rodata != nil), ("--overcommit", machine.overcommit != nil),
      ("--aslr", machine.aslr != nil), ("--sysroot", machine.sysroot != nil),
      ("--bind", !machine.bind.isEmpty), ("--env", !machine.env.isEmpty),
      ("--module", !machine.module.isEmpty), ("--kasan", machine.kasan),
    ]
    if let option = refused.first(where: \.1) {
      throw TraceError(.usage, "\(option.0): a replay runs no program, and has nothing of it")
    }
    do throws(MachineError) {
      let configurations = try machine.configurations()
      guard configurations.count == 1, var configuration = configurations.first else {
        throw .usage("--page-size: a replay has one machine")
      }
      if let own, machine.machine == nil {
        if machine.pageSize == nil && machine.vaBits == nil {
          configuration.pageSize = own.geometry.pageSize
          configuration.vaBits = own.geometry.vaBits
        }
        if machine.core == nil && !own.core.isEmpty {
          configuration.core = try Core(choosing: own.core)
        }
        if machine.hwAfdbm == nil && machine.core == nil {
          configuration.hardwareAccessAndDirty = own.hasHardwareAccessAndDirty
        }
      }
      return try configuration.described()
    } catch { throw TraceError(error.exitCode == 64 ? .usage : .unreadable, "\(error)") }
  }
}
