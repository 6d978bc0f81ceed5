import TraceFiles
import ArgumentParser
import HeapTraces
import Machine
import Reports

/// `kilburn heap replay`: a trace of allocations through glibc's malloc, with any tunables.
struct HeapReplayCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay",
    abstract: "Play a trace of allocations through glibc's malloc, with any tunables.",
    discussion: """
      Shows what the allocator makes of a program's calls: the footprint over time, live bytes \
      against footprint, system calls and faults, what pins the top of the heap, and what trimming \
      would return. Options that are lists are compared, a column each.

      FILE is what mtrace(3) wrote, a workload of glibc's malloc trace utilities, heaptrack's data \
      (raw or interpreted), or Kilburn's own trace (Documentation/HeapTrace.md); gzip and zstd are \
      unpacked; '-' is standard input. The exit code is 1 where the trace cannot be played to its \
      end; what came before is shown and said to be a part.

      Examples:
        kilburn heap replay app.mtrace
        kilburn heap replay heaptrack.app.4711.zst --page-size 4K,16K,64K
        kilburn heap replay app.kht --arena-max 1,2,8 --tcache-count 0,7
        kilburn heap replay app.kht --tunables glibc.malloc.top_pad=1048576 --svg app.svg
      """)

  @Argument(help: ArgumentHelp("The trace, or '-'.", valueName: "FILE"))
  var file: String

  @OptionGroup(title: "Allocator options")
  var tuning: HeapTuning

  @Option(
    help: ArgumentHelp("mtrace, workload, heaptrack or kilburn; else found.", valueName: "name"))
  var format: String?

  @Flag(help: "Passes over frees of pointers that the trace does not know.")
  var skipUnknown = false

  @Flag(help: "JSON instead of text; Documentation/ReportFormat.md describes it.")
  var json = false

  @Option(help: ArgumentHelp("Also writes the moments as a table there.", valueName: "file"))
  var csv: String?

  @Option(help: ArgumentHelp("Also draws them there.", valueName: "file"))
  var svg: String?

  func run() throws {
    do throws(TraceError) {
      let report = try report()
      do throws(MachineError) { try show(report) } catch {
        throw TraceError(.unreadable, "\(error)")
      }
      let failures = report.columns.compactMap(\.result.failure)
      if let first = failures.first { throw first }
    } catch {
      Stream.error.line("kilburn: \(error)")
      throw ExitCode(error.exitCode)
    }
  }

  private func report() throws(TraceError) -> ReplayReport {
    let columns = try tuning.options()
    guard columns.count == 1 || file != "-" else {
      throw TraceError(.usage, "standard input can be played once only, not compared")
    }
    var played: [ReplayReport.Column] = []
    for options in columns {
      played.append(.init(options: options, result: try Self.play(reader(), options)))
    }
    return ReplayReport(file: file, columns: played)
  }

  private func show(_ report: ReplayReport) throws(MachineError) {
    if let csv { try OutputFile.write(report.csv, to: csv, option: "csv") }
    if let svg { try OutputFile.write(report.svg, to: svg, option: "svg") }
    if json {
      try HostText.show(report.json.text)
    } else {
      try HostText.show(report.text(HostText.style))
    }
  }

  private static func play(_ reader: any HeapTraceReader, _ options: ReplayOptions)
    throws(TraceError) -> ReplayResult
  {
    try HeapReplay(options).play(reader)
  }

  private func reader() throws(TraceError) -> any HeapTraceReader {
    try HeapTraceFile.open(
      file, format: HeapConvert.format(format), HeapTraceOptions(skipsUnknown: skipUnknown))
  }
}
