/// Why a machine cannot be built or run: a cause in one line and, where there is one, a hint.
package struct MachineError: Error, Equatable, CustomStringConvertible, Sendable {
  /// Who has to change something: the caller (a word of the command line or the machine file), or
  /// the host (a file, the emulator, the kernel image).
  package enum Kind: Equatable, Sendable {
    case usage
    case failure
  }

  package var kind: Kind
  package var cause: String
  package var hint: String?

  /// A word of the command line or of a machine file that cannot be.
  package static func usage(_ cause: String, hint: String? = nil) -> MachineError {
    MachineError(kind: .usage, cause: cause, hint: hint)
  }

  /// Something of the host that is missing or fails.
  package static func failure(_ cause: String, hint: String? = nil) -> MachineError {
    MachineError(kind: .failure, cause: cause, hint: hint)
  }

  /// The exit code it ends with: 64 (EX_USAGE) or 125.
  package var exitCode: Int32 { kind == .usage ? 64 : 125 }

  package var description: String { hint.map { "\(cause); \($0)" } ?? cause }
}
