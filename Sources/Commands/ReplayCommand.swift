import ArgumentParser
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
      kernel's libraries serve the faults: mappings appear as they are first touched, and go where \
      the trace tells that they were unmapped; what does not fit in RAM goes to swap (four times \
      the RAM unless --swap says otherwise). The exit code is 1 where a trace cannot be read to its \
      end, 130 after a Ctrl-C; what came before is shown and marked.

      Examples:
        kilburn replay app.kmt
        kilburn replay app.kmt --page-size 64K --core neoverse-v2
        kilburn replay app.kmt --from 1000000000 --to 1100000000
        valgrind --tool=lackey --trace-mem=yes ./app 2>&1 >/dev/null | kilburn replay -
        kilburn replay 602.gcc_s-734B.champsimtrace.xz 605.mcf_s-472B.champsimtrace.xz
      """)

  @Argument(help: ArgumentHelp("The traces; '-' is standard input.", valueName: "TRACE"))
  var traces: [String]

  @OptionGroup(title: "Machine options")
  var machine: MachineOptions

  @OptionGroup(title: "Trace options")
  var options: TraceOptions

  @Option(
    help: ArgumentHelp(
      "Counts by cachegrind's rules, with its caches: size,ways,line of each.",
      discussion: "No translation, no core. 32768,8,64:32768,8,64:8388608,16,64",
      valueName: "I1:D1:LL"))
  var cachegrind: String?

  @Flag(help: "JSON instead of text; Documentation/ReportFormat.md describes it.")
  var json = false

  func run() throws {
    var isInterrupted = false
    do throws(TraceError) {
      try options.check(traces)
      if cachegrind != nil, options.from != nil || options.to != nil {
        throw TraceError(.usage, "--from and --to: cachegrind counts whole programs")
      }
      if let cachegrind {
        return try CachegrindReplay.run(cachegrind, traces, try options.named(), json)
      }
      let report = try report()
      try Self.show(json ? [report.json.text] : report.text(HostText.style).map { $0 + "\n" })
      if let failure = report.result.failure { throw failure }
      isInterrupted = report.result.isInterrupted
    } catch {
      Stream.error.line("kilburn: \(error)")
      throw ExitCode(error.exitCode)
    }
    if isInterrupted {
      Stream.error.line("kilburn: interrupted: what was played until then is shown")
      throw ExitCode(130)
    }
  }

  /// Shows lines, or says that nobody took them.
  static func show(_ lines: [String]) throws(TraceError) {
    do throws(MachineError) { try HostText.show(lines.joined()) } catch {
      throw TraceError(.unreadable, "\(error)")
    }
  }

  private func report() throws(TraceError) -> TraceReplayReport {
    try machine.checkForReplay()
    let session = ReplaySession(traces: traces, options: options)
    let opened = try session.opened()
    let chosen = try choose(ReplaySession.machine(of: opened))
    let progress = ReplayProgress(opened)
    defer { progress.end() }
    return try session.play(opened, on: chosen) { progress.tick() }
  }

  /// The machine: what is asked for, and otherwise the one that recorded the trace.
  private func choose(_ own: TracedMachine?) throws(TraceError) -> MachineDescription {
    do throws(MachineError) {
      let configurations = try machine.configurations(from: try machine.base(recordedBy: own))
      guard configurations.count == 1, let configuration = configurations.first else {
        throw .usage("--page-size: a replay has one machine", hint: "kilburn compare has several")
      }
      return try machine.fitting(configuration, own).described()
    } catch { throw TraceError(error) }
  }
}

extension TraceError {
  /// What is wrong with a machine, where traces are played.
  init(_ error: MachineError) {
    self.init(error.exitCode == 64 ? .usage : .unreadable, "\(error)")
  }
}
