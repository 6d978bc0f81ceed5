// The lists by which reclaim will find frames to take: Linux's LRU lists (mm/swap.c,
// include/linux/mm_inline.h).
//
// Terms
// - A page that programs or files have is on one of five *lists* of the node: active or inactive,
//   anonymous (swap-backed, shared memory included) or of files; or it is unevictable, which is a
//   count more than a list.
// - A new page does not go there at once. It waits in a *batch* of 15, a processor's own, which
//   holds a reference of it; so do changes of list. A full batch is *drained*, and all are before
//   anything that wants to know (``FrameAllocator/drainLRU()``).
// - `lru` in a frame's flags: it is on the list that `active`, `unevictable` and `swapBacked` name.
//
// Invariants, checked by ``FrameAllocator/checkLRU()``:
// - a list's counter == the frames in it, of the node and of each zone;
// - a frame with `lru` has an owner who counts a reference, and is in exactly its list;
// - a batch's frames have a reference more.
// - the lists of a memory group are apart, in its ``LRUVector``; the counters are of all.
//
// Many processors: the batches are a processor's own; the lists are the node's, under its `lru_lock`.

/// The lists, in the order of their counters in ``VMStat``.
public enum LRUList: UInt8, BitwiseCopyable, CaseIterable, Sendable {
  case inactiveAnonymous = 0
  case activeAnonymous, inactiveFile, activeFile
  case unevictable

  /// How many are there.
  @inlinable public static var count: Int { 5 }
}

extension Frame {
  /// The list that its flags name (`folio_lru_list()`).
  @inline(__always) var lruList: Int {
    if flags.contains(.unevictable) { return Int(LRUList.unevictable.rawValue) }
    return (flags.contains(.swapBacked) ? 0 : 2) &+ (flags.contains(.active) ? 1 : 0)
  }
}

/// Frames that wait for one kind of change (`struct folio_batch`, PAGEVEC_SIZE).
struct FrameBatch: BitwiseCopyable {
  static var capacity: Int { 15 }

  var frames: InlineArray<15, UInt64> = .init(repeating: 0)
  var count = 0

  init() {}
}

/// A processor's batches (`struct cpu_fbatches`, `struct mlock_pvec`).
struct LRUBatches: BitwiseCopyable {
  /// What is to happen to the frames of a batch, in the order in which all are drained.
  enum Change: Int, BitwiseCopyable {
    case add = 0
    case deactivate, lazyFree, activate
    /// Frame numbers shifted by two, and what is to happen: ``lock``, ``lockNew`` or neither.
    case mlock
  }

  var of: InlineArray<5, FrameBatch> = .init(repeating: FrameBatch())
  /// Frames in all of them.
  var waiting = 0

  static var lock: UInt64 { 1 }
  static var lockNew: UInt64 { 2 }

  init() {}
}

/// Changes of a list's counters that are put together before they are counted: most often all
/// frames of a batch come to the same list of the same zone.
struct LRUCounts: BitwiseCopyable {
  /// The list, 8 more in the upper zone, and 16 times the memory group.
  var key = 0
  var pages = 0

  init() {}
}
