import Arm64
import MemoryTypes

/// Emptying batches: each frame's change is made, then the batch's reference is dropped
/// (`folio_batch_move_lru()`, `mlock_pagevec()`).
extension FrameAllocator {
  @inline(never)
  mutating func drain(_ change: LRUBatches.Change) {
    let place = change.rawValue
    let count = batches.of[place].count
    var counts = LRUCounts()
    for index in 0..<count {
      let entry = batches.of[place].frames[index]
      switch change {
      case .add: addToList(PageFrameNumber(entry), &counts)
      case .deactivate: deactivateNow(PageFrameNumber(entry), &counts)
      case .lazyFree: lazyFreeNow(PageFrameNumber(entry), &counts)
      case .activate: activateNow(PageFrameNumber(entry), &counts)
      case .mlock: changeLock(entry, &counts)
      }
    }
    batches.of[place].count = 0
    batches.waiting &-= count
    apply(counts)
    let shift: UInt64 = change == .mlock ? 2 : 0
    for index in 0..<count {
      release(PageFrameNumber(batches.of[place].frames[index] &>> shift))
    }
  }

  /// Counts what changed on the lists, page by page as Linux does (`update_lru_size()`).
  @inline(__always) mutating func apply(_ counts: LRUCounts) {
    for list in 0..<LRUList.count {
      let n = counts.node[list]
      if n != 0 { countEach(VMStat.ofLRU(list), by: n) }
      for zone in 0..<2 where counts.zones[zone &* LRUList.count &+ list] != 0 {
        let row = zones[zone == 0 ? .dma : .normal]
        row.pointee.countEach(
          VMStat.ofZoneLRU(list), by: counts.zones[zone &* LRUList.count &+ list])
      }
    }
  }

  /// Which of the two zones that have RAM a frame is in.
  @inline(__always) func zonePlace(of number: PageFrameNumber) -> Int {
    number < boundary ? 0 : 1
  }

  /// Links a frame into the list that its flags name (`lruvec_add_folio()`); the unevictable ones
  /// are only counted.
  @inline(__always)
  mutating func link(
    _ frame: KernelPointer<Frame>, _ number: PageFrameNumber, _ counts: inout LRUCounts
  ) {
    let list = frame.pointee.lruList
    if list != Int(LRUList.unevictable.rawValue) { lru[list].prepend(frame) }
    frame.pointee.flags.insert(.lru)
    counts.add(list, zonePlace(of: number), 1)
  }

  /// Takes a frame off its list (`lruvec_del_folio()`); its flags still name it.
  @inline(__always)
  mutating func unlink(
    _ frame: KernelPointer<Frame>, _ number: PageFrameNumber, _ counts: inout LRUCounts
  ) {
    let list = frame.pointee.lruList
    if list != Int(LRUList.unevictable.rawValue) { FrameList.remove(frame) }
    frame.pointee.flags.remove(.lru)
    counts.add(list, zonePlace(of: number), -1)
  }

  /// lru_add_fn().
  @inline(__always)
  private mutating func addToList(_ number: PageFrameNumber, _ counts: inout LRUCounts) {
    let frame = frames[number]
    let flags = frame.pointee.flags
    if !flags.isDisjoint(with: [.mlocked, .unevictable]) {
      let wasUnevictable = flags.contains(.unevictable)
      if flags.contains(.mlocked) {
        frame.pointee.flags.remove(.active)
        frame.pointee.flags.insert(.unevictable)
        frame.pointee.lockCount = 0
        if !wasUnevictable { count(.unevictable_pgs_culled) }
      } else {
        frame.pointee.flags.remove(.unevictable)
        count(.unevictable_pgs_rescued)
      }
    }
    link(frame, number, &counts)
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
  }

  /// lru_deactivate_fn().
  private mutating func deactivateNow(_ number: PageFrameNumber, _ counts: inout LRUCounts) {
    let frame = frames[number]
    guard frame.pointee.flags.contains([.lru, .active]),
      !frame.pointee.flags.contains(.unevictable)
    else { return }
    unlink(frame, number, &counts)
    frame.pointee.flags.subtract([.active, .referenced])
    link(frame, number, &counts)
    count(.pgdeactivate)
  }

  /// lru_lazyfree_fn(): from now on counted among the files' inactive ones.
  private mutating func lazyFreeNow(_ number: PageFrameNumber, _ counts: inout LRUCounts) {
    let frame = frames[number]
    guard frame.pointee.state == .anonymous, frame.pointee.flags.contains([.lru, .swapBacked]),
      !frame.pointee.flags.contains(.unevictable)
    else { return }
    unlink(frame, number, &counts)
    frame.pointee.flags.subtract([.active, .referenced, .swapBacked])
    link(frame, number, &counts)
    count(.pglazyfree)
  }
}
