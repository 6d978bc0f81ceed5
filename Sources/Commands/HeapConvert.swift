import TraceFiles
import ArgumentParser
import HeapTraces

/// `kilburn heap convert`: any trace of allocations as Kilburn's own.
struct HeapConvert: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "convert",
    abstract: "Write a trace of allocations in Kilburn's format: smaller, and faster to replay.",
    discussion: """
      Reads what `kilburn heap replay` reads; Documentation/HeapTrace.md describes what is written.

      Example:
        kilburn heap convert heaptrack.app.4711.zst app.kht
      """)

  @Argument(help: ArgumentHelp("The trace, or '-'.", valueName: "IN"))
  var input: String

  @Argument(help: ArgumentHelp("The file to write, or '-'.", valueName: "OUT"))
  var output: String

  @Option(
    help: ArgumentHelp("mtrace, workload, heaptrack or kilburn; else found.", valueName: "name"))
  var format: String?

  @Flag(help: "Passes over frees of pointers that the trace does not know.")
  var skipUnknown = false

  /// A format by its name.
  static func format(_ name: String?) throws(TraceError) -> HeapTraceFile.Format? {
    guard let name else { return nil }
    guard let format = HeapTraceFile.Format(rawValue: name) else {
      let names = HeapTraceFile.Format.allCases.map(\.rawValue).joined(separator: ", ")
      throw TraceError(.usage, "--format cannot be '\(name)'; it is \(names)")
    }
    return format
  }

  func run() throws {
    do throws(TraceError) {
      let reader = try HeapTraceFile.open(
        input, format: Self.format(format), HeapTraceOptions(skipsUnknown: skipUnknown))
      let calls = try KilburnTraceWriter.convert(reader, to: output)
      Stream.error.line("\(calls) calls written to \(output)")
    } catch {
      Stream.error.line("kilburn: \(error)")
      throw ExitCode(error.exitCode)
    }
  }
}
