import Arm64
public import MemoryTypes

/// Putting frames on the LRU lists, and moving them between them (mm/swap.c).
extension FrameAllocator {
  /// Puts a new frame of a program's or a file's on its list, in time (`folio_add_lru()`).
  @inline(__always)
  public mutating func addToLRU(_ number: PageFrameNumber) {
    enqueue(number, number.rawValue, for: .add)
  }

  /// Puts a frame into a batch, which holds a reference then; a full batch is drained.
  @inline(__always)
  mutating func enqueue(
    _ number: PageFrameNumber, _ entry: UInt64, for change: LRUBatches.Change
  ) {
    frames[number].pointee.referenceCount &+= 1
    let place = change.rawValue
    let count = batches.of[place].count
    batches.of[place].frames[count] = entry
    batches.of[place].count = count &+ 1
    batches.waiting &+= 1
    if count &+ 1 == FrameBatch.capacity { drain(change) }
  }

  /// Notes that a page was used: the second time it becomes active (`folio_mark_accessed()`).
  public mutating func markAccessed(_ number: PageFrameNumber) {
    let frame = frames[number]
    if _slowPath(usesGenerations) { return countUse(frame) }
    let flags = frame.pointee.flags
    if !flags.contains(.referenced) {
      frame.pointee.flags.insert(.referenced)
      return
    }
    guard flags.isDisjoint(with: [.unevictable, .active]) else { return }
    if flags.contains(.lru) {
      enqueue(number, number.rawValue, for: .activate)
    } else if isWaitingToBeAdded(number) {
      // It goes to the active list at once when the batch is drained.
      frame.pointee.flags.insert(.active)
    }
    frame.pointee.flags.remove(.referenced)
    ageNonresident(lruVector(of: frame), 1)
  }

  /// Moves a page to the inactive list: it will not be used for a while (`deactivate_page()`).
  public mutating func deactivate(_ number: PageFrameNumber) {
    let flags = frames[number].pointee.flags
    guard flags.contains(.lru), flags.contains(.active) || usesGenerations,
      !flags.contains(.unevictable)
    else { return }
    enqueue(number, number.rawValue, for: .deactivate)
  }

  /// Makes an anonymous page one that may be dropped instead of swapped (`mark_page_lazyfree()`).
  public mutating func markLazyFree(_ number: PageFrameNumber) {
    let frame = frames[number]
    guard frame.pointee.state == .anonymous, frame.pointee.flags.contains([.lru, .swapBacked]),
      frame.pointee.flags.isDisjoint(with: [.unevictable, .swapCache])
    else { return }
    enqueue(number, number.rawValue, for: .lazyFree)
  }

  /// Brings all batches to the lists (`lru_add_drain()`).
  @inline(__always) public mutating func drainLRU() {
    if batches.waiting != 0 { drainAllBatches() }
  }

  @inline(never) private mutating func drainAllBatches() {
    for place in 0..<5 where batches.of[place].count > 0 {
      if let change = LRUBatches.Change(rawValue: place) { drain(change) }
    }
  }

  private func isWaitingToBeAdded(_ number: PageFrameNumber) -> Bool {
    let place = LRUBatches.Change.add.rawValue
    for index in 0..<batches.of[place].count
    where batches.of[place].frames[index] == number.rawValue {
      return true
    }
    return false
  }
}
