package import BoardFormat

/// How a run ended and what the machine left.
package struct RunResult: Sendable {
  package var ending: Ending
  /// What the kernel counted; nil where it did not come to that.
  package var statistics: Statistics?
  /// The texts that the kernel wrote, by name.
  package var texts: [(name: String, bytes: [UInt8])] = []
  /// The kernel's log.
  package var log: [String] = []
  /// What became of the folders that the guest may change; nil where there are none.
  package var export: ExportResult?

  package init(
    ending: Ending, statistics: Statistics?, texts: [(name: String, bytes: [UInt8])], log: [String]
  ) {
    self.ending = ending
    self.statistics = statistics
    self.texts = texts
    self.log = log
  }

  /// The text of that name.
  package func text(_ name: String) -> String? {
    bytes(of: name).map { String(decoding: $0, as: UTF8.self) }
  }

  /// The same as it came.
  package func bytes(of name: String) -> [UInt8]? {
    texts.last { $0.name == name }?.bytes
  }
}

/// Who ended a run, and how.
package enum Ending: Equatable, Sendable {
  /// The program called exit.
  case exited(status: UInt32)
  /// A signal ended the program, with the faulting address and the program counter.
  case signalled(number: UInt32, address: UInt64, programCounter: UInt64)
  /// The out-of-memory killer ended the program.
  case outOfMemory
  /// The kernel could not start the program.
  case notStarted(errno: UInt32)
  /// The kernel died.
  case kernelFault
  /// The machine stopped at a system call, or at an address (all ones), where it was to be looked at.
  case stopped(call: UInt32, programCounter: UInt64)
  /// This process was asked to end.
  case interrupted(signal: Int32)
  /// The time that was given is over.
  case timedOut(seconds: Int)
  /// Nobody reads our standard output any more.
  case outputClosed
  /// The emulator ended by itself.
  case emulatorFailed(String)

  /// Whether this process ended the run, and not the guest.
  var isOurs: Bool {
    switch self {
    case .interrupted, .timedOut, .outputClosed: true
    default: false
    }
  }

  /// The exit code of `kilburn run`.
  package var exitCode: Int32 {
    switch self {
    case .exited(let status): Int32(status & 0xff)
    case .signalled(let number, _, _): 128 + Int32(number & 0x7f)
    case .outOfMemory: 128 + 9
    case .stopped: 0
    case .interrupted(let signal): 128 + signal
    case .outputClosed: 128 + 13
    case .notStarted, .kernelFault, .timedOut, .emulatorFailed: 125
    }
  }
}
