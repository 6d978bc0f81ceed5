import Arm64
public import MemoryTypes

/// Pages that may not be taken because an area that maps them is locked (mm/mlock.c).
///
/// A page remembers by how many locked areas it is mapped, as well as can be told, while it is on
/// the unevictable list.
extension FrameAllocator {
  /// A locked area has a page that is, or will be, on a list (`mlock_folio()`).
  public mutating func lock(_ number: PageFrameNumber) {
    let frame = frames[number]
    if !frame.pointee.flags.contains(.mlocked) {
      frame.pointee.flags.insert(.mlocked)
      countLocked(number)
    }
    enqueue(number, number.rawValue &<< 2 | LRUBatches.lock, for: .mlock)
  }

  /// A locked area gets a page that is on no list yet (`mlock_new_page()`).
  public mutating func lockNew(_ number: PageFrameNumber) {
    frames[number].pointee.flags.insert(.mlocked)
    countLocked(number)
    enqueue(number, number.rawValue &<< 2 | LRUBatches.lockNew, for: .mlock)
  }

  /// A locked area loses a page, or its lock (`munlock_page()`).
  public mutating func unlock(_ number: PageFrameNumber) {
    enqueue(number, number.rawValue &<< 2, for: .mlock)
  }

  private mutating func countLocked(_ number: PageFrameNumber) {
    zone(of: number).pointee.countEach(.nr_mlock, by: 1)
    count(.unevictable_pgs_mlocked)
  }

  /// What is to happen to one frame of the batch.
  mutating func changeLock(_ entry: UInt64, _ counts: inout LRUCounts) {
    let number = PageFrameNumber(entry &>> 2)
    let frame = frames[number]
    if entry & LRUBatches.lock != 0 {
      lockNow(frame, number, &counts)
    } else if entry & LRUBatches.lockNew != 0 {
      lockNewNow(frame, number, &counts)
    } else {
      unlockNow(frame, number, &counts)
    }
  }

  /// __mlock_page().
  private mutating func lockNow(
    _ frame: KernelPointer<Frame>, _ number: PageFrameNumber, _ counts: inout LRUCounts
  ) {
    let flags = frame.pointee.flags
    guard flags.contains(.lru) else { return }
    if !flags.contains(.mlocked) {
      // Unlocked again meanwhile.
      if flags.contains(.unevictable) { rescue(frame, number, &counts) }
      return
    }
    if flags.contains(.unevictable) {
      frame.pointee.lockCount &+= 1
      return
    }
    unlink(frame, number, &counts)
    frame.pointee.flags.remove(.active)
    frame.pointee.flags.insert(.unevictable)
    frame.pointee.lockCount = 1
    link(frame, number, &counts)
    count(.unevictable_pgs_culled)
  }

  /// __mlock_new_page().
  private mutating func lockNewNow(
    _ frame: KernelPointer<Frame>, _ number: PageFrameNumber, _ counts: inout LRUCounts
  ) {
    if frame.pointee.flags.contains(.mlocked) {
      frame.pointee.flags.insert(.unevictable)
      frame.pointee.lockCount = 1
      count(.unevictable_pgs_culled)
    }
    link(frame, number, &counts)
  }

  /// __munlock_page().
  private mutating func unlockNow(
    _ frame: KernelPointer<Frame>, _ number: PageFrameNumber, _ counts: inout LRUCounts
  ) {
    let isOnList = frame.pointee.flags.contains(.lru)
    if isOnList && frame.pointee.flags.contains(.unevictable) {
      if frame.pointee.lockCount > 0 { frame.pointee.lockCount &-= 1 }
      if frame.pointee.lockCount > 0 { return }
    }
    if frame.pointee.flags.contains(.mlocked) {
      frame.pointee.flags.remove(.mlocked)
      zone(of: number).pointee.countEach(.nr_mlock, by: -1)
      let isStranded = !isOnList && frame.pointee.flags.contains(.unevictable)
      count(isStranded ? .unevictable_pgs_stranded : .unevictable_pgs_munlocked)
    }
    if isOnList && frame.pointee.flags.contains(.unevictable) {
      rescue(frame, number, &counts)
    }
  }

  /// Its owner keeps a page in RAM from now on, or does no more (`check_move_unevictable_folios()`).
  ///
  /// One that is on a list is found to be kept when reclaim comes to it.
  public mutating func keepForOwner(_ number: PageFrameNumber, _ isKept: Bool) {
    let frame = frames[number]
    if isKept {
      frame.pointee.flags.insert(.ownerLocked)
      return
    }
    frame.pointee.flags.remove(.ownerLocked)
    count(.unevictable_pgs_scanned)
    let flags = frame.pointee.flags
    guard flags.contains(.lru), flags.contains(.unevictable), !flags.contains(.mlocked) else {
      return
    }
    var counts = LRUCounts()
    rescue(frame, number, &counts)
    apply(counts)
  }

  /// From the unevictable list back to one that reclaim looks at, if nobody else keeps the page.
  private mutating func rescue(
    _ frame: KernelPointer<Frame>, _ number: PageFrameNumber, _ counts: inout LRUCounts
  ) {
    guard !frame.pointee.flags.contains(.ownerLocked) else { return }
    unlink(frame, number, &counts)
    frame.pointee.flags.remove(.unevictable)
    link(frame, number, &counts)
    count(.unevictable_pgs_rescued)
  }
}
