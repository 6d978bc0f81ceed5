// The second way to know which pages are needed least: generations (CONFIG_LRU_GEN).
//
// Terms
// - A *generation* is a number that only grows. Pages that were seen to be used belong to the
//   *newest* (`max_seq`), pages are taken from the *oldest* of their *type*, anonymous (0) or of
//   files (1). At least two generations are there, which count as active, and at most four; a frame
//   carries its generation's number modulo four, and one more, in three bits of its flags: none
//   while it is on none of these lists.
// - *Aging* makes a new generation, after looking through page tables for what was used. *Eviction*
//   empties the oldest one. Who is promoted only gets another number: it is brought to its list when
//   eviction comes to it (``FrameAllocator/scanGeneration(_:_:_:)``).
// - A *tier* says how often a page was used through calls: 0 and 1 times are tier 0, twice tier 1,
//   3 and 4 times tier 2, more tier 3. It is `referenced`, `workingset` and two more bits of flags.
// - For each tier is counted how many pages were evicted, passed over (*protected*) and came back
//   (*refaulted*), in the oldest generation and, halved with each that goes, in those before it: a
//   controller of two terms, in whole numbers. A tier that comes back more than the first one, or
//   than the other type's first, is protected.
//
// Invariants, checked by ``FrameAllocator/checkGenerations()``:
// - oldest[type] <= newest, with two to four generations of files and at least as many of anonymous;
// - a frame with a generation has `lru`, and neither `active` nor `unevictable`; it is in a list of
//   its type and its zone;
// - of files, the generation is between the oldest and the newest; of anonymous pages so, too, unless
//   aging passed over a generation of theirs because there was no swap: a page of it that had been
//   promoted may carry a number that none has now, and is of the generation that gets it next;
// - pages[generation][type][zone] == frames of that type and zone that carry the generation;
// - while generations are off no vector has any, and no frame carries one.
//
// Source: mm/vmscan.c, include/linux/mm_inline.h, include/linux/mmzone.h, mm/workingset.c of Linux
// 6.1. What is not as there: Documentation/Theory/Generations.md.

import MemoryTypes

/// The generations of one vector: Linux's `struct lru_gen_struct` and `lru_gen_mm_state`.
///
/// Lies in a frame of its own, which is there only while generations are on.
///
/// With several CPUs the vector's `lru_lock` guards it.
@safe public struct Generations: ~Copyable {
  // First: ``list(_:_:)`` finds the heads at the generations' own address.
  var heads: InlineArray<16, FrameLinks> = .init(repeating: FrameLinks())
  let resident = Resident()
  /// The generation of what was used last (`max_seq`).
  public internal(set) var newest: UInt64 = 3
  /// The generations that are taken from, anonymous and of files (`min_seq`).
  public internal(set) var oldest: InlineArray<2, UInt64> = .init(repeating: 0)
  /// When each began, in nanoseconds.
  public internal(set) var births: InlineArray<4, UInt64> = .init(repeating: 0)
  /// Frames by generation, type and zone (`nr_pages`): ``place(_:_:_:)``.
  public internal(set) var pages: InlineArray<16, Int> = .init(repeating: 0)
  /// By type and tier: what happened to pages of the oldest generation, and on average before.
  var refaulted: InlineArray<8, Int> = .init(repeating: 0)
  var evicted: InlineArray<8, Int> = .init(repeating: 0)
  var protected: InlineArray<8, Int> = .init(repeating: 0)
  var averageRefaulted: InlineArray<8, Int> = .init(repeating: 0)
  var averageTotal: InlineArray<8, Int> = .init(repeating: 0)
  /// The tables that are worth a look, for the next walk and for the one after it.
  public var filters: InlineArray<2, TableFilter> = .init(repeating: TableFilter())

  /// MAX_NR_GENS, MIN_NR_GENS, MAX_NR_TIERS.
  public static var most: UInt64 { 4 }
  public static var fewest: UInt64 { 2 }
  public static var tiers: Int { 4 }
  /// MIN_LRU_BATCH, MAX_LRU_BATCH.
  public static var batch: Int { 64 }
  public static var largestBatch: Int { 4096 }

  init(now: UInt64) { births = .init(repeating: now) }

  /// Where a generation, a type and a zone (0: the lower) have their list and their size.
  @inline(__always)
  static func place(_ generation: Int, _ type: Int, _ zone: Int) -> Int {
    generation &* 4 &+ type &* 2 &+ zone
  }

  /// A generation's number as frames carry it.
  @inline(__always)
  public static func number(_ sequence: UInt64) -> Int { Int(sequence & 3) }

  /// One of the sixteen lists.
  @inline(__always)
  static func list(_ generations: KernelPointer<Generations>, _ place: Int) -> FrameList {
    // SAFETY: the heads are the first field.
    unsafe FrameList(
      head: KernelPointer(generations.raw.assumingMemoryBound(to: FrameLinks.self) + place))
  }

  /// How many generations a type has (`get_nr_gens()`).
  @inline(__always)
  public func count(_ type: Int) -> UInt64 { newest &- oldest[type] &+ 1 }

  /// Whether a generation counts as active (`lru_gen_is_active()`).
  @inline(__always)
  func isActive(_ generation: Int) -> Bool {
    generation == Self.number(newest) || generation == Self.number(newest &- 1)
  }

  /// Frames of a type in a generation.
  public func size(_ sequence: UInt64, _ type: Int) -> Int {
    let place = Self.place(Self.number(sequence), type, 0)
    return max(pages[place], 0) &+ max(pages[place &+ 1], 0)
  }
}

/// The tables of the last level in which many pages were used: walks look only into these
/// (a Bloom filter with two hash functions, mm/vmscan.c:update_bloom_filter()).
public struct TableFilter: BitwiseCopyable, Sendable {
  /// Until a walk has begun to fill it every table is looked into.
  var isMade = false
  private var bits: InlineArray<128, UInt64> = .init(repeating: 0)

  init() {}

  /// Forgets everything (`reset_bloom_filter()`).
  public mutating func reset() {
    isMade = true
    bits = .init(repeating: 0)
  }

  /// Whether a table was added, or perhaps it was not.
  public func mayContain(_ table: UInt64) -> Bool {
    guard isMade else { return true }
    let (first, second) = Self.keys(table)
    return bits[first &>> 6] &>> UInt64(first & 63) & 1 != 0
      && bits[second &>> 6] &>> UInt64(second & 63) & 1 != 0
  }

  public mutating func insert(_ table: UInt64) {
    guard isMade else { return }
    let (first, second) = Self.keys(table)
    bits[first &>> 6] |= 1 &<< UInt64(first & 63)
    bits[second &>> 6] |= 1 &<< UInt64(second & 63)
  }

  /// Two numbers of 13 bits: Linux's are of 15, for its filters are four times as large.
  private static func keys(_ table: UInt64) -> (Int, Int) {
    let hash = table &* 0x61c8_8646_80b5_83eb
    return (Int(hash &>> 51), Int(hash &>> 38 & 0x1fff))
  }
}
