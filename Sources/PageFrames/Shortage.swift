public import MemoryTypes

/// What an allocation asked for and could not have, for whoever may wait to make room for it.
///
/// Nothing below `Tasks` can wait, so no allocation reclaims by itself, as Linux's slow path does.
/// One whose flags would permit it *notes a shortage* and answers nil, and the call fails with
/// `.outOfMemory` or ENOMEM, having changed nothing. Above, at a fault, at the table of system
/// calls, in a kernel task, `KernelState.makeRoom()` takes the note, reclaims, compacts or kills as
/// `__alloc_pages_slowpath()` and `try_charge_memcg()` would, and then the whole call is made again.
///
/// Where a program's call is being served the allocator lends from its reserve first, so that most
/// calls need not be made twice: then the note is a *debt*, which is paid on the way back to the
/// program (``MemoryRequests/debt``). A fault inside of a copy to or from a program is lent more, and
/// charged beyond its group's limit: what the call did before could not be undone
/// (``FrameAllocator/servesCopy``). A note is of the call in which it was made, and ends with it.
///
/// How to use it: below, call ``FrameAllocator/note(_:)`` before answering that there is no memory
/// (frames do it by themselves). Above, in a loop that cannot be repeated as a whole, as a long
/// write, stop at a place where it can go on, call `makeRoom()`, and go on while it answers true.
public struct Shortage: BitwiseCopyable, Hashable, Sendable {
  /// The block that was asked for, or pages of a memory group's limit.
  public var order: Order
  public var flags: GFP
  /// The memory group whose limit was reached; 0 where the machine's frames have run out.
  public var group: UInt32
  /// How many pages the group was asked for; 1 << order of frames.
  public var pages: Int
  /// The request was served from the reserve.
  public var isLent = false

  /// Frames that the machine does not have.
  public init(order: Order, flags: GFP) {
    self.order = order
    self.flags = flags
    group = 0
    pages = 1 &<< Int(truncatingIfNeeded: order.rawValue)
  }

  /// Pages that a memory group may not have.
  public init(group: UInt32, pages: Int, flags: GFP) {
    order = .zero
    self.flags = flags
    self.group = group
    self.pages = pages
  }
}

/// What rooms that cannot wait want done by who can, on the way back to the program that runs.
///
/// Set by ``FrameAllocator/request(_:)``, which also makes the program that runs look
/// (`Task.memoryAttention`); served by `KernelState.serveMemoryRequests()`.
public struct MemoryRequests: OptionSet, BitwiseCopyable, Sendable {
  public var rawValue: UInt32
  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// The reserve was lent from: ``FrameAllocator/shortage`` says for what.
  @inlinable public static var debt: Self { Self(rawValue: 1 << 0) }
  /// A zone is below its low watermark (`wake_all_kswapds()`).
  @inlinable public static var kswapd: Self { Self(rawValue: 1 << 1) }
  /// Blocks of larger orders are wanted (`wakeup_kcompactd()`).
  @inlinable public static var kcompactd: Self { Self(rawValue: 1 << 2) }
  /// A memory group is above its `memory.high` (`set_notify_resume()`).
  @inlinable public static var groupHigh: Self { Self(rawValue: 1 << 3) }
  /// Much of files' pages is dirty (`wb_start_background_writeback()`).
  @inlinable public static var writeBack: Self { Self(rawValue: 1 << 4) }
  /// A program's pages are to be brought in that there was no room for (`mm_populate()`).
  @inlinable public static var populate: Self { Self(rawValue: 1 << 5) }
  /// A page that somebody may wait for has been read.
  @inlinable public static var reads: Self { Self(rawValue: 1 << 6) }
}

/// Which block kswapd was last woken for (`kswapd_order`, `kswapd_highest_zoneidx`).
public struct KswapdRequest: BitwiseCopyable, Sendable {
  public var order = 0
  public var highest = ZoneIndex.dma
  /// How often it found nothing to take (`kswapd_failures`): after 16 times only direct reclaim can
  /// wake it again, by its success.
  public var failures = 0
  /// Until when it had hoped to rest a little, in nanoseconds (kswapd_try_to_sleep()).
  public var restsUntil: UInt64 = 0

  public init() {}

  /// MAX_RECLAIM_RETRIES.
  @inlinable public static var mostFailures: Int { 16 }
}

extension FrameAllocator {
  /// Notes what could not be had; see ``Shortage``.
  ///
  /// A request that failed is more urgent than a debt.
  public mutating func note(_ new: Shortage) {
    if new.isLent, let old = shortage, !old.isLent { return }
    shortage = new
    // One that nobody takes up is forgotten on the way back to the program.
    if let attention { attention.pointee |= Self.attentionBit }
  }

  /// Wants something done on the way back to the program.
  public mutating func request(_ what: MemoryRequests) {
    requests.insert(what)
    if let attention { attention.pointee |= Self.attentionBit }
  }

  /// In a task's `attention`: the memory system wants something (Linux's TIF_NEED_RESCHED after
  /// waking kswapd, TIF_NOTIFY_RESUME for `memory.high`).
  @inlinable public static var attentionBit: UInt8 { 8 }

  /// A zone has too little for a request: kswapd is to see to it (`wakeup_kswapd()`).
  mutating func wakeKswapd(_ order: Int, _ flags: GFP) {
    guard kswapd.failures < KswapdRequest.mostFailures else { return }
    kswapd.order = max(kswapd.order, order)
    if flags.highestZone.rawValue > kswapd.highest.rawValue { kswapd.highest = flags.highestZone }
    request(.kswapd)
  }

  /// Whether what was short could be had now, or with so many free pages more
  /// (`zone_watermark_ok()` at the minimum).
  public func hasRoom(for shortage: Shortage, with more: Int = 0) -> Bool {
    let highest = shortage.flags.highestZone
    let rights = AllocationRights(shortage.flags, order: 0)
    var hasRoom = false
    for index in 0...highest.rawValue {
      guard let index = ZoneIndex(rawValue: index) else { continue }
      let zone = zones[index]
      guard zone.pointee.isPopulated, !hasRoom else { continue }
      hasRoom = zone.pointee.hasRoom(
        Int(truncatingIfNeeded: shortage.order.rawValue), for: highest, rights, with: more)
    }
    return hasRoom
  }

  /// Gives back what batches and per-CPU lists hold, and blocks that are kept for others
  /// (`__alloc_pages_direct_reclaim()`, where the first look after reclaim fails).
  public mutating func drain(for shortage: Shortage) {
    drainLRU()
    drain()
    _ = unreserveHighAtomic(shortage.flags)
  }
}

extension FrameAllocator {
  /// Whether a zone that a request may take from is above its high watermark
  /// (mm/vmscan.c:pgdat_balanced()).
  public func isBalanced(_ order: Int, upTo highest: ZoneIndex) -> Bool {
    var isBalanced = false
    for index in 0...highest.rawValue {
      guard let index = ZoneIndex(rawValue: index), zones[index].pointee.isPopulated else {
        continue
      }
      if zones[index].pointee.hasRoom(order, for: highest, .high) { isBalanced = true }
    }
    return isBalanced
  }
}
