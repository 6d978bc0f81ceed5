/// Why a signal came: `struct kernel_siginfo` of arm64, the 48 bytes of `siginfo_t` that are used.
///
/// ```
///  0  number, error number, code        16  what hangs on the code:
///     SI_USER, SI_TKILL   pid, uid                     SI_QUEUE   pid, uid, value
///     SI_TIMER            timer, overruns, value       CLD_*      pid, uid, status, user and
///     faults              address                                 system time in 1/100 s
/// ```
/// Source: include/uapi/asm-generic/siginfo.h.
public struct SignalInfo: BitwiseCopyable, Hashable, Sendable {
  public var number: Int32
  public var errorNumber: Int32 = 0
  public var code: Int32
  private var unused: UInt32 = 0
  public var first: UInt64 = 0
  public var second: UInt64 = 0
  public var third: UInt64 = 0
  public var fourth: UInt64 = 0

  @inlinable public init(_ signal: Signal, code: Int32) {
    number = Int32(truncatingIfNeeded: signal.rawValue)
    self.code = code
  }

  /// What `kill` and its family tell: who sent it.
  @inlinable public init(_ signal: Signal, code: Int32, from pid: Int32, user: UInt32) {
    self.init(signal, code: code)
    first = Self.words(pid, user)
  }

  /// What a fault tells: its address.
  @inlinable public init(_ signal: Signal, code: Int32, address: UInt64) {
    self.init(signal, code: code)
    first = address
  }

  @inlinable public var signal: Signal { Signal(rawValue: UInt32(truncatingIfNeeded: number)) }
  /// The number of the sender, of the child, or of the timer.
  @inlinable public var process: Int32 { Int32(truncatingIfNeeded: first) }
  @inlinable public var user: UInt32 {
    get { UInt32(truncatingIfNeeded: first &>> 32) }
    set { first = first & 0xffff_ffff | UInt64(newValue) &<< 32 }
  }
  /// Of CLD_*: the exit code or the signal.
  @inlinable public var status: Int32 { Int32(truncatingIfNeeded: second) }
  /// Of SI_TIMER: how often it fired without being taken.
  @inlinable public var overruns: Int32 {
    get { Int32(truncatingIfNeeded: first &>> 32) }
    set { first = first & 0xffff_ffff | UInt64(UInt32(bitPattern: newValue)) &<< 32 }
  }

  @inlinable static func words(_ low: Int32, _ high: UInt32) -> UInt64 {
    UInt64(UInt32(bitPattern: low)) | UInt64(high) &<< 32
  }

  /// Whether the kernel alone may say so of itself to others: SI_USER and above, and SI_TKILL
  /// (do_rt_sigqueueinfo()).
  @inlinable public var claimsKernel: Bool { code >= 0 || code == SignalCode.threadKill }

  /// Whether nothing but the 48 bytes can mean anything (known_siginfo_layout()).
  public var hasKnownLayout: Bool {
    if code == SignalCode.kernel { return true }
    if code > 0 { return code <= (Self.greatestCode(number) ?? 6) }
    return code >= -7 || code == -60
  }

  /// The kind of its fields (siginfo_layout()).
  public var layout: Layout {
    if code > 0 && code < SignalCode.kernel {
      if let limit = Self.greatestCode(number), code <= limit {
        switch number {
        case 17: return .child
        case 29: return .poll
        case 31: return .systemCall
        default: return .fault
        }
      }
      return code <= 6 ? .poll : .kill
    }
    if code == SignalCode.timer { return .timer }
    if code == -5 { return .poll }
    return code < 0 ? .queue : .kill
  }

  public enum Layout: BitwiseCopyable, Sendable {
    case kill, timer, poll, fault, child, queue, systemCall
  }

  /// The greatest code of a signal that has codes of its own (NSIGILL and its like).
  private static func greatestCode(_ number: Int32) -> Int32? {
    switch number {
    case 4: 11  // ILL
    case 8: 15  // FPE
    case 11: 9  // SEGV
    case 7: 5  // BUS
    case 5: 6  // TRAP
    case 17: 6  // CHLD
    case 29: 6  // POLL
    case 31: 2  // SYS
    default: nil
    }
  }
}

/// Values of `si_code`.
public enum SignalCode {
  /// kill, raise; and what is left of a signal that there was no room for.
  @inlinable public static var user: Int32 { 0 }
  @inlinable public static var kernel: Int32 { 0x80 }
  @inlinable public static var queue: Int32 { -1 }
  @inlinable public static var timer: Int32 { -2 }
  @inlinable public static var threadKill: Int32 { -6 }
  // SIGCHLD's.
  @inlinable public static var exited: Int32 { 1 }
  @inlinable public static var killed: Int32 { 2 }
  @inlinable public static var dumped: Int32 { 3 }
  @inlinable public static var stopped: Int32 { 5 }
  @inlinable public static var continued: Int32 { 6 }
}
