/// What a thread has to do for the stop of its process (`jobctl`).
struct JobControl: OptionSet, BitwiseCopyable {
  var rawValue: UInt32
  init(rawValue: UInt32) { self.rawValue = rawValue }

  /// It has to stop (JOBCTL_STOP_PENDING).
  static var stopPending: JobControl { JobControl(rawValue: 1) }
  /// It counts among those that have not stopped yet (JOBCTL_STOP_CONSUME).
  static var stopConsume: JobControl { JobControl(rawValue: 2) }
  /// It has taken a stopping signal that SIGCONT has not revoked (JOBCTL_STOP_DEQUEUED).
  static var stopDequeued: JobControl { JobControl(rawValue: 4) }
}

/// How far the stop of a process has come (`signal_struct.flags`, `group_stop_count`).
///
///     threadsToStop == threads with .stopConsume
struct StopState: BitwiseCopyable {
  /// All threads have stopped (SIGNAL_STOP_STOPPED).
  var isStopped = false
  /// SIGCONT has come, and wait has not been told (SIGNAL_STOP_CONTINUED).
  var isContinued = false
  /// What the first thread that runs again tells the parent (SIGNAL_CLD_MASK): 0, CLD_STOPPED or
  /// CLD_CONTINUED.
  var news: Int32 = 0
  var threadsToStop = 0
  /// The signal that stops it, until wait has been told (`group_exit_code`).
  var signal: UInt32 = 0
}

/// How a call goes on that ended with ERESTART_RESTARTBLOCK (`struct restart_block`).
public struct RestartBlock: BitwiseCopyable, Sendable {
  public enum Kind: UInt8, BitwiseCopyable, Sendable { case none, sleep, executionSleep, futex }
  public var kind: Kind
  /// The moment that it waits for, in ticks; of execution time, in nanoseconds.
  public var deadline: UInt64 = 0
  /// Of a futex its address, of a sleep where the time that is left is stored, or 0.
  public var address: UInt64 = 0
  /// Of a futex: the value, the bits, and whether it is private; the value is the clock of a sleep on
  /// execution time.
  public var value: UInt32 = 0
  public var bits: UInt32 = 0
  public var flags: UInt32 = 0

  public init(_ kind: Kind, until deadline: UInt64 = 0, address: UInt64 = 0) {
    self.kind = kind
    self.deadline = deadline
    self.address = address
  }

  /// Nothing to go on with: EINTR (do_no_restart_syscall()).
  public static var none: RestartBlock { RestartBlock(.none) }
}
