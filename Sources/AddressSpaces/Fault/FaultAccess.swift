/// What the CPU was doing when translation failed.
public struct FaultAccess: OptionSet, BitwiseCopyable, Hashable, Sendable {
  public var rawValue: UInt8
  @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }
  /// A store, or an atomic (ESR.WnR without ESR.CM).
  @inlinable public static var write: Self { Self(rawValue: 1) }
  /// An instruction fetch.
  @inlinable public static var execute: Self { Self(rawValue: 2) }
  /// By the kernel on a program's behalf: counted, but not as an exception of the program's.
  @inlinable public static var kernel: Self { Self(rawValue: 4) }

  @inlinable public static var read: Self { [] }
}

/// How a fault ended.
public enum FaultOutcome: BitwiseCopyable, Hashable, Sendable {
  /// The instruction can be tried again.
  case resolved
  /// SIGSEGV, SEGV_MAPERR: nothing is mapped there.
  case notMapped
  /// SIGSEGV, SEGV_ACCERR: mapped, but not for this.
  case accessDenied
  /// SIGBUS, BUS_ADRERR: past the end of the file.
  case beyondObject
  /// No frame; the out-of-memory rule decides who dies, and the instruction is tried again.
  case outOfMemory
  /// The page is being read, and is the task's ``TaskMemory/awaited`` one: the access is made again
  /// when it is there (VM_FAULT_RETRY).
  case beingRead
}
