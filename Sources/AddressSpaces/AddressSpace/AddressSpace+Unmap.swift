import Arm64
import Files
public import MemoryTypes
import PageFrames

/// munmap (mm/mmap.c:do_mas_munmap(), do_mas_align_munmap()).
extension AddressSpace {
  /// Unmaps a range of addresses, tag and all; what is not mapped is no error.
  public mutating func unmap(_ start: VirtualAddress, _ length: ByteCount) throws(Errno) {
    let start = untagged(start)
    let taskSize = taskSize
    guard start.isAligned(to: pageSize), start <= taskSize, length <= taskSize - start else {
      throw .EINVAL
    }
    let end = start + length.alignedUp(to: pageSize)
    guard end != start else { throw .EINVAL }
    guard let first = areas.area(intersecting: start, end) else { return }
    try unmapAligned(first, start, end)
  }

  /// Removes everything from `start` to `end`; `first` is the lowest area with a page in it.
  ///
  /// Linux splits the areas that stick out and removes whole ones; here they are cut to size where
  /// they are, which leaves the same and allocates only for a hole in the middle of an area.
  mutating func unmapAligned(
    _ first: Area, _ start: VirtualAddress, _ end: VirtualAddress
  ) throws(Errno) {
    let firstStart = first.pointee.start
    var upper: Area?
    if firstStart < start && end < first.pointee.end {
      // The one case in which areas become more.
      guard mapCount < context.pointee.settings.maximumMapCount else { throw .ENOMEM }
      guard !first.pointee.special.isKernels else { throw .EINVAL }
      let copy = try duplicate(first)
      copy.pointee.start = end
      copy.pointee.pageOffset &+= (end - firstStart).rawValue &>> pageSize.shift
      try cloneLinks(to: copy, from: first)
      upper = copy
    } else if firstStart < start || end < first.pointee.end {
      guard !first.pointee.special.isKernels else { throw .EINVAL }
    }

    rememberPeakResident()
    let floor =
      firstStart < start ? start : first.pointee.previous?.pointee.end ?? VirtualAddress(0)
    var ceiling = VirtualAddress(0)
    var area: Area? = first
    while let here = area, here.pointee.start < end {
      ceiling = here.pointee.end > end ? end : here.pointee.next?.pointee.start ?? ceiling
      if here.pointee.next == nil && here.pointee.end <= end { ceiling = VirtualAddress(0) }
      unmapPages(
        of: here, max(here.pointee.start, start), min(here.pointee.end, end), start, end)
      area = here.pointee.next
    }
    freeTables(start, end, floor: floor, ceiling: ceiling)
    flushGather(start, end)

    rememberPeakTotal()
    if let upper {
      cut(first, start, end, upper)
    } else {
      removeAreas(from: first, start, end)
    }
  }

  /// Makes a hole in an area: it keeps what is below, `upper` gets what is above.
  mutating func cut(
    _ area: Area, _ start: VirtualAddress, _ end: VirtualAddress, _ upper: Area
  ) {
    unaccountRemoved(area, start, end)
    area.pointee.end = start
    context.pointee.boundsChanged(area)
    insert(upper, after: area)
  }

  /// Removes the areas of a range, and cuts the first and the last to size.
  mutating func removeAreas(from first: Area, _ start: VirtualAddress, _ end: VirtualAddress) {
    var area: Area? = first
    while let here = area, here.pointee.start < end {
      area = here.pointee.next
      let lower = max(here.pointee.start, start)
      let upper = min(here.pointee.end, end)
      unaccountRemoved(here, lower, upper)
      if here.pointee.start < start {
        setEnd(here, start)
      } else if here.pointee.end > end {
        setStart(here, end)
      } else {
        drop(here)
      }
    }
  }

  /// Takes a part of an area out of all counts (`remove_mt()`).
  @inline(__always)
  mutating func unaccountRemoved(_ area: Area, _ start: VirtualAddress, _ end: VirtualAddress) {
    let pages = (end - start).wholePages(of: pageSize)
    let flags = area.pointee.flags
    if flags.contains(.accounted) { context.pointee.withdraw(pages) }
    if flags.contains(.locked) { lockedPages -= pages }
    unaccount(flags, pages)
  }

  /// A pointer of a program without its tag byte (`untagged_addr()`): bit 55 fills the byte, so
  /// that kernel addresses stay such.
  @inline(__always) func untagged(_ address: VirtualAddress) -> VirtualAddress {
    VirtualAddress(
      UInt64(bitPattern: Int64(bitPattern: address.rawValue &<< 8) &>> 8) & address.rawValue)
  }
}
