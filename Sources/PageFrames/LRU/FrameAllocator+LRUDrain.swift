import Arm64
import MemoryTypes

/// Emptying batches: each frame's change is made, then the batch's reference is dropped
/// (`folio_batch_move_lru()`, `mlock_pagevec()`).
extension FrameAllocator {
  @inline(never)
  mutating func drain(_ change: LRUBatches.Change) {
    if change == .add { return drainAdditions() }
    let place = change.rawValue
    let count = batches.of[place].count
    var counts = LRUCounts()
    for index in 0..<count {
      let entry = batches.of[place].frames[index]
      switch change {
      case .add: break
      case .deactivate: deactivateNow(PageFrameNumber(entry), &counts)
      case .lazyFree: lazyFreeNow(PageFrameNumber(entry), &counts)
      case .activate: activateNow(PageFrameNumber(entry), &counts)
      case .mlock: changeLock(entry, &counts)
      }
    }
    apply(counts)
    batches.of[place].count = 0
    batches.waiting &-= count
    let shift: UInt64 = change == .mlock ? 2 : 0
    for index in 0..<count {
      release(PageFrameNumber(batches.of[place].frames[index] &>> shift))
    }
  }

  /// The same for new pages, which is what happens most.
  mutating func drainAdditions() {
    if _slowPath(usesGenerations) { return drainAdditionsToGenerations() }
    drainAdditions(toGenerations: false)
  }

  @inline(never)
  private mutating func drainAdditionsToGenerations() {
    markFaulted()
    drainAdditions(toGenerations: true)
  }

  @inline(__always)
  private mutating func drainAdditions(toGenerations: Bool) {
    let place = LRUBatches.Change.add.rawValue
    let count = batches.of[place].count
    var counts = LRUCounts()
    for index in 0..<count {
      let number = PageFrameNumber(batches.of[place].frames[index])
      addToList(number, &counts, toGenerations)
      let frame = frames[number]
      if _fastPath(frame.pointee.referenceCount > 1) {
        frame.pointee.referenceCount &-= 1
      } else {
        release(number)
      }
    }
    apply(counts)
    batches.of[place].count = 0
    batches.waiting &-= count
  }

  /// Counts a frame that came to a list or left it, in time.
  @inline(__always)
  mutating func note(
    _ list: Int, _ frame: KernelPointer<Frame>, _ number: PageFrameNumber, _ pages: Int,
    _ counts: inout LRUCounts
  ) {
    let key = (number < boundary ? list : list &+ 8) &+ Int(frame.pointee.charge) &<< 4
    if key != counts.key {
      apply(counts)
      counts.key = key
      counts.pages = 0
    }
    counts.pages &+= pages
  }

  /// Counts what changed on the lists, page by page as Linux does (`update_lru_size()`).
  mutating func apply(_ counts: LRUCounts) {
    guard counts.pages != 0 else { return }
    let list = counts.key & 7
    countEach(VMStat.ofLRU(list), by: counts.pages)
    let isUpper = counts.key & 8 != 0
    let zone = zones[isUpper ? .normal : .dma]
    zone.pointee.countEach(VMStat.ofZoneLRU(list), by: counts.pages)
    let vector = lruVector(group: UInt32(truncatingIfNeeded: counts.key &>> 4))
    vector.pointee.sizes[isUpper ? list &+ 5 : list] &+= counts.pages
  }

  /// Links a frame into the list that its flags name (`lruvec_add_folio()`); the unevictable ones
  /// are only counted.
  @inline(__always)
  mutating func link(
    _ frame: KernelPointer<Frame>, _ number: PageFrameNumber, _ counts: inout LRUCounts
  ) {
    if _slowPath(usesGenerations), linkToGeneration(frame, number, &counts) { return }
    linkToList(frame, number, &counts)
  }

  @inline(__always)
  private mutating func linkToList(
    _ frame: KernelPointer<Frame>, _ number: PageFrameNumber, _ counts: inout LRUCounts
  ) {
    let list = frame.pointee.lruList
    if list != Int(LRUList.unevictable.rawValue) {
      LRUVector.list(lruVector(of: frame), list).prepend(frame)
    }
    frame.pointee.flags.insert(.lru)
    note(list, frame, number, 1, &counts)
  }

  /// Takes a frame off its list (`lruvec_del_folio()`); its flags still name it.
  @inline(__always)
  mutating func unlink(
    _ frame: KernelPointer<Frame>, _ number: PageFrameNumber, _ counts: inout LRUCounts
  ) {
    if _slowPath(frame.pointee.flags.hasGeneration) {
      unlinkFromGeneration(frame, number, &counts)
      return
    }
    let list = frame.pointee.lruList
    if list != Int(LRUList.unevictable.rawValue) { FrameList.remove(frame) }
    frame.pointee.flags.remove(.lru)
    note(list, frame, number, -1, &counts)
  }

  /// lru_add_fn().
  @inline(__always)
  private mutating func addToList(
    _ number: PageFrameNumber, _ counts: inout LRUCounts, _ toGenerations: Bool
  ) {
    let frame = frames[number]
    let flags = frame.pointee.flags
    if !flags.isDisjoint(with: [.mlocked, .unevictable, .ownerLocked]) {
      let wasUnevictable = flags.contains(.unevictable)
      if !flags.isDisjoint(with: [.mlocked, .ownerLocked]) {
        frame.pointee.flags.remove(.active)
        frame.pointee.flags.insert(.unevictable)
        frame.pointee.lockCount = 0
        if !wasUnevictable { count(.unevictable_pgs_culled) }
      } else {
        frame.pointee.flags.remove(.unevictable)
        count(.unevictable_pgs_rescued)
      }
    }
    if toGenerations {
      link(frame, number, &counts)
    } else {
      linkToList(frame, number, &counts)
    }
  }

  /// folio_activate_fn().
  private mutating func activateNow(_ number: PageFrameNumber, _ counts: inout LRUCounts) {
    let frame = frames[number]
    guard frame.pointee.flags.contains(.lru),
      frame.pointee.flags.isDisjoint(with: [.active, .unevictable])
    else { return }
    unlink(frame, number, &counts)
    frame.pointee.flags.insert(.active)
    link(frame, number, &counts)
    count(.pgactivate)
    countGroup(.pgactivate, frame, by: 1)
  }

  /// lru_deactivate_fn().
  private mutating func deactivateNow(_ number: PageFrameNumber, _ counts: inout LRUCounts) {
    let frame = frames[number]
    guard frame.pointee.flags.contains(.lru),
      frame.pointee.flags.contains(.active) || usesGenerations,
      !frame.pointee.flags.contains(.unevictable)
    else { return }
    unlink(frame, number, &counts)
    frame.pointee.flags.subtract([.active, .referenced])
    link(frame, number, &counts)
    count(.pgdeactivate)
    countGroup(.pgdeactivate, frame, by: 1)
  }

  /// lru_lazyfree_fn(): from now on counted among the files' inactive ones.
  private mutating func lazyFreeNow(_ number: PageFrameNumber, _ counts: inout LRUCounts) {
    let frame = frames[number]
    guard frame.pointee.state == .anonymous, frame.pointee.flags.contains([.lru, .swapBacked]),
      frame.pointee.flags.isDisjoint(with: [.unevictable, .swapCache])
    else { return }
    unlink(frame, number, &counts)
    frame.pointee.flags.subtract([.active, .referenced, .swapBacked])
    link(frame, number, &counts)
    count(.pglazyfree)
    countGroup(.pglazyfree, frame, by: 1)
  }
}
