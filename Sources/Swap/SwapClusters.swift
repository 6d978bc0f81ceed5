import Arm64
import MemoryTypes
import PageFrames

/// The clusters of an area on a solid-state device: runs of slots, of which a processor fills one at
/// a time (mm/swapfile.c, SWAPFILE_CLUSTER).
///
/// A cluster is either on the list of free ones, with none of its slots used, or has a count. The
/// list is a queue: what was freed first is used first, so that writes go round the device.
@safe struct SwapClusters<B: Board>: BitwiseCopyable {
  /// How many slots a run has: with 4K pages those of a huge page, which arm64 swaps whole there
  /// (CONFIG_THP_SWAP), else 256.
  static func slots(_ size: PageSize) -> UInt64 { size == .fourKiB ? 512 : 256 }

  private let slots: UInt64
  private static var none: UInt32 { 0x7fff_ffff }
  private static var freeBit: UInt32 { 0x8000_0000 }

  /// The number of used slots; or, with the highest bit, the next free cluster.
  private let words: FrameArray<UInt32, B>
  private var head: UInt32 = Self.none
  private var tail: UInt32 = Self.none
  /// The cluster that this processor fills, and its next slot (`struct percpu_cluster`).
  private var current: UInt32 = Self.none
  private var next: UInt64 = 0

  /// The clusters of an area of `maximum` slots, those free that have no `used` one.
  init?(
    _ maximum: UInt64, _ board: B, _ frames: KernelPointer<FrameAllocator<B>>,
    used: (UInt64) -> Bool
  ) {
    slots = Self.slots(board.pageSize)
    let count = (maximum &+ slots &- 1) / slots
    guard count < UInt64(Self.none),
      let words = FrameArray<UInt32, B>(count, board, frames)
    else { return nil }
    self.words = words
    // The last one may be short: the slots that it lacks count as used.
    var slot: UInt64 = 0
    while slot < count &* slots {
      if slot >= maximum || used(slot) { words[slot / slots] &+= 1 }
      slot &+= 1
    }
    for cluster in 0..<UInt32(truncatingIfNeeded: count) where words[UInt64(cluster)] == 0 {
      append(cluster)
    }
  }

  func free(_ frames: KernelPointer<FrameAllocator<B>>) { words.free(frames) }

  private mutating func append(_ cluster: UInt32) {
    words[UInt64(cluster)] = Self.freeBit | Self.none
    if tail == Self.none {
      head = cluster
    } else {
      words[UInt64(tail)] = Self.freeBit | cluster
    }
    tail = cluster
  }

  func isFree(_ slot: UInt64) -> Bool { words[slot / slots] & Self.freeBit != 0 }

  /// A slot is used now; of a free cluster, only that of the list's head (`inc_cluster_info_page()`).
  mutating func use(_ slot: UInt64) {
    let cluster = slot / slots
    if words[cluster] & Self.freeBit != 0 {
      precondition(UInt64(head) == cluster, "a cluster in the middle of the list was used")
      head = words[cluster] & ~Self.freeBit
      if head == Self.none { tail = Self.none }
      words[cluster] = 0
    }
    words[cluster] &+= 1
  }

  /// A slot is free again, and with the last its cluster (`dec_cluster_info_page()`).
  mutating func release(_ slot: UInt64) {
    let cluster = slot / slots
    words[cluster] &-= 1
    if words[cluster] == 0 { append(UInt32(truncatingIfNeeded: cluster)) }
  }

  /// Whether a slot lies in a free cluster that is not the next to be used; then the processor's
  /// own is given up (`scan_swap_map_ssd_cluster_conflict()`).
  mutating func conflicts(_ slot: UInt64) -> Bool {
    guard head != Self.none, slot / slots != UInt64(head), isFree(slot) else { return false }
    current = Self.none
    return true
  }

  /// The next free slot of the processor's cluster, or of another (`scan_swap_map_try_ssd_cluster()`).
  mutating func nextSlot(below maximum: UInt64, isFree: (UInt64) -> Bool) -> UInt64? {
    while true {
      if current == Self.none {
        guard head != Self.none else { return nil }
        current = head
        next = UInt64(head) &* slots
      }
      let end = min(maximum, (UInt64(current) &+ 1) &* slots)
      while next < end {
        let slot = next
        next &+= 1
        if isFree(slot) { return slot }
      }
      current = Self.none
    }
  }

  /// Whether counts and list agree with the slots, for tests.
  func check(_ maximum: UInt64, used: (UInt64) -> Bool) -> Bool {
    var free: UInt64 = 0
    for cluster in 0..<words.count {
      var count: UInt32 = 0
      for slot in cluster &* slots..<(cluster &+ 1) &* slots
      where slot >= maximum || used(slot) {
        count &+= 1
      }
      if words[cluster] & Self.freeBit != 0 {
        free &+= 1
        if count != 0 { return false }
      } else if words[cluster] != count || count == 0 {
        return false
      }
    }
    var listed: UInt64 = 0
    var at = head
    while at != Self.none {
      guard listed < free, words[UInt64(at)] & Self.freeBit != 0 else { return false }
      listed &+= 1
      at = words[UInt64(at)] & ~Self.freeBit
    }
    return listed == free
  }
}
