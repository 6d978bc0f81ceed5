import Arm64
import BoardFormat
import Files
public import MemoryTypes
import PageFrames

/// MADV_* (include/uapi/asm-generic/mman-common.h).
public enum Advice: UInt64 {
  case normal = 0
  case random, sequential, willNeed, dontNeed
  case free = 8
  case remove, dontFork, doFork
  case mergeable, unmergeable, hugePage, noHugePage, dontDump, doDump
  case wipeOnFork, keepOnFork, cold, pageOut, populateRead, populateWrite, dontNeedLocked, collapse
}

/// madvise (mm/madvise.c:do_madvise(), madvise_vma_behavior()).
extension AddressSpace {
  /// Takes advice for a range.
  ///
  /// Unmapped parts are skipped, and reported with ENOMEM at the end.
  public mutating func advise(
    _ start: VirtualAddress, _ length: ByteCount, _ number: UInt64
  ) throws(Errno) {
    guard let advice = Advice(rawValue: number), advice != .mergeable, advice != .unmergeable else {
      throw .EINVAL  // no KSM
    }
    var at = untagged(start)
    guard at.isAligned(to: pageSize) else { throw .EINVAL }
    let rounded = length.alignedUp(to: pageSize)
    if length.rawValue != 0 && rounded.rawValue == 0 { throw .EINVAL }
    let end = at + rounded
    guard end >= at else { throw .EINVAL }
    if end == at { return }

    var hasHole = false
    var next = areas.area(endingAbove: at)
    var previous = next.flatMap { at > $0.pointee.start ? $0 : $0.pointee.previous }
    while true {
      guard let area = next else { throw .ENOMEM }
      if at < area.pointee.start {
        hasHole = true
        at = area.pointee.start
        if at >= end { break }
      }
      let limit = min(area.pointee.end, end)
      let changed = try advise(area, after: previous, at, limit, advice)
      previous = changed
      at = max(limit, changed.pointee.end)
      if at >= end { break }
      next = changed.pointee.next
    }
    if hasHole { throw .ENOMEM }
  }

  mutating func advise(
    _ area: Area, after previous: Area?, _ start: VirtualAddress, _ end: VirtualAddress,
    _ advice: Advice
  ) throws(Errno) -> Area {
    var flags = area.pointee.flags
    switch advice {
    case .normal: flags.subtract([.randomRead, .sequentialRead])
    case .sequential:
      flags.remove(.randomRead)
      flags.insert(.sequentialRead)
    case .random:
      flags.remove(.sequentialRead)
      flags.insert(.randomRead)
    case .dontFork: flags.insert(.noCopyOnFork)
    case .doFork:
      if flags.contains(.deviceMemory) { throw .EINVAL }
      flags.remove(.noCopyOnFork)
    case .wipeOnFork:
      if area.pointee.file != nil || flags.contains(.shared) { throw .EINVAL }
      flags.insert(.wipeOnFork)
    case .keepOnFork: flags.remove(.wipeOnFork)
    case .dontDump: flags.insert(.noDump)
    case .doDump:
      if !flags.isDisjoint(with: .special) { throw .EINVAL }
      flags.remove(.noDump)
    case .hugePage:
      // Remembered though no huge page is made: THP is never below 512M.
      flags.remove(.noHugePages)
      flags.insert(.hugePages)
    case .noHugePage:
      flags.remove(.hugePages)
      flags.insert(.noHugePages)
    case .willNeed:
      readAheadSwapped(area, start, end)
      return area
    case .cold, .pageOut:
      guard flags.isDisjoint(with: [.locked, .frameNumbers]) else { throw .EINVAL }
      markCold(start, end, deactivates: advice == .cold)
      return area
    case .dontNeed, .dontNeedLocked:
      let forbidden: AreaFlags = advice == .dontNeed ? [.frameNumbers, .locked] : .frameNumbers
      guard flags.isDisjoint(with: forbidden) else { throw .EINVAL }
      drop(pagesOf: area, start, end)
      return area
    case .free:
      guard flags.isDisjoint(with: [.frameNumbers, .locked]), area.pointee.isAnonymous else {
        throw .EINVAL
      }
      markFreeable(start, end)
      return area
    case .remove:
      guard !flags.contains(.locked), let file = area.pointee.file else { throw .EINVAL }
      guard flags.contains([.shared, .mayWrite]) else { throw .EACCES }
      try makeHole(in: file, area, start, end)
      return area
    case .populateRead, .populateWrite:
      try populateAsked(area, start, end, write: advice == .populateWrite)
      return area
    // No huge page is ever made of what is there (madvise_collapse()).
    case .mergeable, .unmergeable, .collapse: throw .EINVAL
    }
    guard flags != area.pointee.flags else { return area }
    do throws(Errno) {
      let target = try isolate(area, after: previous, start, end, flags)
      target.pointee.flags = flags
      areas.note(start, end)
      return target
    } catch {
      throw error == .ENOMEM ? .EAGAIN : error
    }
  }

  /// MADV_DONTNEED (`zap_page_range_single()`): pages go, tables stay.
  ///
  /// Without `copies` private copies of a file's pages stay.
  mutating func drop(
    pagesOf area: Area, _ start: VirtualAddress, _ end: VirtualAddress, copies: Bool = true
  ) {
    rememberPeakResident()
    unmapPages(of: area, start, end, start, end, copies: copies)
    flushGather(start, end)
  }

  /// MADV_REMOVE (`madvise_remove()`): the file loses the pages, everywhere.
  @inline(never)
  mutating func makeHole(
    in file: KernelPointer<OpenFile>, _ area: Area, _ start: VirtualAddress, _ end: VirtualAddress
  ) throws(Errno) {
    let inode = file.pointee.inode
    guard inode.pointee.isSharedMemory else { throw .EOPNOTSUPP }
    let first = area.pointee.pageOffset &+ (start - area.pointee.start).rawValue &>> pageSize.shift
    let last = first &+ (end - start).rawValue &>> pageSize.shift
    let context = context
    if inode.pointee.seals.isDisjoint(with: .anyWrite) {
      // Areas of this space may be among them, and this one is reached by its own address then.
      context.pointee.unmapFile(inode, first...(last &- 1), copies: false)
    }
    try context.pointee.files.pointee.punchHole(in: inode, from: first, to: last)
  }
}
