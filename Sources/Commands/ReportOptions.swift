import ArgumentParser
import BoardFormat
import Machine

/// The options that say what is reported, and where.
struct ReportOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Also writes everything to this file.",
      discussion: "Documentation/ReportFormat.md describes it.", valueName: "file"))
  var json: String?

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      "Shows texts as they were at the program's end.",
      discussion: "Of \(ReportOptions.names.joined(separator: ", ")).", valueName: "list"))
  var show: [String] = []

  @Flag(name: .shortAndLong, help: "Only the guest's own output, and what --show asks for.")
  var quiet = false

  @Flag(
    help: "Says in plain words why a process died for want of memory, and what would have saved it."
  )
  var explainOom = false

  /// What may be shown: the kernel's texts, and its log.
  static let names = Text.allCases.map(\.name) + ["log"]

  /// The names that were asked for.
  func shown() throws(MachineError) -> [String] {
    var names: [String] = []
    for list in show {
      for name in list.split(separator: ",").map(String.init) {
        guard Self.names.contains(name) else {
          throw .usage(
            "--show: there is no text '\(name)'",
            hint: "there are \(Self.names.joined(separator: ", "))")
        }
        names.append(name)
      }
    }
    return names
  }
}

extension Text {
  /// Its name on the command line and on the console.
  var name: String { self == .kernelPageTables ? "kernel_page_tables" : "\(self)" }
}
