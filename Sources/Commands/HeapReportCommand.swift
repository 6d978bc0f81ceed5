import TraceFiles
import ArgumentParser
import HeapTraces
import Machine
import Reports

/// `kilburn heap report`: who holds memory, from a recorded trace.
struct HeapReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Say of a trace of allocations who holds memory, at the end and at the peak.",
    discussion: """
      Reads what `kilburn heap replay` reads; the callers are those that the trace has (of \
      `kilburn run --heap-record` and heaptrack whole stacks, of mtrace one caller each).

      Examples:
        kilburn heap report app.kht
        kilburn heap report --stacks peak:app.folded heaptrack.app.4711.zst
      """)

  @Argument(help: ArgumentHelp("The trace, or '-'.", valueName: "TRACE"))
  var trace: String

  @Option(
    help: ArgumentHelp(
      "Writes stacks for flame graphs.",
      discussion:
        "Of \(HeapProfileReport.Measure.allCases.map(\.rawValue).joined(separator: ", ")).",
      valueName: "measure:file"))
  var stacks: [String] = []

  @Option(
    help: ArgumentHelp(
      "Also writes everything to this file.",
      discussion: "Documentation/ReportFormat.md describes it.", valueName: "file"))
  var json: String?

  @Option(help: ArgumentHelp("How many places each list has.", valueName: "number"))
  var limit = 10

  @Option(
    help: ArgumentHelp("mtrace, workload, heaptrack or kilburn; else found.", valueName: "name"))
  var format: String?

  @Flag(help: "Passes over frees of pointers that the trace does not know.")
  var skipUnknown = false

  func run() throws {
    do throws(MachineError) {
      let stacks = try HeapOptions.stacks(stacks, option: "stacks")
      guard limit > 0 else { throw .usage("--limit: it takes one place at least") }
      var file: JSONFile?
      if let json { file = try JSONFile(json) }
      let (report, failure) = try read()
      for (measure, path) in stacks { try report.write(measure, to: path, option: "stacks") }
      try file?.write(report.json)
      let style = Style(
        isTerminal: Stream.output.isTerminal, noColor: Environment.value(of: "NO_COLOR"),
        terminal: Environment.value(of: "TERM"))
      let lines =
        report.text(style) + (failure == nil ? [] : ["", "partial: the trace is damaged"])
      _ = Stream.output.write(Array(lines.map { $0 + "\n" }.joined().utf8))
      if let failure { throw MachineError.failure("\(failure)") }
    } catch {
      Stream.error.line("kilburn: \(error)")
      throw ExitCode(error.exitCode == 64 ? 64 : 1)
    }
  }

  /// The profile of all that can be read, and why it is not all.
  private func read() throws(MachineError) -> (HeapProfileReport, TraceError?) {
    do throws(TraceError) {
      let reader = try HeapTraceFile.open(
        trace, format: HeapConvert.format(format), HeapTraceOptions(skipsUnknown: skipUnknown))
      var profile = HeapProfile()
      let batch = HeapEventBatch()
      while true {
        batch.removeAll()
        reader.read(into: batch)
        for index in 0..<batch.count { profile.add(batch[index]) }
        if batch.count == 0 || batch.failure != nil { break }
      }
      var report = HeapProfileReport(profile, reader.sites)
      report.limit = limit
      return (report, batch.failure)
    } catch {
      throw error.kind == .usage ? .usage(error.message) : .failure("\(error)")
    }
  }
}

extension HeapProfileReport {
  /// Writes folded stacks to a file.
  func write(_ measure: Measure, to path: String, option: String) throws(MachineError) {
    try OutputFile.write(
      folded(by: measure).map { $0 + "\n" }.joined(), to: path, option: option)
  }
}
