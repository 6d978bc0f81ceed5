import Arm64
public import MemoryTypes
import PageFrames

/// mlock and its family (mm/mlock.c).
extension AddressSpace {
  /// Locks a range and brings it in; `onFault` locks pages only as they come (MLOCK_ONFAULT).
  public mutating func lock(
    _ start: VirtualAddress, _ length: ByteCount, onFault: Bool
  ) throws(Errno) {
    guard mayLockAtAll else { throw .EPERM }
    let start = untagged(start)
    let whole = (length + start.offset(in: pageSize)).alignedUp(to: pageSize)
    let first = start.alignedDown(to: pageSize)
    let task = context.pointee.current
    let limit = task.pointee.limits.pointee[.lockedMemory].soft &>> pageSize.shift
    let wanted = whole.wholePages(of: pageSize)
    let (sum, overflow) = wanted.rawValue.addingReportingOverflow(lockedPages.rawValue)
    if (overflow || sum > limit) && !task.pointee.isPrivileged {
      let already = lockedPages(first, whole)
      guard wanted.rawValue &- already.rawValue &+ lockedPages.rawValue <= limit else {
        throw .ENOMEM
      }
    }
    try setLocked(first, whole, onFault ? [.locked, .lockOnFault] : .locked)
    if !onFault && whole.rawValue != 0 { try populateLocked(first, first + whole) }
  }

  /// Unlocks a range.
  public mutating func unlock(_ start: VirtualAddress, _ length: ByteCount) throws(Errno) {
    let start = untagged(start)
    let whole = (length + start.offset(in: pageSize)).alignedUp(to: pageSize)
    try setLocked(start.alignedDown(to: pageSize), whole, [])
  }

  /// mlockall: MCL_CURRENT 1, MCL_FUTURE 2, MCL_ONFAULT 4.
  public mutating func lockAll(_ flags: UInt64) throws(Errno) {
    guard flags != 0, flags & ~7 == 0, flags != 4 else { throw .EINVAL }
    guard mayLockAtAll else { throw .EPERM }
    let task = context.pointee.current
    let limit = task.pointee.limits.pointee[.lockedMemory].soft &>> pageSize.shift
    guard flags & 1 == 0 || totalPages.rawValue <= limit || task.pointee.isPrivileged else {
      throw .ENOMEM
    }
    setAll(flags)
    if flags & 5 == 1 { populate(VirtualAddress(0), taskSize) }
  }

  /// munlockall.
  public mutating func unlockAll() { setAll(0) }

  /// apply_mlockall_flags().
  mutating func setAll(_ flags: UInt64) {
    let wanted: AreaFlags = flags & 4 != 0 ? [.locked, .lockOnFault] : .locked
    defaultFlags.subtract([.locked, .lockOnFault])
    if flags & 2 != 0 {
      defaultFlags.formUnion(wanted)
      if flags & 1 == 0 { return }
    }
    let now: AreaFlags = flags & 1 != 0 ? wanted : []
    var previous: Area?
    var area = areas.first
    while let here = area {
      let changed: Area
      do throws(Errno) {
        changed = try setLocked(
          here, after: previous, here.pointee.start, here.pointee.end, now)
      } catch {
        changed = here
      }
      previous = changed
      area = changed.pointee.next
    }
  }

  /// The locked pages of a range (`count_mm_mlocked_page_nr()`).
  mutating func lockedPages(_ start: VirtualAddress, _ length: ByteCount) -> PageCount {
    let end = start + length
    var bytes = ByteCount(0)
    var area = areas.area(endingAbove: start)
    while let here = area, here.pointee.start < end {
      if here.pointee.flags.contains(.locked) {
        bytes += min(here.pointee.end, end) - max(here.pointee.start, start)
      }
      area = here.pointee.next
    }
    return bytes.wholePages(of: pageSize)
  }

  /// apply_vma_lock_flags().
  mutating func setLocked(
    _ start: VirtualAddress, _ length: ByteCount, _ wanted: AreaFlags
  ) throws(Errno) {
    let end = start + length
    guard end >= start else { throw .EINVAL }
    if end == start { return }
    guard var area = areas.area(containing: start) else { throw .ENOMEM }
    var previous = start > area.pointee.start ? area : area.pointee.previous
    var at = start
    while true {
      let limit = min(area.pointee.end, end)
      let changed = try setLocked(area, after: previous, at, limit, wanted)
      previous = changed
      at = max(limit, changed.pointee.end)
      if at >= end { return }
      guard let next = changed.pointee.next, next.pointee.start == at else { throw .ENOMEM }
      area = next
    }
  }

  /// Locks or unlocks a part of an area (`mlock_fixup()`); special areas are passed over.
  mutating func setLocked(
    _ area: Area, after previous: Area?, _ start: VirtualAddress, _ end: VirtualAddress,
    _ wanted: AreaFlags
  ) throws(Errno) -> Area {
    let old = area.pointee.flags
    let flags = old.subtracting([.locked, .lockOnFault]).union(wanted)
    guard flags != old, old.isDisjoint(with: .special) else { return area }
    let target = try isolate(area, after: previous, start, end, flags)
    let pages = (end - start).wholePages(of: pageSize)
    if !flags.contains(.locked) {
      lockedPages -= pages
    } else if !old.contains(.locked) {
      lockedPages += pages
    }
    target.pointee.flags = flags
    areas.note(start, end)
    // Locked before and after: nothing to do, and counting twice would be wrong.
    if flags.contains(.locked) != old.contains(.locked) {
      markPages(start, end, locked: flags.contains(.locked))
    }
    return target
  }

  /// Tells the pages of a range that their area is locked now, or no more
  /// (`mlock_vma_pages_range()`).
  mutating func markPages(_ start: VirtualAddress, _ end: VirtualAddress, locked: Bool) {
    let frames = frames
    let geometry = board.translation
    frames.pointee.drainLRU()
    tables.forEachRun(in: start..<end) { run in
      for index in 0..<run.count {
        let descriptor = run[index]
        guard descriptor.isPresent, !descriptor.isSpecial else { continue }
        let number = descriptor.frame(in: geometry)
        if locked { frames.pointee.lock(number) } else { frames.pointee.unlock(number) }
      }
    }
    frames.pointee.drainLRU()
  }

  /// Brings a locked range in; a page that cannot be had is an error of mlock's
  /// (`__mlock_posix_error_return()`).
  mutating func populateLocked(_ start: VirtualAddress, _ end: VirtualAddress) throws(Errno) {
    var area = areas.area(endingAbove: start)
    while let here = area, here.pointee.start < end {
      area = here.pointee.next
      guard here.pointee.flags.isDisjoint(with: [.deviceMemory, .frameNumbers, .lockOnFault])
      else { continue }
      guard here.pointee.isAccessible else { throw .ENOMEM }
      let write = here.pointee.flags.intersection([.write, .shared]) == .write
      let range = max(here.pointee.start, start)..<min(here.pointee.end, end)
      var stop = range.lowerBound
      switch touchAll(here, range, write: write, &stop) {
      case .resolved: continue
      case .outOfMemory, .beingRead:
        guard frames.pointee.shortage != nil else { throw .EAGAIN }
        leave(stop, end)
        return
      case .notMapped, .accessDenied, .beyondObject: throw .ENOMEM
      }
    }
  }
}
