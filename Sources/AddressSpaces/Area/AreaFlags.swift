/// What an area is and may (Linux `vm_flags`, include/linux/mm.h), bit for bit.
public struct AreaFlags: OptionSet, BitwiseCopyable, Hashable, Sendable {
  public var rawValue: UInt64
  @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }

  @inlinable public static var read: Self { Self(rawValue: 0x1) }
  @inlinable public static var write: Self { Self(rawValue: 0x2) }
  @inlinable public static var execute: Self { Self(rawValue: 0x4) }
  /// Stores are seen by others; only if the file was opened for writing.
  @inlinable public static var shared: Self { Self(rawValue: 0x8) }
  @inlinable public static var mayRead: Self { Self(rawValue: 0x10) }
  @inlinable public static var mayWrite: Self { Self(rawValue: 0x20) }
  @inlinable public static var mayExecute: Self { Self(rawValue: 0x40) }
  /// Mapped with MAP_SHARED.
  @inlinable public static var mayShare: Self { Self(rawValue: 0x80) }
  /// A stack: grows towards lower addresses.
  @inlinable public static var growsDown: Self { Self(rawValue: 0x100) }
  @inlinable public static var frameNumbers: Self { Self(rawValue: 0x400) }
  @inlinable public static var locked: Self { Self(rawValue: 0x2000) }
  @inlinable public static var deviceMemory: Self { Self(rawValue: 0x4000) }
  @inlinable public static var sequentialRead: Self { Self(rawValue: 0x8000) }
  @inlinable public static var randomRead: Self { Self(rawValue: 0x10000) }
  @inlinable public static var noCopyOnFork: Self { Self(rawValue: 0x20000) }
  @inlinable public static var noExpand: Self { Self(rawValue: 0x40000) }
  @inlinable public static var lockOnFault: Self { Self(rawValue: 0x80000) }
  /// Its pages are promised: they count in Committed_AS.
  @inlinable public static var accounted: Self { Self(rawValue: 0x100000) }
  @inlinable public static var noReserve: Self { Self(rawValue: 0x200000) }
  @inlinable public static var wipeOnFork: Self { Self(rawValue: 0x0200_0000) }
  @inlinable public static var noDump: Self { Self(rawValue: 0x0400_0000) }
  @inlinable public static var mixedFrames: Self { Self(rawValue: 0x1000_0000) }
  @inlinable public static var hugePages: Self { Self(rawValue: 0x2000_0000) }
  @inlinable public static var noHugePages: Self { Self(rawValue: 0x4000_0000) }
  @inlinable public static var mergeable: Self { Self(rawValue: 0x8000_0000) }

  @inlinable public static var access: Self { [.read, .write, .execute] }
  /// Areas that never merge (VM_SPECIAL).
  @inlinable public static var special: Self {
    [.deviceMemory, .noExpand, .frameNumbers, .mixedFrames]
  }
  /// What a program's data has (VM_DATA_DEFAULT_FLAGS on arm64: no execution).
  @inlinable public static var data: Self { [.read, .write, .mayRead, .mayWrite, .mayExecute] }
  /// Marks the stack while exec still moves it (VM_STACK_INCOMPLETE_SETUP): exempt from nothing
  /// but recognised by remap.
  @inlinable public static var stackUnfinished: Self { [.randomRead, .sequentialRead] }

  /// The kind that `VmData`, `VmExe` and `VmStk` count it as (mm/internal.h).
  @inlinable public var isExecutableMapping: Bool {
    intersection([.execute, .write, .growsDown]) == .execute
  }
  @inlinable public var isStackMapping: Bool { contains(.growsDown) }
  @inlinable public var isDataMapping: Bool {
    intersection([.write, .shared, .growsDown]) == .write
  }
}
