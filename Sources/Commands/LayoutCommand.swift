import ArgumentParser
import KernelHistory
import Machine
import Reports

/// `kilburn layout`: where everything lies in a kernel's address space.
struct LayoutCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "layout",
    abstract: "Show where everything lies in a kernel's address space.",
    discussion: """
      Every region of both halves and the gaps between them, top to bottom, of any arm64 kernel \
      from 3.18 on: by the formulas of that version's headers, for any page size, number of bits \
      and KASAN. With --ram the linear map is shown as far as there is RAM; with --symbols the \
      sections of the image are shown, too.

      Examples:
        kilburn layout
        kilburn layout --kernel 4.14 --va-bits 39 --ram 4G
        kilburn layout --kernel 6.12 --page-size 16K --va-bits 52 --actual-va-bits 47
        kilburn layout --kasan generic --symbols System.map --json
        kilburn layout --svg layout.svg
      """)

  @OptionGroup(title: "Kernel options")
  var options: LayoutOptions

  @Flag(help: "JSON instead of text; Documentation/ReportFormat.md describes it.")
  var json = false

  @Option(help: ArgumentHelp("Also draws it into this file.", valueName: "file"))
  var svg: String?

  func run() throws {
    try Failing.run { () throws(MachineError) in
      let report = LayoutReport(try options.map(), symbols: try options.kernelSymbols())
      if let svg { try OutputFile.write(report.svg, to: svg, option: "svg") }
      if json {
        try HostText.show(report.json.text)
      } else {
        try HostText.show(report.text(HostText.style))
      }
    }
  }
}
