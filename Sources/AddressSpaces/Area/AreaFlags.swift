/// What an area is and may (Linux `vm_flags`, include/linux/mm.h), bit for bit.
public struct AreaFlags: OptionSet, BitwiseCopyable, Hashable, Sendable {
  public var rawValue: UInt64
  @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }

  public static let read = Self(rawValue: 0x1)
  public static let write = Self(rawValue: 0x2)
  public static let execute = Self(rawValue: 0x4)
  /// Stores are seen by others; only if the file was opened for writing.
  public static let shared = Self(rawValue: 0x8)
  public static let mayRead = Self(rawValue: 0x10)
  public static let mayWrite = Self(rawValue: 0x20)
  public static let mayExecute = Self(rawValue: 0x40)
  /// Mapped with MAP_SHARED.
  public static let mayShare = Self(rawValue: 0x80)
  /// A stack: grows towards lower addresses.
  public static let growsDown = Self(rawValue: 0x100)
  public static let frameNumbers = Self(rawValue: 0x400)
  public static let locked = Self(rawValue: 0x2000)
  public static let deviceMemory = Self(rawValue: 0x4000)
  public static let sequentialRead = Self(rawValue: 0x8000)
  public static let randomRead = Self(rawValue: 0x10000)
  public static let noCopyOnFork = Self(rawValue: 0x20000)
  public static let noExpand = Self(rawValue: 0x40000)
  public static let lockOnFault = Self(rawValue: 0x80000)
  /// Its pages are promised: they count in Committed_AS.
  public static let accounted = Self(rawValue: 0x100000)
  public static let noReserve = Self(rawValue: 0x200000)
  public static let wipeOnFork = Self(rawValue: 0x0200_0000)
  public static let noDump = Self(rawValue: 0x0400_0000)
  public static let mixedFrames = Self(rawValue: 0x1000_0000)
  public static let hugePages = Self(rawValue: 0x2000_0000)
  public static let noHugePages = Self(rawValue: 0x4000_0000)
  public static let mergeable = Self(rawValue: 0x8000_0000)

  public static let access: Self = [.read, .write, .execute]
  /// Areas that never merge (VM_SPECIAL).
  public static let special: Self = [.deviceMemory, .noExpand, .frameNumbers, .mixedFrames]
  /// What a program's data has (VM_DATA_DEFAULT_FLAGS on arm64: no execution).
  public static let data: Self = [.read, .write, .mayRead, .mayWrite, .mayExecute]
  /// Marks the stack while exec still moves it (VM_STACK_INCOMPLETE_SETUP): exempt from nothing
  /// but recognised by remap.
  public static let stackUnfinished: Self = [.randomRead, .sequentialRead]

  /// The kind that `VmData`, `VmExe` and `VmStk` count it as (mm/internal.h).
  @inlinable public var isExecutableMapping: Bool {
    intersection([.execute, .write, .growsDown]) == .execute
  }
  @inlinable public var isStackMapping: Bool { contains(.growsDown) }
  @inlinable public var isDataMapping: Bool {
    intersection([.write, .shared, .growsDown]) == .write
  }
}
