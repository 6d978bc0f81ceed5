import Arm64
import Files
public import MemoryTypes
import PageFrames
import Swap

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
      let limit = min(area.pointee.end, end)
      let inspectable = mayInspect(area)
      while at < limit {
        let answers = min(limit - at, PageCount(64).bytes(of: pageSize))
        let count = Int(truncatingIfNeeded: answers.rawValue &>> pageSize.shift)
        var bytes = InlineArray<64, UInt8>(repeating: inspectable ? 0 : 1)
        if inspectable { markResident(&bytes, at, answers, area) }
        // SAFETY: no more bytes than the array has.
        try unsafe withUnsafePointer(to: &bytes) { bytes throws(Errno) in
          try unsafe copyOut(UnsafeRawPointer(bytes), to: out, count)
        }
        out += ByteCount(UInt64(truncatingIfNeeded: count))
        at += answers
      }
    }
  }

  /// Whether a process may know what of a file is in memory: its own, or one it may write
  /// (`can_do_mincore()`).
  func mayInspect(_ area: Area) -> Bool {
    guard let file = area.pointee.file, !area.pointee.isAnonymous else { return true }
    return context.pointee.current.pointee.isPrivileged || file.pointee.flags.mayWrite
  }

  /// Sets the byte of each of at most 64 pages of an area that is in memory.
  @inline(__always)
  func markResident(
    _ bytes: inout InlineArray<64, UInt8>, _ start: VirtualAddress, _ length: ByteCount,
    _ area: Area
  ) {
    tables.forEachRun(in: start..<start + length) { run in
      let first = Int(truncatingIfNeeded: (run.start - start).rawValue &>> pageSize.shift)
      for i in 0..<run.count {
        let descriptor = run[i]
        if descriptor.isPresent {
          bytes[first &+ i] = 1
        } else if !descriptor.isNone {
          bytes[first &+ i] = isInSwapCache(descriptor) ? 1 : 0
        }
      }
    }
    guard let file = area.pointee.file, !area.pointee.isAnonymous else { return }
    let index = area.pointee.pageOffset &+ (start - area.pointee.start).rawValue &>> pageSize.shift
    let end = index &+ length.rawValue &>> pageSize.shift
    context.pointee.files.pointee.forEachPageInMemory(of: file.pointee.inode, in: index..<end) {
      at in
      bytes[Int(truncatingIfNeeded: at &- index)] = 1
    }
  }

  /// Whether a page that is in a slot is in RAM as well, and can be used (`mincore_page()`).
  @inline(never)
  private func isInSwapCache(_ descriptor: Descriptor) -> Bool {
    guard let entry = descriptor.swapEntry,
      let number = context.pointee.swap.pointee.cached(entry)
    else { return false }
    return frames.pointee.frame(number).pointee.flags.contains(.uptodate)
  }

  /// msync: MS_ASYNC 1, MS_INVALIDATE 2, MS_SYNC 4, which alone writes anything back.
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
      if flags & 4 != 0 { writeBack(area, at, min(area.pointee.end, end)) }
      at = area.pointee.end
      if at >= end { break }
      next = area.pointee.next
    }
    if hasHole { throw .ENOMEM }
  }

  /// Writes back what a part of a shared area covers of its file (`vfs_fsync_range()`).
  func writeBack(_ area: Area, _ start: VirtualAddress, _ end: VirtualAddress) {
    guard let file = area.pointee.file, area.pointee.flags.contains(.shared),
      !area.pointee.isAnonymous
    else { return }
    let first = area.pointee.pageOffset &+ (start - area.pointee.start).rawValue &>> pageSize.shift
    let pages = (end - start).rawValue &>> pageSize.shift
    context.pointee.writeBack(file.pointee.inode, first..<first &+ pages)
  }
}
