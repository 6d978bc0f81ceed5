/// Why a machine cannot be built or run: a cause in one line and, where there is one, a hint.
public struct MachineError: Error, Equatable, CustomStringConvertible, Sendable {
  /// Who has to change something: the caller (a word of the command line or the machine file), or
  /// the host (a file, the emulator, the kernel image).
  public enum Kind: Sendable {
    case usage
    case failure
  }

  public var kind: Kind
  public var cause: String
  public var hint: String?

  /// A word of the command line or of a machine file that cannot be.
  public static func usage(_ cause: String, hint: String? = nil) -> MachineError {
    MachineError(kind: .usage, cause: cause, hint: hint)
  }

  /// Something of the host that is missing or fails.
  public static func failure(_ cause: String, hint: String? = nil) -> MachineError {
    MachineError(kind: .failure, cause: cause, hint: hint)
  }

  /// The exit code it ends with: 64 (EX_USAGE) or 125.
  public var exitCode: Int32 { kind == .usage ? 64 : 125 }

  public var description: String { hint.map { "\(cause); \($0)" } ?? cause }
}
