import ArgumentParser
import Machine

/// `kilburn doctor`: says what this host lacks.
struct Doctor: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Say what this host lacks.")

  func run() throws {
    print(try Emulator().version())
  }
}
