import Glibc
import ProcessLaunch

/// QEMU's system emulator on this host.
package struct Emulator: Sendable {
  /// The oldest version that has been tried.
  package static let oldest = Version(major: 7, minor: 2)
  static let program = "qemu-system-aarch64"
  /// The variable that names another program.
  static let variable = "KILBURN_QEMU"

  package let path: String

  /// A version as QEMU numbers its own.
  package struct Version: Comparable, CustomStringConvertible, Sendable {
    package var major: Int
    package var minor: Int

    package static func < (a: Self, b: Self) -> Bool { (a.major, a.minor) < (b.major, b.minor) }
    package var description: String { "\(major).\(minor)" }
  }

  /// Finds it: where `KILBURN_QEMU` says, or in the folders of `PATH`.
  package init() throws(MachineError) {
    let named = Environment.value(of: Self.variable)
    let found = named.map { HostFile.isProgram($0) ? $0 : nil } ?? HostFile.inPath(Self.program)
    guard let found else {
      throw .failure(
        "\(named ?? Self.program) is not installed",
        hint: "Debian and Ubuntu have it in the package qemu-system-arm")
    }
    path = found
  }

  /// Begins to ask for its version, so that other work can be done meanwhile.
  func askForVersion() throws(MachineError) -> Question { try Question(path) }

  /// The version; refuses one that is too old.
  @discardableResult
  package func version() throws(MachineError) -> Version { try askForVersion().answer() }

  /// A running `--version`.
  final class Question {
    private let path: String
    private var process: ChildProcess

    init(_ path: String) throws(MachineError) {
      self.path = path
      process = try ChildProcess([path, "--version"])
    }

    func answer() throws(MachineError) -> Version {
      // "QEMU emulator version 7.2.22 (Debian …)"
      let output = try HostFile.everything(from: process.output, limit: 1 << 16) ?? []
      process.wait()
      let text = String(decoding: output, as: UTF8.self)
      let words = text.split(whereSeparator: \.isWhitespace)
      let numbers = words.drop { $0 != "version" }.dropFirst().first?.split(separator: ".") ?? []
      guard numbers.count >= 2, let major = Int(numbers[0]),
        let minor = Int(numbers[1].prefix(while: \.isNumber))
      else { throw .failure("\(path) does not say which version of QEMU it is") }
      let version = Version(major: major, minor: minor)
      guard version >= Emulator.oldest else {
        throw .failure(
          "\(path) is QEMU \(version), which is too old",
          hint: "\(Emulator.oldest) or later is needed")
      }
      return version
    }
  }
}
