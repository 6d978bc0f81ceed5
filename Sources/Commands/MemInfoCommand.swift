import ArgumentParser
import Glibc
import HostInspection
import Machine
import Reports

/// `kilburn meminfo`: explains `/proc/meminfo`.
struct MemInfoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "meminfo",
    abstract: "Explain where all the memory is, on this machine or by a recorded /proc/meminfo.",
    discussion: """
      Memory divided among what holds it, so that nothing is counted twice and what nobody counts \
      is named; every line explained; the equations between lines that should hold; and warnings \
      where a number deserves one. A node's text (/sys/devices/system/node/node0/meminfo) and the \
      meminfo of a run (kilburn run --show meminfo) are read, too.

      Examples:
        kilburn meminfo
        kilburn meminfo --watch --interval 2
        kilburn meminfo --file server.meminfo --json
      """)

  @Option(help: ArgumentHelp("A recorded /proc/meminfo instead.", valueName: "file"))
  var file: String?

  @Flag(help: "Shows it again and again, with what changed; Ctrl-C ends it.")
  var watch = false

  @Option(help: ArgumentHelp("With --watch: seconds from one to the next.", valueName: "seconds"))
  var interval: Double = 1

  @Option(help: ArgumentHelp("With --watch: ends after so many.", valueName: "number"))
  var count: Int?

  @Flag(help: "JSON instead of text, with --watch a line each; see Documentation/ReportFormat.md.")
  var json = false

  func run() throws {
    try Failing.run { () throws(MachineError) in
      guard interval >= 0.01, interval <= 86400 else {
        throw .usage("--interval: it is between 0.01 and 86400 seconds")
      }
      guard count.map({ $0 > 0 }) ?? true else {
        throw .usage("--count: it is one at least")
      }
      if watch {
        try watchOn()
      } else {
        let report = try report()
        if json {
          try HostText.show(report.json.text)
        } else {
          try HostText.show(report.text(HostText.style))
        }
      }
    }
  }

  private func report() throws(MachineError) -> MemoryReport {
    let info = MemInfo(try HostText.bytes(file, or: "/proc/meminfo"))
    guard info.size("MemTotal") != nil else {
      throw .failure("\(file ?? "/proc/meminfo"): it does not say MemTotal")
    }
    return MemoryReport(info)
  }

  private func watchOn() throws(MachineError) {
    var earlier: MemoryReport?
    var left = count ?? Int.max
    while left > 0 {
      let report = try report()
      if json {
        try HostText.show(report.json.line + "\n")
      } else {
        let style = HostText.style
        // On a terminal the last one is overwritten; elsewhere one follows the other.
        if style.isRich { try HostText.show("\u{1b}[H\u{1b}[2J") }
        let changes = earlier.map { report.changes(since: $0, style) } ?? []
        try HostText.show(report.overview(style) + changes + (style.isRich ? [] : [""]))
      }
      earlier = report
      left -= 1
      if left > 0 { usleep(UInt32(interval * 1_000_000)) }
    }
  }
}
