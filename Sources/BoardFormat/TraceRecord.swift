/// One thing that the kernel did, as `kilburn trace` hears of it: 64 bytes on the console's trace
/// channel, in the order in which they happened.
///
/// A *cause* (a system call, a fault) is a begin and an end; what the same task's records say in
/// between was done for it. Which task a record is of follows from the last ``TraceKind/switched``.
public struct TraceRecord: BitwiseCopyable, Sendable {
  public var kind: UInt16
  /// What the kind makes of it.
  public var detail: UInt16
  /// What the kind makes of it.
  public var number: Int32
  /// Instructions executed at EL1 and EL0 since reset, less those that tracing itself took.
  public var instructions: UInt64 = 0
  public var words: InlineArray<6, UInt64>

  @inlinable public init(
    _ kind: TraceKind, detail: UInt16 = 0, number: Int32 = 0, _ first: UInt64 = 0,
    _ second: UInt64 = 0, _ third: UInt64 = 0, _ fourth: UInt64 = 0, _ fifth: UInt64 = 0,
    _ sixth: UInt64 = 0
  ) {
    self.kind = kind.rawValue
    self.detail = detail
    self.number = number
    words = [first, second, third, fourth, fifth, sixth]
  }

  /// The bytes of a record.
  @inlinable public static var size: Int { 64 }
}

/// What a record says, with its words.
public enum TraceKind: UInt16, BitwiseCopyable, CaseIterable, Sendable {
  /// A system call begins: `number`, and the six arguments.
  case callBegin = 1
  /// It ends: `number`, and what x0 gets.
  case callEnd
  /// A fault begins: `detail` as ``TraceAccess``; the address and the program counter.
  case faultBegin
  /// It ends: `detail` as ``TraceOutcome``; the page, its descriptor before and after, and whether
  /// something was read in (1).
  case faultEnd
  /// Areas changed in one address space: its root table's frame, and the range in which they did;
  /// the areas that touch that range follow, `number` of them.
  case areas
  /// One of them: start, end, flags as the kernel keeps them, page offset, inode; `detail` as
  /// ``TraceAreaName``, and with `.file` a text follows.
  case area
  /// Bytes of a text, `detail` of them; `number` is 1 where more follow.
  case text
  /// A frame was allocated, or freed: its number, the order, the GFP flags.
  case frameAllocated
  case frameFreed
  /// A translation table was hooked in, or unhooked: `detail` is its level; its frame.
  case tableMade
  case tableFreed
  /// Last-level entries were written: `detail` as ``TraceEntries``; the first page's address, how
  /// many, and where it has one the other address.
  case entries
  /// The TLB was told to forget: `detail` as ``TraceInvalidation``; address, pages, ASID.
  case invalidated
  /// A page was copied: from one frame's address to another's.
  case pageCopied
  /// The CPU changed hands: `number` is the task; its root table's frame, its ASID.
  case switched
  /// A task was made: `number`; its thread group, its parent, its root table's frame.
  case taskMade
  /// A program was begun: `number` is the task; its root table's frame. A text, its path, follows.
  case taskBegan
  /// A task ended: `number`; its wait status.
  case taskEnded
  /// An address space is gone: its root table's frame.
  case spaceGone
  /// A signal was taken: `number`; the handler (0: by default), si_code, si_addr.
  case signal
  /// Where in the program: `detail` addresses, program counter and link register first, callers
  /// next, six a record; `number` is 1 where more follow.
  case stack
  /// A path that a call was given: `detail` is the argument; a text follows.
  case argument
  /// A program came by a probe: `detail` is its tag, `number` the task; x0 to x2, the stack pointer,
  /// and whether another probed function is at work that may have called this one (1). The stack
  /// follows.
  case probeEntered
  /// The function that begins there returned: `detail`, `number`; the result, and the stack pointer
  /// as it was on entry.
  case probeLeft
  /// It will return unheard: there was no room to remember where to. `detail`, `number`.
  case probeLost
  /// How memory was used at a moment: `number` numbers the records of one sample, from 0.
  /// 0: nanoseconds since the machine began; pages free, of the page cache, anonymous, resident in
  /// all processes together, in swap. 1: pages of slabs, of page tables; microseconds in which some
  /// and all tasks were stalled; pages scanned and taken. 2: pages swapped out and in; refaults of
  /// anonymous and of file pages; pages dirty; being written.
  case sample
}

/// Kinds of access that fault.
public enum TraceAccess: UInt16, BitwiseCopyable, Sendable {
  case read = 0
  case write
  case execute
}

/// How a fault ended.
public enum TraceOutcome: UInt16, BitwiseCopyable, Sendable {
  case resolved = 0
  case notMapped
  case accessDenied
  case beyondObject
  case outOfMemory
}

/// What an area is named after.
public enum TraceAreaName: UInt16, BitwiseCopyable, Sendable {
  case none = 0
  case heap
  case stack
  case vvar
  case vdso
  case file
}

/// What was done with a run of entries.
public enum TraceEntries: UInt16, BitwiseCopyable, Sendable {
  /// Written by fault-around, besides the one that was asked for.
  case mappedAround = 0
  case cleared
  case protected
  /// Copied to a child, which is the other address: its root.
  case shared
  /// Moved to the other address.
  case moved
  case aged
}

/// What the TLB forgot.
public enum TraceInvalidation: UInt16, BitwiseCopyable, Sendable {
  case page = 0
  case pageAndTables
  case range
  case rangeAndTables
  case space
  case kernelPage
  case all
}

/// What a trace is made of, a bit each: what nobody asked for is not recorded.
public struct TraceCategories: OptionSet, BitwiseCopyable, Sendable {
  public var rawValue: UInt64
  @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }

  @inlinable public static var calls: Self { Self(rawValue: 1 << 0) }
  @inlinable public static var faults: Self { Self(rawValue: 1 << 1) }
  @inlinable public static var areas: Self { Self(rawValue: 1 << 2) }
  @inlinable public static var frames: Self { Self(rawValue: 1 << 3) }
  @inlinable public static var tables: Self { Self(rawValue: 1 << 4) }
  @inlinable public static var tlb: Self { Self(rawValue: 1 << 5) }
  @inlinable public static var tasks: Self { Self(rawValue: 1 << 6) }
  @inlinable public static var signals: Self { Self(rawValue: 1 << 7) }
  /// The program's callers, with each cause.
  @inlinable public static var stacks: Self { Self(rawValue: 1 << 8) }
  /// Samples of memory over time.
  @inlinable public static var timeline: Self { Self(rawValue: 1 << 10) }
  /// Nothing is told: calls are compared with where the machine is to stop.
  @inlinable public static var stop: Self { Self(rawValue: 1 << 15) }
  /// Nothing that is sent: the kernel's own sanitizer wants to hear of frames.
  @inlinable public static var sanitizer: Self { Self(rawValue: 1 << 20) }
  /// Whoever hears of frames.
  @inlinable public static var framesOrSanitizer: Self { [.frames, .sanitizer] }
  /// All that `kilburn trace` shows.
  @inlinable public static var everything: Self { Self(rawValue: 0x1ff) }
  /// What ``ProbeRequest``s ask for, with the callers.
  @inlinable public static var probes: Self { Self(rawValue: 1 << 9) }
}
