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

  @OptionGroup(title: "Machine options")
  var machine: MachineOptions

  @Option(
    help: ArgumentHelp(
      "Which causes and which effects are shown.",
      discussion: "Of \(TraceFilter.kinds.joined(separator: ", ")), and the names of calls.",
      valueName: "list"))
  var filter: [String] = []

  @Flag(help: "JSON lines instead of text; Documentation/ReportFormat.md describes them.")
  var json = false

  @Option(name: .shortAndLong, help: ArgumentHelp("Where the log goes.", valueName: "file"))
  var output: String?

  @Option(
    help: ArgumentHelp(
      "The kernel image, instead of the one built with the tool.", valueName: "file"))
  var kernel: String?

  @Option(help: ArgumentHelp("Ends the run after so many seconds.", valueName: "seconds"))
  var timeout: Int?

  @Argument(
    parsing: .captureForPassthrough,
    help: ArgumentHelp("The program and its arguments.", valueName: "PROGRAM"))
  var command: [String] = []

  func run() throws {
    if ["-h", "--help"].contains(command.first) { throw CleanExit.helpRequest(self) }
    let status: Int32
    do throws(MachineError) {
      if let timeout, timeout < 1 { throw .usage("--timeout: it takes a second at least") }
      let words = try GuestWords.program(of: command, verb: "trace")
      let machines = try machine.configurations()
      guard machines.count == 1 else {
        throw .usage("--page-size: a trace is of one machine", hint: "name one page size")
      }
      var session = try TraceSession(
        words, machine: machines[0], filter: try traceFilter(), form: json ? .json : .text,
        output: output)
      session.kernel = kernel
      session.timeout = timeout
      status = try session.run()
    } catch {
      Stream.error.line("kilburn: \(error)")
      status = error.exitCode
    }
    if status != 0 { throw ExitCode(status) }
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
