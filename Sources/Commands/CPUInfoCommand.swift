import ArgumentParser
import HostInspection
import Machine
import Reports

/// `kilburn cpuinfo`: explains `/proc/cpuinfo`.
struct CPUInfoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cpuinfo",
    abstract: "Explain this machine's processors, or those of a recorded /proc/cpuinfo.",
    discussion: """
      Every line of /proc/cpuinfo with what it means, CPUs that are alike together: who made them, \
      which design they are, what they can address, which of their features concern memory; and \
      which CPUs are threads of one core. x86 and arm64.

      Examples:
        kilburn cpuinfo
        kilburn cpuinfo --file phone.cpuinfo --json
      """)

  @Option(help: ArgumentHelp("A recorded /proc/cpuinfo instead.", valueName: "file"))
  var file: String?

  @Flag(help: "JSON instead of text; Documentation/ReportFormat.md describes it.")
  var json = false

  func run() throws {
    try Failing.run { () throws(MachineError) in
      let info = CPUInfo(try HostText.bytes(file, or: "/proc/cpuinfo"))
      guard !info.processors.isEmpty else {
        throw .failure("\(file ?? "/proc/cpuinfo"): there is no processor in it")
      }
      let report = CPUReport(info, host: file == nil ? HostCPUs(info) : nil)
      if json {
        try HostText.show(report.json.text)
      } else {
        try HostText.show(report.text(HostText.style))
      }
    }
  }
}
