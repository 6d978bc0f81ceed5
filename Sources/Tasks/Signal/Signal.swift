/// A signal's number on arm64 (include/uapi/asm-generic/signal.h).
public struct Signal: RawRepresentable, BitwiseCopyable, Hashable, Sendable {
  public var rawValue: UInt32
  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// The number of signals: 1 to 64, from 32 on real-time ones (_NSIG).
  @inlinable public static var count: UInt32 { 64 }

  @inlinable public static var hangup: Signal { Signal(rawValue: 1) }
  @inlinable public static var interrupt: Signal { Signal(rawValue: 2) }
  @inlinable public static var quit: Signal { Signal(rawValue: 3) }
  @inlinable public static var illegalInstruction: Signal { Signal(rawValue: 4) }
  @inlinable public static var trap: Signal { Signal(rawValue: 5) }
  @inlinable public static var abort: Signal { Signal(rawValue: 6) }
  @inlinable public static var bus: Signal { Signal(rawValue: 7) }
  @inlinable public static var floatingPoint: Signal { Signal(rawValue: 8) }
  @inlinable public static var kill: Signal { Signal(rawValue: 9) }
  @inlinable public static var segmentationViolation: Signal { Signal(rawValue: 11) }
  @inlinable public static var pipe: Signal { Signal(rawValue: 13) }
  @inlinable public static var fileSizeExceeded: Signal { Signal(rawValue: 25) }
  @inlinable public static var child: Signal { Signal(rawValue: 17) }
  @inlinable public static var `continue`: Signal { Signal(rawValue: 18) }
  @inlinable public static var stop: Signal { Signal(rawValue: 19) }
  @inlinable public static var cpuLimit: Signal { Signal(rawValue: 24) }
  @inlinable public static var virtualTimer: Signal { Signal(rawValue: 26) }
  @inlinable public static var profilingTimer: Signal { Signal(rawValue: 27) }
  @inlinable public static var alarm: Signal { Signal(rawValue: 14) }

  /// Whether the number names a signal.
  @inlinable public var isValid: Bool { rawValue >= 1 && rawValue <= Self.count }

  /// What happens where no handler is set (include/linux/signal.h: the table above
  /// `sig_kernel_coredump`).
  public var defaultAction: DefaultAction {
    switch rawValue {
    case 17, 18, 23, 28: .ignore  // CHLD, CONT, URG, WINCH
    case 19, 20, 21, 22: .stop  // STOP, TSTP, TTIN, TTOU
    case 3, 4, 5, 6, 7, 8, 11, 24, 25, 31: .dump  // with a core file, were there any
    default: .terminate
    }
  }

  /// The end of a program, or not.
  public enum DefaultAction: BitwiseCopyable, Sendable { case terminate, dump, stop, ignore }

  /// Below the real-time signals, which are queued as often as they are sent (SIGRTMIN).
  @inlinable public var isStandard: Bool { rawValue < 32 }
  /// STOP, TSTP, TTIN, TTOU (sig_kernel_stop()).
  @inlinable public var isStopping: Bool { rawValue >= 19 && rawValue <= 22 }

  /// Neither caught, blocked nor ignored (sig_kernel_only()).
  @inlinable public var isUnblockable: Bool { self == .kill || self == .stop }
}

/// A set of signals, bit n-1 for signal n.
public struct SignalSet: BitwiseCopyable, Hashable, Sendable {
  public var rawValue: UInt64
  @inlinable public init(rawValue: UInt64 = 0) { self.rawValue = rawValue }

  @inlinable public func contains(_ signal: Signal) -> Bool {
    rawValue & (1 &<< UInt64(signal.rawValue &- 1)) != 0
  }
  @inlinable public mutating func insert(_ signal: Signal) {
    rawValue |= 1 &<< UInt64(signal.rawValue &- 1)
  }
  @inlinable public mutating func remove(_ signal: Signal) {
    rawValue &= ~(1 &<< UInt64(signal.rawValue &- 1))
  }
  /// SIGKILL and SIGSTOP, which no mask holds back.
  @inlinable public static var unblockable: SignalSet { SignalSet(rawValue: 1 << 8 | 1 << 18) }
  /// What instructions cause: ILL, TRAP, BUS, FPE, SEGV, SYS (SYNCHRONOUS_MASK).
  @inlinable public static var synchronous: SignalSet { SignalSet(rawValue: 0x4000_04d8) }
  /// STOP, TSTP, TTIN, TTOU (SIG_KERNEL_STOP_MASK).
  @inlinable public static var stopping: SignalSet { SignalSet(rawValue: 0x3c_0000) }
  /// SIGCONT alone.
  @inlinable public static var continuing: SignalSet { SignalSet(rawValue: 1 << 17) }
  @inlinable public static var all: SignalSet { SignalSet(rawValue: ~0) }
}

