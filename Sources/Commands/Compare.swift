import ArgumentParser
import Machine
import Reports

/// `kilburn compare`: one program on several machines.
struct Compare: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run a program on several machines at once, and compare them in one table.",
    usage: "kilburn compare [<options>] [--] PROGRAM [ARGS…]",
    discussion: """
      A machine option with a comma list makes a column of each of its values; several lists make \
      all combinations (RAM in several banks, size@address, is one value). The machines run at the \
      same time, one a processor of this host; runs are repeatable, so the figures are the same as \
      one after the other. What the program writes is not shown. A column that cannot be, or whose \
      run fails, says why, and the others stand. With --observe every access goes through the model \
      of the column's core: misses of a thousand instructions, walks, estimated cycles.

      The least of each row is marked; percentages are of the first column. Internal fragmentation \
      is the resident memory that the column with the least of it did without.

      Examples:
        kilburn compare --page-size 4K,16K,64K -- ./program
        kilburn compare --observe --page-size 4K,16K --core neoverse-n1,neoverse-v2 -- ./program
        kilburn compare --page-size 4K,64K --hw-afdbm on,off --csv runs.csv -- ./program
      """)

  @OptionGroup
  var guest: GuestRunOptions

  @OptionGroup(title: "Observer options")
  var observer: ObserverOptions

  @Option(help: ArgumentHelp("Also writes the comparison to this file.", valueName: "file"))
  var json: String?

  @Option(help: ArgumentHelp("Also writes it to this file, a line a column.", valueName: "file"))
  var csv: String?

  @Option(help: ArgumentHelp("Runs so many at a time.", valueName: "number"))
  var jobs: Int?

  @Argument(
    parsing: .captureForPassthrough,
    help: ArgumentHelp("The program and its arguments.", valueName: "PROGRAM"))
  var command: [String] = []

  func run() throws {
    if ["-h", "--help"].contains(command.first) { throw CleanExit.helpRequest(self) }
    try GuestRunOptions.end { () throws(MachineError) in
      let words = try GuestWords.program(of: command, verb: "compare")
      try guest.check()
      if let jobs, !(1...256 ~= jobs) { throw .usage("--jobs: it is 1 to 256") }
      if observer.record != nil {
        throw .usage("--record: a trace is of one machine", hint: "kilburn run --record makes it")
      }
      let columns = try guest.machine.columns()
      let file = try json.map(JSONFile.init)
      // Opened before the runs, so that a bad path fails early.
      if let csv { try OutputFile.write("", to: csv, option: "csv") }
      var session = CompareSession(
        command: words, columns: columns, kernel: guest.kernel, timeout: guest.timeout,
        jobs: jobs ?? HostProcessors.count)
      if observer.isAsked { session.observer = observer }
      let comparison = try session.run()
      if let csv { try OutputFile.write(comparison.csv, to: csv, option: "csv") }
      try file?.write(comparison.json)
      try HostText.show(comparison.text(HostText.style))
      let failed = comparison.columns.contains { column in
        if case .failed = column.outcome { true } else { false }
      }
      return failed ? 125 : 0
    }
  }
}
