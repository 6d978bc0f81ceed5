import ArgumentParser
import Cores
import Machine
import Reports

/// `kilburn core`: the cores that there are, and what is known of one.
struct CoreCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "core",
    abstract: "Show the cores of --core: TLBs, caches, latencies, and where each figure is from.",
    discussion: """
      Without a name, all of them. With one, or with a file of one's own: every figure of its \
      file, with the manual, measurement or article that says so, or why it was assumed; the CPU \
      that QEMU runs in its place, and what of that is hidden. Documentation/CoreFiles.md \
      describes the file.

      Examples:
        kilburn core
        kilburn core neoverse-n1
        kilburn core ./own.yaml --json
        kilburn core cortex-a76 --chase --page-size 64K --svg chase.svg
      """)

  @Argument(help: ArgumentHelp("A core's name, or its file.", valueName: "name|file"))
  var core: String?

  @Flag(help: "JSON instead of text; Documentation/ReportFormat.md describes it.")
  var json = false

  @Flag(help: "The core's file as it is, to begin one's own with.")
  var file = false

  @Flag(
    help: "What a load costs that waits for the one before, over growing working sets.")
  var chase = false

  @Option(help: ArgumentHelp("With --chase: 4K, 16K or 64K pages.", valueName: "size"))
  var pageSize: String?

  @Option(help: ArgumentHelp("With --chase: also writes the curve there.", valueName: "file"))
  var csv: String?

  @Option(help: ArgumentHelp("With --chase: also draws it there.", valueName: "file"))
  var svg: String?

  func run() throws {
    try Failing.run { () throws(MachineError) in
      if !chase, csv != nil || svg != nil || pageSize != nil {
        throw .usage("--csv, --svg and --page-size are for --chase")
      }
      if chase && json {
        throw .usage("--json: a curve is no object", hint: "--csv FILE has its points")
      }
      guard let core else { return try showAll() }
      if chase { return try showChase(on: core) }
      if file {
        guard let bytes = CorePresets.file(core) else {
          throw .usage("--file: there is no core '\(core)'", hint: "'kilburn core' lists them")
        }
        return try HostText.show(String(decoding: bytes, as: UTF8.self))
      }
      let report = CoreReport(try CoreDescription(choosing: core))
      if json {
        try HostText.show(report.json.text)
      } else {
        try HostText.show(report.text(HostText.style))
      }
    }
  }

  private func showChase(on core: String) throws(MachineError) {
    var configuration = MachineConfiguration()
    try configuration.set(.core, to: core)
    if let pageSize { try configuration.set(.pageSize, to: pageSize) }
    let report = try ChaseReport(configuration.core, try configuration.described())
    if let csv { try OutputFile.write(report.csv, to: csv, option: "csv") }
    if let svg { try OutputFile.write(report.svg, to: svg, option: "svg") }
    try HostText.show(report.text(HostText.style))
  }

  private func showAll() throws(MachineError) {
    if file || chase { throw .usage("--\(file ? "file" : "chase"): of which core?") }
    var cores: [CoreDescription] = []
    for name in CorePresets.names { cores.append(try CoreDescription(choosing: name)) }
    if json {
      let all: JSON = [
        "format": "kilburn-cores", "version": 1,
        "cores": .array(cores.map { CoreReport($0).json }),
      ]
      try HostText.show(all.text)
    } else {
      try HostText.show(CoreReport.list(cores, HostText.style))
    }
  }
}
