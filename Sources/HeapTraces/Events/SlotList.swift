/// Which slots are live, and the free ones, last freed first.
///
/// Invariant: every slot below `count` is live, or on the list that begins at `head`, and no slot is
/// on it twice.
@safe
package struct SlotList: ~Copyable {
  /// The mark of a live slot.
  private static var live: UInt32 { .max }
  /// The end of the list.
  private static var end: UInt32 { .max - 1 }
  /// No trace has more objects alive at once.
  package static var limit: UInt32 { 1 << 31 }

  /// SAFETY: `capacity` words, owned; `count` of them are set: of a free slot the next free one.
  private var next: UnsafeMutablePointer<UInt32>
  private var capacity: Int
  private var head = SlotList.end
  /// How many slots there are: the most that were live at once.
  package private(set) var count: UInt32 = 0
  /// How many are live.
  package private(set) var liveCount: UInt32 = 0

  package init() {
    capacity = 1024
    unsafe next = .allocate(capacity: capacity)
  }

  deinit { unsafe next.deallocate() }

  /// Takes the slot that was freed last, or a new one; nil beyond the limit.
  @inline(__always)
  package mutating func take() -> UInt32? {
    let slot = head
    if slot == Self.end { return takeNew() }
    head = unsafe next[Int(slot)]
    unsafe next[Int(slot)] = Self.live
    liveCount &+= 1
    return slot
  }

  @inline(never)
  private mutating func takeNew() -> UInt32? {
    guard count < Self.limit else { return nil }
    if Int(count) == capacity {
      let larger = UnsafeMutablePointer<UInt32>.allocate(capacity: capacity * 2)
      unsafe larger.initialize(from: next, count: capacity)
      unsafe next.deallocate()
      unsafe next = larger
      capacity *= 2
    }
    unsafe next[Int(count)] = Self.live
    count += 1
    liveCount &+= 1
    return count - 1
  }

  package func isLive(_ slot: UInt32) -> Bool {
    guard slot < count else { return false }
    return unsafe next[Int(slot)] == Self.live
  }

  /// Frees a slot; false where it is not live.
  @inline(__always)
  package mutating func release(_ slot: UInt32) -> Bool {
    guard slot < count, unsafe next[Int(slot)] == Self.live else { return false }
    unsafe next[Int(slot)] = head
    head = slot
    liveCount &-= 1
    return true
  }
}
