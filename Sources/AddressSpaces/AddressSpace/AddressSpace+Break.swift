import Arm64
public import MemoryTypes

/// brk (mm/mmap.c:brk(), do_brk_flags(), vm_brk_flags()).
extension AddressSpace {
  /// Moves the program break; the answer is the new break, or the old one where Linux refuses.
  ///
  /// The break is kept as given, not rounded. It refuses to come within a page of the next area,
  /// or of its guard.
  public mutating func setBreak(_ wanted: VirtualAddress) -> VirtualAddress {
    let old = programBreak
    guard wanted >= startBreak, mayHaveData(upTo: wanted) else { return old }
    // Past the last page the rounding wraps to 0, which is then refused as too low.
    let newEnd = wanted.alignedUp(to: pageSize)
    let oldEnd = old.alignedUp(to: pageSize)
    if newEnd == oldEnd {
      programBreak = wanted
      return wanted
    }
    if wanted <= old {
      guard let area = areas.area(intersecting: newEnd, oldEnd) else { return old }
      do throws(Errno) { try unmapAligned(area, newEnd, oldEnd) } catch { return old }
      programBreak = wanted
      return wanted
    }
    do throws(Errno) { try growBreak(oldEnd, newEnd) } catch { return old }
    programBreak = wanted
    if defaultFlags.contains(.locked) { populate(oldEnd, newEnd) }
    return wanted
  }

  /// RLIMIT_DATA covers data, bss and heap (`check_data_rlimit()`).
  func mayHaveData(upTo end: VirtualAddress) -> Bool {
    let limit = context.pointee.current.pointee.limits.pointee[.data].soft
    guard limit != ResourceLimits.infinity else { return true }
    let heap = end - startBreak
    let data = endData - startData
    let (sum, overflow) = heap.rawValue.addingReportingOverflow(data.rawValue)
    return !overflow && sum <= limit
  }

  mutating func growBreak(_ start: VirtualAddress, _ end: VirtualAddress) throws(Errno) {
    let length = end - start
    _ = try placement(of: length, at: start, fixed: true)
    guard mayLock(defaultFlags, length) else { throw .EAGAIN }
    let (previous, next) = areas.neighbours(of: start)
    if let next, end + pageSize.bytes > areas.guardedStart(next) { throw .ENOMEM }
    // Only an area that reaches into the heap is grown: the bss, which ends where it begins, is not.
    let heap = previous.flatMap { $0.pointee.end > startBreak ? $0 : nil }
    try extendData(heap, after: previous, start, end, [])
  }

  /// Grows an area of data that ends at `start`, or makes a new one (`do_brk_flags()`).
  mutating func extendData(
    _ area: Area?, after previous: Area?, _ start: VirtualAddress, _ end: VirtualAddress,
    _ more: AreaFlags
  ) throws(Errno) {
    let flags = more.union(.data).union(.accounted).union(defaultFlags)
    let pages = (end - start).wholePages(of: pageSize)
    guard mayExpand(flags, by: pages), mapCount <= context.pointee.settings.maximumMapCount else {
      throw .ENOMEM
    }
    try context.pointee.promise(pages, totalPages: totalPages)
    let offset = start.rawValue &>> pageSize.shift
    let piece = Candidate(flags: flags, anonVMA: nil, file: nil, pageOffset: offset)
    if let area, area.pointee.end == start, canFollow(area, piece) {
      setEnd(area, end)
    } else {
      do throws(Errno) {
        try makeArea(start, end, flags, nil, offset, after: previous)
      } catch {
        context.pointee.withdraw(pages)
        throw error
      }
    }
    totalPages += pages
    dataPages += pages
    if flags.contains(.locked) { lockedPages += pages }
  }

  /// Maps the rest of a program's bss (`vm_brk_flags()`), in place of what was there.
  public mutating func mapBreak(
    _ start: VirtualAddress, _ length: ByteCount, executable: Bool
  ) throws(Errno) {
    let rounded = length.alignedUp(to: pageSize)
    guard rounded >= length else { throw .ENOMEM }
    guard rounded.rawValue != 0 else { return }
    _ = try placement(of: rounded, at: start, fixed: true)
    guard mayLock(defaultFlags, rounded) else { throw .EAGAIN }
    let end = start + rounded
    if let area = areas.area(intersecting: start, end) { try unmapAligned(area, start, end) }
    let previous = areas.neighbours(of: start).previous
    try extendData(previous, after: previous, start, end, executable ? .execute : [])
    if defaultFlags.contains(.locked) { populate(start, end) }
  }

  /// Puts the break where exec found the end of the program's data.
  public mutating func startHeap(at address: VirtualAddress) {
    startBreak = address
    programBreak = address
  }
}
