import ArgumentParser
import Machine

/// `kilburn doctor`: says what this host lacks.
struct Doctor: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Say what this host lacks.",
    discussion: """
      Each line is something that Kilburn uses. The exit code is 1 if something is missing that it
      cannot do without.

      Example:
        kilburn doctor
      """)

  func run() throws {
    let findings = Diagnosis.findings()
    let width = findings.map(\.subject.count).max() ?? 0
    for finding in findings {
      let verdict = finding.isPresent ? "ok      " : finding.isNeeded ? "missing " : "optional"
      let space = String(repeating: " ", count: width - finding.subject.count)
      Stream.output.line("\(verdict)  \(finding.subject)\(space)  \(finding.detail)")
    }
    if findings.contains(where: { $0.isNeeded && !$0.isPresent }) { throw ExitCode(1) }
  }
}
