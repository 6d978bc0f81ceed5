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

  @OptionGroup
  var guest: GuestRunOptions

  @OptionGroup
  var report: ReportFileOption

  @Option(help: ArgumentHelp("A recorded /proc/slabinfo instead.", valueName: "file"))
  var file: String?

  @Option(
    help: ArgumentHelp(
      "What comes first.",
      discussion: """
        One of \(SlabReport.Order.allCases.map(\.rawValue).joined(separator: ", ")), or a letter \
        of slabtop's.
        """,
      valueName: "order"))
  var sort: String = SlabReport.Order.footprint.rawValue

  @Flag(help: "Also caches that have no slab.")
  var all = false

  @Flag(help: "JSON instead of text; see Documentation/ReportFormat.md.")
  var json = false

  @Argument(
    parsing: .captureForPassthrough,
    help: ArgumentHelp("The program and its arguments.", valueName: "PROGRAM"))
  var command: [String] = []

  func run() throws {
    try end(command) { () throws(MachineError) in
      guard let order = SlabReport.Order(word: sort) else {
        let orders = SlabReport.Order.allCases.map(\.rawValue).joined(separator: ", ")
        throw .usage(
          "--sort: there is no order '\(sort)'", hint: "there are \(orders), and slabtop's letters")
      }
      return command.isEmpty ? try showText(order) : try showRun(order)
    }
  }

  /// Shows a text's caches, or this host's.
  private func showText(_ order: SlabReport.Order) throws(MachineError) -> Int32 {
    let live = "/proc/slabinfo"
    let info = try SlabInfo(try HostText.bytes(file, or: live), of: file ?? live)
    let own = PageSize(shift: UInt64(sysconf(Int32(_SC_PAGESIZE)).trailingZeroBitCount))
    let page = file == nil ? own ?? info.fittingPageSize : info.fittingPageSize
    try write(
      SlabReport(info, page: page, order: order), to: try report.destination(or: .output))
    return 0
  }

  /// Runs the program and shows the caches that it leaves.
  private func showRun(_ order: SlabReport.Order) throws(MachineError) -> Int32 {
    guard file == nil else {
      throw .usage("--file: a program is run, or a text is shown", hint: "leave one of them out")
    }
    var prepared = try guest.prepare(command, verb: "slab")
    let destination = try report.destination(or: .error)
    prepared.run.texts = [.slabinfo]
    let result = try prepared.run.run(prepared.guest, output: PreparedRun.forward)
    guard let text = result.text("slabinfo") else {
      throw .failure("there is no slabinfo: \(prepared.explain(result))")
    }
    let info = try SlabInfo(Array(text.utf8), of: "the run's slabinfo")
    try write(SlabReport(info, page: prepared.machine.pageSize, order: order), to: destination)
    return result.ending.exitCode
  }

  private func write(_ report: SlabReport, to file: ReportFile) throws(MachineError) {
    try file.finish(
      json
        ? report.json.text
        : report.text(file.style, all: all).map { $0 + "\n" }.joined())
  }
}
