import BoardFormat
import Machine

/// Several runs of one program, a column each.
package struct SideBySide {
  private let reports: [RunReport]

  package init(_ reports: [RunReport]) { self.reports = reports }

  /// The table.
  package func text(_ style: Style) -> [String] {
    var table = TextTable([.left] + Array(repeating: .right, count: reports.count))
    table.rows.append([""] + reports.map { "\($0.machine.pageSize.text) pages" })
    func row(_ name: String, _ value: (RunReport, Statistics) -> String) {
      table.rows.append(
        [name] + reports.map { report in report.result.statistics.map { value(report, $0) } ?? "-" }
      )
    }
    table.rows.append(["ended by"] + reports.map { $0.shortEnding })
    row("resident at most") { $0.bytes($1.peakResident).rounded }
    row("  anonymous") { $0.bytes($1.residentAnonymous).rounded }
    row("  file") { $0.bytes($1.residentFile).rounded }
    row("  tmpfs") { $0.bytes($1.residentShared).rounded }
    row("virtual at most") { $0.bytes($1.peakVirtual).rounded }
    row("page tables") { report, _ in
      report.bytes(report.tablePages.reduce(0) { $0 + $1.pages }).rounded
    }
    row("  levels") { report, _ in "\(report.machine.levels)" }
    row("minor faults") { $1.minorFaults.grouped }
    row("major faults") { $1.majorFaults.grouped }
    row("user instructions") { $1.userInstructions.grouped }
    row("kernel instructions") { $1.kernelInstructions.grouped }
    row("boot instructions") { $1.bootInstructions.grouped }
    row("frames not returned") { report, _ in report.kept.missing.grouped }
    let command = reports.first?.arguments.joined(separator: " ") ?? ""
    return ["", style.heading(command.count > 90 ? command.prefix(89) + "…" : command)]
      + table.lines()
  }
}

extension RunReport {
  /// How it ended in a word or two.
  var shortEnding: String {
    switch result.ending {
    case .exited(let status): "exit \(status)"
    case .signalled(let number, _, _): SignalName.of(number)
    default: result.ending.word
    }
  }
}
