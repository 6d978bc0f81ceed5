import ArgumentParser
import BoardFormat
import Glibc
import HostInspection
import Machine
import MemoryTypes
import Reports

/// `kilburn slab`: the caches of the kernel's objects, of a run, of a text, or of this host.
struct SlabCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "slab",
    abstract: "Show what the kernel's own objects take: of a run, a saved slabinfo, or this host.",
    usage: "kilburn slab [<options>] [[--] PROGRAM [ARGS…]]",
    discussion: """
      The caches of /proc/slabinfo as slabtop shows them, the largest first. With a program it is \
      run, and the caches are shown as they were at its end, on standard error or in --output; \
      without one this host's are (which takes root to read), or those of --file.

      A cache counts an object as active that lives, or that a processor holds ready.

      Examples:
        kilburn slab -- busybox find /
        kilburn slab --page-size 64K --sort objects -- ./forks
        kilburn slab --file server.slabinfo --json
        sudo kilburn slab --sort use
      """)

  @OptionGroup(title: "Machine options")
  var machine: MachineOptions

  @Option(help: ArgumentHelp("A recorded /proc/slabinfo instead.", valueName: "file"))
  var file: String?

  @Option(
    help: ArgumentHelp(
      "What comes first.",
      discussion: "One of \(SlabReport.Order.allCases.map(\.rawValue).joined(separator: ", ")).",
      valueName: "order"))
  var sort: String = SlabReport.Order.footprint.rawValue

  @Flag(help: "Also caches that have no slab.")
  var all = false

  @Flag(help: "JSON instead of text; see Documentation/ReportFormat.md.")
  var json = false

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("Where the report goes.", valueName: "file"))
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
      guard let order = SlabReport.Order(rawValue: sort) else {
        let orders = SlabReport.Order.allCases.map(\.rawValue).joined(separator: ", ")
        throw .usage("--sort: there is no order '\(sort)'", hint: "there are \(orders)")
      }
      if let timeout, timeout < 1 { throw .usage("--timeout: it takes a second at least") }
      status = command.isEmpty ? try showText(order) : try showRun(order)
    } catch {
      Stream.error.line("kilburn: \(error)")
      status = error.exitCode
    }
    if status != 0 { throw ExitCode(status) }
  }

  /// Shows a text's caches, or this host's.
  private func showText(_ order: SlabReport.Order) throws(MachineError) -> Int32 {
    let live = "/proc/slabinfo"
    let info = try SlabInfo(try HostText.bytes(file, or: live), of: file ?? live)
    let own = PageSize(shift: UInt64(sysconf(Int32(_SC_PAGESIZE)).trailingZeroBitCount))
    let page = file == nil ? own ?? info.fittingPageSize : info.fittingPageSize
    try write(SlabReport(info, page: page, order: order), to: Stream.output.rawValue)
    return 0
  }

  /// Runs the program and shows the caches that it leaves.
  private func showRun(_ order: SlabReport.Order) throws(MachineError) -> Int32 {
    guard file == nil else {
      throw .usage("--file: a program is run, or a text is shown", hint: "leave one of them out")
    }
    let words = try GuestWords.program(of: command, verb: "slab")
    let machines = try machine.configurations()
    guard machines.count == 1 else {
      throw .usage("--page-size: caches are shown of one machine", hint: "name one page size")
    }
    let described = try machines[0].described()
    let input = Stream.input.isTerminal ? nil : try StandardInput.everything {}
    let guest = try Guest(
      program: words[0], arguments: Array(words.dropFirst()), configuration: machines[0],
      standardInput: input)
    var run = MachineRun(
      machine: described, emulator: try Emulator(), kernel: try KernelImage(path: kernel))
    run.texts = [.slabinfo]
    run.timeout = timeout
    let result = try run.run(guest) { stream, bytes in
      (stream == .standardOutput ? Stream.output : .error).write(bytes)
    }
    guard let text = result.text("slabinfo") else {
      for line in result.log.suffix(100) { Stream.error.line(line) }
      let report = RunReport(machine: described, arguments: guest.arguments, result: result)
      throw .failure("there is no slabinfo: \(report.program) \(report.endingText)")
    }
    let info = try SlabInfo(Array(text.utf8), of: "the run's slabinfo")
    try write(
      SlabReport(info, page: described.pageSize, order: order), to: Stream.error.rawValue)
    return result.ending.exitCode
  }

  private func write(_ report: SlabReport, to stream: Int32) throws(MachineError) {
    var descriptor = stream
    if let output {
      descriptor = unsafe open(output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
      guard descriptor >= 0 else { throw .failure("--output \(output): \(HostFile.reason())") }
    }
    let isTerminal = output == nil && isatty(stream) == 1
    let style = Style(
      isTerminal: isTerminal, noColor: Environment.value(of: "NO_COLOR"),
      terminal: Environment.value(of: "TERM"))
    let text =
      json
      ? report.json.text : report.text(style, all: all).map { $0 + "\n" }.joined()
    guard Stream.write(Array(text.utf8), to: descriptor) else {
      throw .failure("the report: \(HostFile.reason())")
    }
    if output != nil { close(descriptor) }
  }
}
