// Compaction: pages are moved together, so that large blocks become free (mm/compaction.c).
//
// Terms
// - The *migrate scanner* goes up from the zone's start, page block by page block, and isolates pages
//   that can be moved, 32 at a time. The *free scanner* comes down from the end and takes free
//   blocks to move them to. When they meet, the zone has been compacted.
// - Either remembers in the zone where it was (``PageFrames/CompactionState``), and marks page
//   blocks in which it found nothing with a *skip bit*, which is cleared when a whole round is over
//   and kswapd goes to sleep, or a deferred zone is tried again.
// - Before the scanners walk, the free lists are searched for a short cut: a movable block high up as
//   a target, a block low down that is partly free already as a source.
// - *Asynchronous* compaction gives a block up at the first page that it cannot move; the others
//   (*light*, *full*) take what they can.
// - A zone is *suitable* if the request would fail, single frames suffice to move things to, and the
//   fragmentation index says that memory is broken up, not used up (`extfrag_threshold`).
// - After a failure the next 1, 2, 4, … 64 requests are *deferred*.
//
// Who compacts: a request of a large order, before reclaim and after it (``Compactor/compact(for:)``);
// kcompactd, woken by kswapd's failure; `/proc/sys/vm/compact_memory`.
//
// Invariants
// - at the end of a step no frame is isolated: what was taken is moved, put back or free again;
// - frames free before == frames free after, in all;
// - no byte of any page changes (``AddressSpaces/MemoryContext/migrate(_:to:)``).
//
// With several CPUs: free lists under the zone's lock, LRU lists under the vector's.

public import AddressSpaces
public import Arm64
public import MemoryTypes
public import PageFrames

/// The steps of compaction, as wide as a pointer.
@safe public struct Compactor<B: Board>: BitwiseCopyable {
  public let memory: KernelPointer<MemoryContext<B>>

  @inlinable public init(_ memory: KernelPointer<MemoryContext<B>>) { self.memory = memory }

  var frames: KernelPointer<FrameAllocator<B>> { memory.pointee.frames }
}

/// How hard pages are tried to be moved (`enum migrate_mode`).
public enum MigrateMode: UInt8, BitwiseCopyable, Sendable {
  case asynchronous = 0
  case light
  case full
}

/// What came of compacting a zone, the better the later (`enum compact_result`).
public enum CompactionResult: Int, BitwiseCopyable, Comparable, Sendable {
  case skipped = 2
  case deferred
  case goesOn
  /// The scanners met, having begun at the zone's ends or in its middle.
  case complete
  case partlySkipped
  case contended
  case success

  @inlinable public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}

/// One compaction of one zone (`struct compact_control`).
public struct CompactControl: BitwiseCopyable {
  /// The order that is wanted; -1 for as much as can be.
  public var order: Int
  public var flags: GFP
  public var mode: MigrateMode
  public var highest = ZoneIndex.movable
  public var isDirect = false
  public var wholeZone = false
  public var ignoresSkips = false
  public var ignoresSuitability = false
  public var isProactive = false
  /// Whether pages of locked areas may be moved (`compact_unevictable_allowed`).
  public var takesUnevictable = true
  public var threshold = 500
  /// Below which fragmentation proactive compaction ends.
  public var lowScore = 0

  var zone = ZoneIndex.dma
  var searchOrder: Int
  var migrateFrame: UInt64 = 0
  var freeFrame: UInt64 = 0
  var fastStart: UInt64 = 0
  var fastFailures = 0
  var rescans = false
  /// Frames to move to, and pages to move.
  var free = FrameStack()
  /// How many pages were isolated to be moved (`nr_migratepages`).
  var wanted = 0
  var pages = FrameStack()
  public internal(set) var migrateScanned = 0
  public internal(set) var freeScanned = 0

  public init(order: Int, _ flags: GFP, _ mode: MigrateMode) {
    self.order = order
    self.flags = flags
    self.mode = mode
    searchOrder = order
  }

  var type: MigrateType { flags.migrateType }
  var isAsynchronous: Bool { mode == .asynchronous }
  /// COMPACT_CLUSTER_MAX.
  static var cluster: Int { 32 }
}
