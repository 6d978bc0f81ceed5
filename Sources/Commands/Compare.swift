import ArgumentParser
import Machine
import MemoryTraces
import Reports
import TraceFiles

/// `kilburn compare`: one program, or traces, on several machines.
struct Compare: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run a program or play traces on several machines, compared in one table.",
    usage: """
      kilburn compare [<options>] [--] PROGRAM [ARGS…]
      kilburn compare [<options>] TRACE…
      """,
    discussion: """
      A machine option with a comma list makes a column of each of its values; several lists make \
      all combinations (RAM in several banks, size@address, is one value). The machines run at the \
      same time, one a processor of this host; runs are repeatable, so the figures are the same as \
      one after the other. What the program writes is not shown. A column that cannot be, or whose \
      run fails, says why, and the others stand. With --observe every access goes through the model \
      of the column's core: misses of a thousand instructions, walks, estimated cycles.

      A file that begins as one of the traces of 'kilburn replay' is no program: it is played on \
      each of the machines. What a replay does not know is '-'. Where a trace brings its kernel and \
      only some columns are its machine, all are played without it, so that they compare.

      The least of each row is marked; percentages are of the first column. Internal fragmentation \
      is the resident memory that the column with the least of it did without.

      Examples:
        kilburn compare --page-size 4K,16K,64K -- ./program
        kilburn compare --observe --page-size 4K,16K --core neoverse-n1,neoverse-v2 -- ./program
        kilburn compare --page-size 4K,64K --hw-afdbm on,off --csv runs.csv -- ./program
        kilburn compare --core neoverse-n1,cortex-a53 --page-size 4K,64K app.kmt
      """)

  @OptionGroup
  var guest: GuestRunOptions

  @OptionGroup(title: "Observer options")
  var observer: ObserverOptions

  @OptionGroup(title: "Trace options")
  var trace: TraceOptions

  @Option(help: ArgumentHelp("Also writes the comparison to this file.", valueName: "file"))
  var json: String?

  @Option(help: ArgumentHelp("Also writes it to this file, a line a column.", valueName: "file"))
  var csv: String?

  @Option(help: ArgumentHelp("Runs so many at a time.", valueName: "number"))
  var jobs: Int?

  @Argument(
    parsing: .captureForPassthrough,
    help: ArgumentHelp("The program and its arguments; or traces.", valueName: "PROGRAM"))
  var command: [String] = []

  func run() throws {
    try end(command) { () throws(MachineError) in
      let words = try GuestWords.program(of: command, verb: "compare")
      try guest.check()
      if let jobs, !(1...256 ~= jobs) { throw .usage("--jobs: it is 1 to 256") }
      if observer.record != nil {
        throw .usage("--record: a trace is of one machine", hint: "kilburn run --record makes it")
      }
      let compared = try compared(words)
      let file = try json.map(JSONFile.init)
      // Opened before the runs, so that a bad path fails early.
      if let csv { try OutputFile.write("", to: csv, option: "csv") }
      let comparison = try compared()
      if let csv { try OutputFile.write(comparison.csv, to: csv, option: "csv") }
      try file?.write(comparison.json)
      if let why = comparison.commonFailure { throw .failure(why) }
      try HostText.show(comparison.text(HostText.style))
      return comparison.isWhole ? 0 : 125
    }
  }

  /// What makes the comparison, once all words have been looked at.
  private func compared(_ words: [String]) throws(MachineError) -> () throws(MachineError) ->
    Comparison
  {
    let jobs = jobs ?? HostProcessors.count
    guard ComparedTraces.areMeant(by: words, trace) else {
      let session = CompareSession(columns: try guest.machine.columns(), jobs: jobs)
      let runs = ComparedRuns(
        command: words, kernel: guest.kernel, timeout: guest.timeout,
        observer: observer.isAsked ? observer : nil)
      return { () throws(MachineError) in try runs.compare(session) }
    }
    let traces: ComparedTraces
    let recorder: TracedMachine?
    do throws(TraceError) {
      if let option = words.first(where: { $0.hasPrefix("--") }) {
        throw TraceError(.usage, "\(option) stands behind a trace: options come before them")
      }
      try checkForTraces()
      traces = try ComparedTraces(words, trace)
      recorder = try traces.session.recorder()
    } catch { throw MachineError(error) }
    let base = try guest.machine.base(recordedBy: recorder)
    let columns = try guest.machine.columns(from: base).map { column in
      MachineColumn(
        words: column.words,
        configuration: column.configuration.map { guest.machine.fitting($0, recorder) })
    }
    return { () throws(MachineError) in
      try traces.compare(CompareSession(columns: columns, jobs: jobs))
    }
  }

  /// Refuses what is of programs that run.
  private func checkForTraces() throws(TraceError) {
    try guest.machine.checkForReplay()
    let refused: [(String, Bool)] = [
      ("--kernel", guest.kernel != nil), ("--timeout", guest.timeout != nil),
      ("--observe-check", observer.observeCheck), ("--observe-apart", observer.observeApart),
    ]
    if let option = refused.first(where: \.1) {
      throw TraceError(.usage, "\(option.0): a replay runs no program, and has nothing of it")
    }
  }
}
