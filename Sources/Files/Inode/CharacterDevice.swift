/// The character devices the machine has.
public enum CharacterDevice: UInt8, BitwiseCopyable, Sendable, CaseIterable {
  case null, zero, full, random, urandom
  /// The machine's console: reading takes standard input, writing goes to standard output.
  case console
  /// The controlling terminal.
  case terminal
  /// Standard error: a console whose bytes go to a channel of their own.
  case standardError
  /// Standard output: the console under a number by which libraries know that a line is to be seen
  /// when it is complete.
  ///
  /// A C library writes line by line to a terminal. On Linux's console programs are at one, and what
  /// they printed is there when a signal ends them or they fork. Here nobody sits at the console,
  /// and programs that ask for a terminal's properties are told so, as they would format for one;
  /// but glibc takes every device with a pseudo-terminal's number for one that wants lines
  /// (libio/filedoalloc.c).
  case standardOutput
  /// The kernel's log, a record a read or write.
  case kernelMessages

  /// The number that `st_rdev` shows (Documentation/admin-guide/devices.txt).
  public var number: DeviceNumber {
    switch self {
    case .null: DeviceNumber(1, 3)
    case .zero: DeviceNumber(1, 5)
    case .full: DeviceNumber(1, 7)
    case .random: DeviceNumber(1, 8)
    case .urandom: DeviceNumber(1, 9)
    case .kernelMessages: DeviceNumber(1, 11)
    case .terminal: DeviceNumber(5, 0)
    case .console, .standardError: DeviceNumber(5, 1)
    case .standardOutput: DeviceNumber(136, 0)
    }
  }

  /// What `/dev` lets whom do with it (drivers/char/mem.c: devlist).
  var permissions: UInt32 {
    switch self {
    case .console: 0o600
    case .kernelMessages: 0o644
    default: 0o666
    }
  }

  /// Whether it is a terminal, if somebody sits at the console.
  public var isConsole: Bool {
    switch self {
    case .console, .terminal, .standardError, .standardOutput: true
    case .null, .zero, .full, .random, .urandom, .kernelMessages: false
    }
  }
}
