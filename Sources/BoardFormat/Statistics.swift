/// Counters that the kernel keeps in the board file, for the tool to read at the end.
///
/// The layout is versioned: a reader refuses another version. All counts are since the first
/// program's start unless said.
public struct Statistics: BitwiseCopyable, Sendable {
  @inlinable public static var magic: UInt64 { 0x3153_5441_5453_424b }  // "KBSTATS1"
  @inlinable public static var currentVersion: UInt64 { 1 }
  /// System calls have numbers below this (arm64's table).
  @inlinable public static var systemCallNumbers: Int { 512 }

  public var magic: UInt64 = Statistics.magic
  public var version: UInt64 = Statistics.currentVersion

  /// Instructions from reset to the first program's first instruction.
  public var bootInstructions: UInt64 = 0
  /// Instructions from there to the end of the first program, at EL0 and at EL1.
  public var userInstructions: UInt64 = 0
  public var kernelInstructions: UInt64 = 0

  /// Faults of all programs by kind.
  public var minorFaults: UInt64 = 0
  public var majorFaults: UInt64 = 0
  /// What a minor fault did.
  public var zeroPageFaults: UInt64 = 0
  public var anonymousFaults: UInt64 = 0
  public var copyOnWriteFaults: UInt64 = 0
  public var reuseFaults: UInt64 = 0
  public var fileFaults: UInt64 = 0
  public var accessFlagFaults: UInt64 = 0
  public var stackGrowths: UInt64 = 0
  public var spuriousFaults: UInt64 = 0
  /// Faults that ended in a signal.
  public var signalFaults: UInt64 = 0

  /// Of the first program's address space: peak resident pages by kind, peak virtual pages.
  public var peakResident: UInt64 = 0
  public var residentAnonymous: UInt64 = 0
  public var residentFile: UInt64 = 0
  public var residentShared: UInt64 = 0
  public var peakVirtual: UInt64 = 0
  /// Its page-table pages at the end by level, index 0 for level -1.
  public var tablePages: InlineArray<5, UInt64> = .init(repeating: 0)
  public var mappings: UInt64 = 0

  /// Of the machine: frames managed, free before the program and after everything of it is gone.
  public var managedFrames: UInt64 = 0
  public var freeBefore: UInt64 = 0
  public var freeAfter: UInt64 = 0
  /// Of those that are not free: frames that hold files (cached ones, and those in memory), and
  /// frames of the kernel's objects.
  public var fileFramesBefore: UInt64 = 0
  public var fileFramesAfter: UInt64 = 0
  public var objectFramesBefore: UInt64 = 0
  public var objectFramesAfter: UInt64 = 0

  /// Calls by number, and those that answered ENOSYS because the kernel does not have them.
  public var systemCalls: InlineArray<512, UInt64> = .init(repeating: 0)
  public var unknownCalls: InlineArray<512, UInt64> = .init(repeating: 0)

  /// The root of the tables of the program that the machine stopped in for the tool to look at.
  public var inspectedRoot: UInt64 = 0

  @inlinable public init() {}
}
