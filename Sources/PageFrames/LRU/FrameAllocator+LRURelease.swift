import Arm64
public import MemoryTypes

/// Giving back frames that may be on a list (`__page_cache_release()`, `release_pages()`).
extension FrameAllocator {
  /// Drops one reference to a frame, and frees it with the last (`put_page()`).
  public mutating func release(_ number: PageFrameNumber) {
    let frame = frames[number]
    let count = frame.pointee.referenceCount &- 1
    frame.pointee.referenceCount = count
    guard count == 0 else { return }
    if !frame.pointee.flags.isDisjoint(with: [.lru, .mlocked]) { forget(frame, number) }
    free(number)
  }

  /// Drops one reference to each of many frames.
  @inline(__always)
  public mutating func release(count: Int, _ number: (Int) -> PageFrameNumber) {
    var counts = LRUCounts()
    for index in 0..<count {
      let number = number(index)
      let frame = frames[number]
      let references = frame.pointee.referenceCount &- 1
      frame.pointee.referenceCount = references
      guard references == 0 else { continue }
      let flags = frame.pointee.flags
      if flags.contains(.lru) { unlink(frame, number, &counts) }
      if flags.contains(.mlocked) { forgetLock(frame, number) }
      free(number)
    }
    apply(counts)
    removeUnreferenced()
  }

  @inline(never)
  private mutating func forget(_ frame: KernelPointer<Frame>, _ number: PageFrameNumber) {
    if frame.pointee.flags.contains(.lru) {
      var counts = LRUCounts()
      unlink(frame, number, &counts)
      apply(counts)
    }
    if frame.pointee.flags.contains(.mlocked) { forgetLock(frame, number) }
  }

  /// A page that was still locked when its last owner went.
  @inline(never)
  private mutating func forgetLock(_ frame: KernelPointer<Frame>, _ number: PageFrameNumber) {
    frame.pointee.flags.remove(.mlocked)
    zone(of: number).pointee.countEach(.nr_mlock, by: -1)
    count(.unevictable_pgs_cleared)
  }

  /// Whether lists, flags and counters agree; walks all of RAM, for tests.
  public func checkLRU() -> StaticString? {
    var listed: InlineArray<5, Int> = .init(repeating: 0)
    var sizes: InlineArray<5, Int> = .init(repeating: 0)
    if let wrong = checkLists(rootLRU, &listed, &sizes) { return wrong }
    var group = groups.first
    while let here = group {
      if let wrong = checkLists(here.pointee.lru, &listed, &sizes) { return wrong }
      group = here.following(below: nil)
    }
    if let wrong = checkGenerations() { return wrong }
    var flagged: InlineArray<5, Int> = .init(repeating: 0)
    var locked = 0
    for bank in 0..<banks.count {
      var number = PageFrameNumber(containing: banks[bank].start, board.pageSize)
      let end = PageFrameNumber(containing: banks[bank].end, board.pageSize)
      while number < end {
        let frame = frames[number]
        // A slab's and a table's flags are their owners'.
        if frame.pointee.state == .anonymous || frame.pointee.state == .pageCache {
          if frame.pointee.flags.contains(.lru) { flagged[countedList(frame)] &+= 1 }
          if frame.pointee.flags.contains(.mlocked) { locked &+= 1 }
        }
        number += PageCount(1)
      }
    }
    for list in 0..<5 {
      if list < 4 && flagged[list] != listed[list] { return "a frame with lru in no list" }
      if sizes[list] != flagged[list] { return "the vectors' LRU sizes" }
      if statistic(VMStat.ofLRU(list)) != flagged[list] { return "an LRU counter" }
      if statistic(VMStat.ofZoneLRU(list)) != flagged[list] { return "a zone's LRU counter" }
    }
    return statistic(.nr_mlock) == locked ? nil : "nr_mlock"
  }
  /// The same of one vector: adds what is in its lists, and its sizes.
  private func checkLists(
    _ vector: KernelPointer<LRUVector>, _ listed: inout InlineArray<5, Int>,
    _ sizes: inout InlineArray<5, Int>
  ) -> StaticString? {
    let hasGenerations = vector.pointee.generations != nil
    if hasGenerations { countListed(vector, &listed) }
    for list in 0..<5 {
      let size = vector.pointee.sizes[list] &+ vector.pointee.sizes[list &+ 5]
      sizes[list] &+= size
      guard list < 4, !hasGenerations else { continue }
      var count = 0
      var next = LRUVector.list(vector, list).first
      while let frame = next {
        guard frame.pointee.flags.contains(.lru), frame.pointee.lruList == list else {
          return "a frame in a list that its flags do not name"
        }
        guard frame.pointee.referenceCount > 0 else { return "a free frame in a list" }
        guard frame.pointee.charge == vector.pointee.group else {
          return "a frame in the list of another group"
        }
        count &+= 1
        next = LRUVector.list(vector, list).frame(after: frame)
      }
      guard count == size else { return "a vector's LRU size" }
      listed[list] &+= count
    }
    return nil
  }
}
