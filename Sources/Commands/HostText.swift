import HostInspection
import Machine
import Reports

/// What the views of the host have in common: where their text comes from and how it is shown.
enum HostText {
  /// No text of `/proc` that is explained here is longer.
  private static let limit = 1 << 26

  /// The text of `--file`, or the running kernel's.
  static func bytes(_ file: String?, or live: String) throws(MachineError) -> [UInt8] {
    try HostFile.everything(at: file ?? live, limit: limit)
  }

  /// How text may look on standard output.
  static var style: Style {
    Style(
      isTerminal: Stream.output.isTerminal, noColor: Environment.value(of: "NO_COLOR"),
      terminal: Environment.value(of: "TERM"))
  }

  /// Writes a report to standard output; an error when nobody takes it.
  static func show(_ lines: [String]) throws(MachineError) {
    try show(lines.map { $0 + "\n" }.joined())
  }

  static func show(_ text: String) throws(MachineError) {
    guard Stream.output.write(Array(text.utf8)) else {
      throw .failure("standard output: \(HostFile.reason())")
    }
  }
}
