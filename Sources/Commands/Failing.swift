import ArgumentParser
import Machine

/// How a verb that only looks at things ends: with 0, 1 or 64, and a line on standard error where
/// something is wrong.
enum Failing {
  static func run(_ body: () throws(MachineError) -> Void) throws {
    do throws(MachineError) {
      try body()
    } catch {
      Stream.error.line("kilburn: \(error)")
      throw ExitCode(error.kind == .usage ? error.exitCode : 1)
    }
  }
}