/// What a program asked for when a signal comes: `struct sigaction` as the kernel takes it on
/// arm64, 32 bytes.
public struct SignalAction: BitwiseCopyable, Hashable, Sendable {
  /// The handler's address, or ``byDefault`` or ``ignored``.
  public var handler: UInt64 = 0
  public var flags: UInt64 = 0
  public var restorer: UInt64 = 0
  public var mask = SignalSet()

  @inlinable public init() {}

  @inlinable public static var byDefault: UInt64 { 0 }
  @inlinable public static var ignored: UInt64 { 1 }
}

/// The actions of a process, by signal (`struct sighand_struct`).
public struct SignalActions: BitwiseCopyable, Sendable {
  var table: InlineArray<64, SignalAction> = .init(repeating: SignalAction())

  public init() {}

  public subscript(signal: Signal) -> SignalAction {
    get { table[Int(signal.rawValue &- 1)] }
    set { table[Int(signal.rawValue &- 1)] = newValue }
  }

  /// Gives a signal its default action; flags and mask stay (SA_RESETHAND).
  @inline(__always) mutating func setDefault(_ signal: Signal) {
    table[Int(signal.rawValue &- 1)].handler = SignalAction.byDefault
  }

  /// After exec handlers are gone and ignored signals stay ignored (flush_signal_handlers()).
  mutating func resetForExec() {
    for index in 0..<64 {
      let ignored = table[index].handler == SignalAction.ignored
      table[index] = SignalAction()
      if ignored { table[index].handler = SignalAction.ignored }
    }
  }
}

/// The other stack for handlers (`sigaltstack`).
public struct SignalStack: BitwiseCopyable, Hashable, Sendable {
  public var pointer: UInt64 = 0
  public var flags: UInt32 = Self.disabled
  public var size: UInt64 = 0

  public init() {}

  public init(pointer: UInt64, flags: UInt32, size: UInt64) {
    self.pointer = pointer
    self.flags = flags
    self.size = size
  }

  /// SS_ONSTACK, SS_DISABLE, and SS_AUTODISARM, the one flag that goes with either.
  @inlinable public static var onStack: UInt32 { 1 }
  @inlinable public static var disabled: UInt32 { 2 }
  @inlinable public static var disarmsFlag: UInt32 { 0x8000_0000 }

  /// Whether it is set aside while a handler runs on it.
  @inlinable public var disarms: Bool { flags & Self.disarmsFlag != 0 }

  /// Whether a program with this stack pointer is on it (on_sig_stack()).
  @inlinable public func isInUse(at stackPointer: UInt64) -> Bool {
    !disarms && stackPointer > pointer && stackPointer &- pointer <= size
  }

  /// What `sigaltstack` shows of its state (sas_ss_flags()).
  @inlinable public func shownFlags(at stackPointer: UInt64) -> UInt32 {
    let state = size == 0 ? Self.disabled : isInUse(at: stackPointer) ? Self.onStack : 0
    return state | flags & Self.disarmsFlag
  }
}

/// The reason for a synchronous signal, as its report and `si_code` name it.
public struct SignalCause: BitwiseCopyable, Sendable {
  public var code: Int32
  /// The address that `si_addr` shows; its tag byte is cleared (TBI).
  public var address: UInt64

  public init(code: Int32, address: UInt64) {
    self.code = code
    self.address = address
  }

  // si_code of SIGSEGV, SIGBUS, SIGILL, SIGFPE and SIGTRAP (include/uapi/asm-generic/siginfo.h).
  @inlinable public static var notMapped: Int32 { 1 }
  @inlinable public static var accessDenied: Int32 { 2 }
  @inlinable public static var misaligned: Int32 { 1 }
  @inlinable public static var noSuchAddress: Int32 { 2 }
  @inlinable public static var illegalOpcode: Int32 { 1 }
  @inlinable public static var breakpoint: Int32 { 1 }
}
