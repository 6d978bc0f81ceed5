import Arm64
import Files
public import MemoryTypes
import PageFrames

/// mincore and msync (mm/mincore.c, mm/msync.c).
extension AddressSpace {
  /// Writes a byte for each page of a range: 1 if it is in memory.
  public mutating func residency(
    _ start: VirtualAddress, _ length: ByteCount, _ vector: VirtualAddress
  ) throws(Errno) {
    var at = untagged(start)
    guard at.isAligned(to: pageSize) else { throw .EINVAL }
    guard length.rawValue <= taskSize.rawValue, at <= taskSize - length else { throw .ENOMEM }
    let pages = length.pagesNeeded(of: pageSize)
    guard isUserRange(vector, Int(pages.rawValue)) else { throw .EFAULT }
    let end = at + pages.bytes(of: pageSize)
    var out = vector
    while at < end {
      guard let area = areas.area(containing: at) else { throw .ENOMEM }
      // A page of answers at a time, as Linux has it; what follows an error is not written.
      let most = pageSize.bytes.wholePages(of: pageSize).bytes(of: pageSize)
      let limit = min(min(area.pointee.end, end), at + ByteCount(most.rawValue &<< pageSize.shift))
      let inspectable = mayInspect(area)
      while at < limit {
        let resident = inspectable ? isResident(at, area) : true
        try copyOut(UInt8(resident ? 1 : 0), to: out)
        out += ByteCount(1)
        at += pageSize.bytes
      }
    }
  }

  /// Whether a process may know what of a file is in memory: its own, or one it may write
  /// (`can_do_mincore()`).
  func mayInspect(_ area: Area) -> Bool {
    guard let file = area.pointee.file, !area.pointee.isAnonymous else { return true }
    return context.pointee.current.pointee.isPrivileged || file.pointee.flags.mayWrite
  }

  func isResident(_ page: VirtualAddress, _ area: Area) -> Bool {
    if let slot = tables.entry(for: page), !slot.pointee.isNone { return true }
    guard let file = area.pointee.file, !area.pointee.isAnonymous else { return false }
    let index = area.pointee.pageOffset &+ (page - area.pointee.start).rawValue &>> pageSize.shift
    return context.pointee.files.pointee.cachedPage(of: file.pointee.inode, at: index) != nil
  }

  /// msync: nothing is written back here, so only the arguments are judged. MS_ASYNC 1,
  /// MS_INVALIDATE 2, MS_SYNC 4.
  public mutating func synchronize(
    _ start: VirtualAddress, _ length: ByteCount, _ flags: UInt64
  ) throws(Errno) {
    var at = untagged(start)
    guard flags & ~7 == 0, at.isAligned(to: pageSize), flags & 5 != 5 else { throw .EINVAL }
    let end = at + length.alignedUp(to: pageSize)
    guard end >= at else { throw .ENOMEM }
    if end == at { return }
    var hasHole = false
    var next = areas.area(endingAbove: at)
    while true {
      guard let area = next else { throw .ENOMEM }
      if at < area.pointee.start {
        if flags == 1 { throw .ENOMEM }
        at = area.pointee.start
        if at >= end { throw .ENOMEM }
        hasHole = true
      }
      if flags & 2 != 0 && area.pointee.flags.contains(.locked) { throw .EBUSY }
      at = area.pointee.end
      if at >= end { break }
      next = area.pointee.next
    }
    if hasHole { throw .ENOMEM }
  }
}
