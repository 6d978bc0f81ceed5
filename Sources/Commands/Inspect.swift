import ArgumentParser
import Glibc
import HostInspection
import Machine
import Reports

/// `kilburn inspect`: a live process's memory, and what it would cost on other pages.
struct Inspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show a live process's memory, and what it would cost on 4K, 16K and 64K pages.",
    usage: "kilburn inspect PID [<options>]\n       kilburn inspect --snapshot FILE [<options>]",
    discussion: """
      Its areas drawn to scale; what of them is in memory, shared, swapped, in huge pages; and from \
      the pages that it touched, what resident memory, page tables and TLB reach would be on pages \
      of each size: exact, but where a huge page hides what was touched, and then both bounds. \
      Programs and libraries whose segments are not aligned for larger pages are named.

      Of one's own processes no privilege is needed. With a process and --snapshot the file records \
      what was read; without a process it is shown again, on any machine.

      Examples:
        kilburn inspect $$
        kilburn inspect 4711 --snapshot server.snapshot
        kilburn inspect --snapshot server.snapshot --all
      """)

  @Argument(help: ArgumentHelp("The process's number, or 'self'.", valueName: "PID"))
  var process: String?

  @Option(help: ArgumentHelp("Records there, or shows what was recorded.", valueName: "file"))
  var snapshot: String?

  @Flag(help: "Lists all areas, not the largest.")
  var all = false

  @Option(help: ArgumentHelp("The TLB's entries, for its reach.", valueName: "entries"))
  var tlb: UInt64?

  @Flag(help: "JSON instead of text; Documentation/ReportFormat.md describes it.")
  var json = false

  /// No snapshot is longer.
  private static let limit = 1 << 30

  func run() throws {
    try Failing.run { () throws(MachineError) in
      if let tlb, tlb < 1 || tlb > 1 << 24 {
        throw .usage("--tlb: it is a number from 1 to 16777216")
      }
      var report = ProcessReport(try image(), tlbEntries: tlb)
      report.showsAll = all
      if json {
        try HostText.show(report.json.text)
      } else {
        try HostText.show(report.text(HostText.style))
      }
    }
  }

  private func image() throws(MachineError) -> ProcessImage {
    guard let process else {
      guard let snapshot else {
        throw .usage("inspect: which process?", hint: "name its number, or --snapshot FILE")
      }
      let bytes = try HostFile.everything(at: snapshot, limit: Self.limit)
      return try ProcessSnapshot.decode(bytes, called: snapshot)
    }
    let number = process == "self" ? UInt64(getpid()) : UInt64(process)
    guard let number, number > 0, number <= UInt64(Int32.max) else {
      throw .usage("inspect: '\(process)' is no process's number")
    }
    guard let snapshot else { return try ProcessReader.read(number) }
    // Opened first, so that a bad path fails before anything is read.
    let file = unsafe open(snapshot, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw .failure("--snapshot \(snapshot): \(HostFile.reason())") }
    let image: ProcessImage
    do throws(MachineError) {
      image = try ProcessReader.read(number)
    } catch {
      close(file)
      unsafe unlink(snapshot)
      throw error
    }
    guard Stream.write(ProcessSnapshot.encode(image), to: file), close(file) == 0 else {
      throw .failure("--snapshot \(snapshot): \(HostFile.reason())")
    }
    return image
  }
}
