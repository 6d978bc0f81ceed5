/// Whether a task has the CPU, could use it, or not (the letters of `/proc/PID/stat`).
public enum TaskState: UInt8, BitwiseCopyable, Sendable {
  case runnable  // R
  case blocked  // S
  case stopped  // T: by job control
  case zombie  // Z
  case dead  // X: on the way out, and nobody will ask for its status

  /// The letter that `/proc` shows.
  public var letter: UInt8 {
    switch self {
    case .runnable: 0x52
    case .blocked: 0x53
    case .stopped: 0x54
    case .zombie: 0x5A
    case .dead: 0x58
    }
  }
}

/// How a thread or a process ended.
public enum ExitStatus: BitwiseCopyable, Hashable, Sendable {
  case exited(UInt8)
  case signalled(Signal)

  /// The number that wait4 stores.
  public var waitStatus: UInt32 {
    switch self {
    case .exited(let code): UInt32(code) &<< 8
    case .signalled(let signal): signal.rawValue
    }
  }
}
