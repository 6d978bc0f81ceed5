import ArgumentParser
import BoardFormat
import Glibc
import Machine
import Reports

/// What verbs share that run a program: the machine, the kernel on it, and how long.
struct GuestRunOptions: ParsableArguments {
  @OptionGroup(title: "Machine options")
  var machine: MachineOptions

  @Option(
    help: ArgumentHelp(
      "The kernel image, instead of the one built with the tool.", valueName: "file"))
  var kernel: String?

  @Option(help: ArgumentHelp("Ends the run after so many seconds.", valueName: "seconds"))
  var timeout: Int?

  /// Does what a verb does, and ends as the program did, or with a line about what is wrong.
  static func end(_ body: () throws(MachineError) -> Int32) throws {
    let status: Int32
    do throws(MachineError) {
      status = try body()
    } catch {
      Stream.error.line("kilburn: \(error)")
      status = error.exitCode
    }
    if status != 0 { throw ExitCode(status) }
  }

  /// Whether what is asked can be, as far as it is known without a program.
  func check() throws(MachineError) {
    if let timeout, timeout < 1 { throw .usage("--timeout: it takes a second at least") }
  }

  /// The program of a command line on the one machine that the options describe.
  func prepare(_ command: [String], verb: String) throws(MachineError) -> PreparedRun {
    try check()
    let words = try GuestWords.program(of: command, verb: verb)
    let machines = try machine.configurations()
    guard machines.count == 1, let configuration = machines.first else {
      throw .usage("--page-size: \(verb) is of one machine", hint: "name one page size")
    }
    let machine = try configuration.described()
    let guest = try Guest(
      program: words[0], arguments: Array(words.dropFirst()), configuration: configuration,
      standardInput: Stream.input.isTerminal ? nil : try StandardInput.everything {})
    var run = MachineRun(
      machine: machine, emulator: try Emulator(),
      kernel: try KernelImage(path: kernel, isSanitized: configuration.isSanitized))
    run.timeout = timeout
    return PreparedRun(guest: guest, machine: machine, run: run)
  }
}

extension ParsableCommand {
  /// Does what a verb does with the words behind its options, and ends as the program did.
  ///
  /// What comes first of the words that are not ours is ours after all if it asks for help.
  func end(_ command: [String], _ body: () throws(MachineError) -> Int32) throws {
    if ["-h", "--help"].contains(command.first) { throw CleanExit.helpRequest(self) }
    try GuestRunOptions.end(body)
  }
}

/// A program and its machine, ready to run.
struct PreparedRun {
  let guest: Guest
  let machine: MachineDescription
  var run: MachineRun

  /// Hands on what the program writes.
  static func forward(_ stream: MachineRun.OutputStream, _ bytes: [UInt8]) -> Bool {
    (stream == .standardOutput ? Stream.output : .error).write(bytes)
  }

  /// Says how a run ended that gave no answer, with the end of the log before it; what it says.
  func explain(_ result: RunResult) -> String {
    for line in result.log.suffix(100) { Stream.error.line(line) }
    let report = RunReport(machine: machine, arguments: guest.arguments, result: result)
    return "\(report.program) \(report.endingText)"
  }
}

/// `--output`, of verbs whose report is all that they write.
struct ReportFileOption: ParsableArguments {
  @Option(name: .shortAndLong, help: ArgumentHelp("Where the report goes.", valueName: "file"))
  var output: String?

  /// What the report goes to, opened before the run so that a bad path fails early.
  func destination(or stream: Stream) throws(MachineError) -> ReportFile {
    try ReportFile(output, or: stream)
  }
}

/// Where a report is written: a file of an option's, or a stream.
struct ReportFile {
  let descriptor: Int32
  private let path: String?

  fileprivate init(_ path: String?, or stream: Stream) throws(MachineError) {
    self.path = path
    guard let path else {
      descriptor = stream.rawValue
      return
    }
    descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw .failure("--output \(path): \(HostFile.reason())") }
  }

  /// The style for it: colours only where a person reads.
  var style: Style {
    Style(
      isTerminal: path == nil && isatty(descriptor) == 1,
      noColor: Environment.value(of: "NO_COLOR"), terminal: Environment.value(of: "TERM"))
  }

  func write(_ text: String) -> Bool {
    text.isEmpty || Stream.write(Array(text.utf8), to: descriptor)
  }

  /// Writes the last of it.
  func finish(_ text: String) throws(MachineError) {
    guard write(text), path == nil || close(descriptor) == 0 else {
      throw .failure("the report: \(HostFile.reason())")
    }
  }
}
