/// What clone was asked to share and do (include/uapi/linux/sched.h).
public struct CloneFlags: OptionSet, BitwiseCopyable, Sendable {
  public var rawValue: UInt64
  @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// The bits of clone's first argument that are the signal at the end (CSIGNAL).
  @inlinable public static var signalMask: CloneFlags { CloneFlags(rawValue: 0xff) }
  @inlinable public static var newTimeNamespace: CloneFlags { CloneFlags(rawValue: 0x80) }
  @inlinable public static var memory: CloneFlags { CloneFlags(rawValue: 0x100) }
  @inlinable public static var folders: CloneFlags { CloneFlags(rawValue: 0x200) }
  @inlinable public static var files: CloneFlags { CloneFlags(rawValue: 0x400) }
  @inlinable public static var handlers: CloneFlags { CloneFlags(rawValue: 0x800) }
  @inlinable public static var pidfd: CloneFlags { CloneFlags(rawValue: 0x1000) }
  @inlinable public static var traced: CloneFlags { CloneFlags(rawValue: 0x2000) }
  @inlinable public static var waitForChild: CloneFlags { CloneFlags(rawValue: 0x4000) }
  @inlinable public static var sameParent: CloneFlags { CloneFlags(rawValue: 0x8000) }
  @inlinable public static var thread: CloneFlags { CloneFlags(rawValue: 0x1_0000) }
  @inlinable public static var newMountNamespace: CloneFlags { CloneFlags(rawValue: 0x2_0000) }
  @inlinable public static var semaphoreUndo: CloneFlags { CloneFlags(rawValue: 0x4_0000) }
  @inlinable public static var setThreadPointer: CloneFlags { CloneFlags(rawValue: 0x8_0000) }
  @inlinable public static var storeInParent: CloneFlags { CloneFlags(rawValue: 0x10_0000) }
  @inlinable public static var clearInChild: CloneFlags { CloneFlags(rawValue: 0x20_0000) }
  @inlinable public static var detached: CloneFlags { CloneFlags(rawValue: 0x40_0000) }
  @inlinable public static var untraced: CloneFlags { CloneFlags(rawValue: 0x80_0000) }
  @inlinable public static var storeInChild: CloneFlags { CloneFlags(rawValue: 0x100_0000) }
  @inlinable public static var newCgroupNamespace: CloneFlags { CloneFlags(rawValue: 0x200_0000) }
  @inlinable public static var newNameNamespace: CloneFlags { CloneFlags(rawValue: 0x400_0000) }
  @inlinable public static var newIPCNamespace: CloneFlags { CloneFlags(rawValue: 0x800_0000) }
  @inlinable public static var newUserNamespace: CloneFlags { CloneFlags(rawValue: 0x1000_0000) }
  @inlinable public static var newPIDNamespace: CloneFlags { CloneFlags(rawValue: 0x2000_0000) }
  @inlinable public static var newNetNamespace: CloneFlags { CloneFlags(rawValue: 0x4000_0000) }
  @inlinable public static var shareIO: CloneFlags { CloneFlags(rawValue: 0x8000_0000) }
  /// Only of clone3: no handlers in the child.
  @inlinable public static var clearHandlers: CloneFlags { CloneFlags(rawValue: 1 &<< 32) }
  @inlinable public static var intoCgroup: CloneFlags { CloneFlags(rawValue: 1 &<< 33) }
}

/// What kernel/fork.c:kernel_clone() is asked for (`struct kernel_clone_args`).
public struct CloneRequest: BitwiseCopyable, Sendable {
  public var flags: CloneFlags
  /// The signal at the child's end; not valid for none.
  public var exitSignal: Signal
  /// The child's stack pointer; 0 for the parent's.
  public var stack: UInt64 = 0
  public var threadPointer: UInt64 = 0
  /// Where the child's number is stored in the parent's and in the child's memory.
  public var storeInParent: UInt64 = 0
  public var storeInChild: UInt64 = 0
  /// Where the number of a pidfd is stored.
  public var storePIDFD: UInt64 = 0
  /// The child's number, where the caller chooses, and for how many namespaces it does so; 0 for
  /// the next.
  public var number: Int32 = 0
  public var choosesNumber: UInt64 = 0
  /// The control group that the child begins in, by its place and serial number (CLONE_INTO_CGROUP);
  /// nil where the descriptor names none, or one that was removed.
  public var group: (slot: UInt16, serial: UInt32)?
  public var isGroupRemoved = false

  public init(_ flags: CloneFlags, exitSignal: Signal) {
    self.flags = flags
    self.exitSignal = exitSignal
  }
}
