import ArgumentParser
import BoardFormat
import Machine
import Reports

/// `kilburn trace`: runs an arm64 Linux program and logs what its memory made the kernel do.
struct Trace: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run an arm64 Linux program and log every call, fault, area, frame and entry.",
    usage: "kilburn trace [<options>] [--] PROGRAM [ARGS…]",
    discussion: """
      One log of causes and effects: each system call with its arguments and result, each fault \
      with its address, and under them what they did: areas, frames, tables and entries, TLB \
      invalidations; with the program's callers by the symbols of its files. The log goes to \
      standard error, or to --output; the first column counts instructions from the start, the \
      second is the task. Costs in it are without the tracing itself, which a program that looks \
      at the clock does see.

      --filter names causes (call, fault, task, or system calls by name) and effects (area, frame, \
      table, tlb, signal, stack); without a cause, or without an effect, all of them are shown; \
      !WORD takes one away.

      Examples:
        kilburn trace ./hello
        kilburn trace --filter brk,mmap,munmap,fault,!tlb -- ./hello
        kilburn trace --json --output log.jsonl --sysroot /srv/arm64 /bin/ls
      """)

  @OptionGroup
  var guest: GuestRunOptions

  @OptionGroup
  var report: ReportFileOption

  @Option(
    help: ArgumentHelp(
      "Which causes and which effects are shown.",
      discussion: "Of \(TraceFilter.kinds.joined(separator: ", ")), and the names of calls.",
      valueName: "list"))
  var filter: [String] = []

  @Flag(help: "JSON lines instead of text; Documentation/ReportFormat.md describes them.")
  var json = false

  @Argument(
    parsing: .captureForPassthrough,
    help: ArgumentHelp("The program and its arguments.", valueName: "PROGRAM"))
  var command: [String] = []

  func run() throws {
    try end(command) { () throws(MachineError) in
      let filter = try traceFilter()
      let prepared = try guest.prepare(command, verb: "trace")
      let file = try report.destination(or: .error)
      return try TraceSession(prepared, filter: filter, form: json ? .json : .text, file: file)
        .run()
    }
  }

  private func traceFilter() throws(MachineError) -> TraceFilter {
    do throws(UnknownTraceWord) {
      return try TraceFilter(
        filter.flatMap { $0.split(separator: ",").map(String.init) })
    } catch {
      throw .usage(
        "--filter: there is no '\(error.word)'",
        hint: "there are \(TraceFilter.kinds.joined(separator: ", ")), and system calls by name")
    }
  }
}
