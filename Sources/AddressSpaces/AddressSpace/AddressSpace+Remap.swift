import Arm64
public import MemoryTypes

/// mremap (mm/mremap.c).
extension AddressSpace {
  /// Grows, shrinks or moves a mapping; where it is afterwards.
  public mutating func remap(
    _ old: VirtualAddress, _ oldLength: ByteCount, _ newLength: ByteCount, _ flags: RemapFlags,
    _ new: VirtualAddress
  ) throws(Errno) -> VirtualAddress {
    let old = untagged(old)
    guard flags.rawValue & ~7 == 0, !flags.contains(.fixed) || flags.contains(.mayMove),
      !flags.contains(.keepOld) || flags.contains(.mayMove) && oldLength == newLength,
      old.isAligned(to: pageSize)
    else { throw .EINVAL }
    let oldLength = oldLength.alignedUp(to: pageSize)
    let newLength = newLength.alignedUp(to: pageSize)
    guard newLength.rawValue != 0 else { throw .EINVAL }
    guard let area = areas.area(containing: old) else { throw .EFAULT }
    if !flags.isDisjoint(with: [.fixed, .keepOld]) {
      return try remapTo(old, oldLength, newLength, flags, new)
    }
    if oldLength >= newLength {
      if oldLength != newLength { try unmap(old + newLength, oldLength - newLength) }
      return old
    }
    try checkResizable(area, old, oldLength, newLength, flags)
    if oldLength == area.pointee.end - old,
      try growInPlace(area, newLength - oldLength)
    {
      if area.pointee.flags.contains(.locked) { populate(old + oldLength, old + newLength) }
      return old
    }
    guard flags.contains(.mayMove) else { throw .ENOMEM }
    let room = try placement(of: newLength, at: VirtualAddress(0), fixed: false)
    return try move(area, old, oldLength, room, newLength, flags)
  }

  /// vma_to_resize().
  func checkResizable(
    _ area: Area, _ old: VirtualAddress, _ oldLength: ByteCount, _ newLength: ByteCount,
    _ flags: RemapFlags
  ) throws(Errno) {
    let areaFlags = area.pointee.flags
    if oldLength.rawValue == 0 && areaFlags.isDisjoint(with: [.shared, .mayShare]) {
      throw .EINVAL
    }
    let isFixedSize = !areaFlags.isDisjoint(with: [.noExpand, .frameNumbers])
    if flags.contains(.keepOld) && isFixedSize { throw .EINVAL }
    guard oldLength <= area.pointee.end - old else { throw .EFAULT }
    if newLength == oldLength { return }
    let offset = (old - area.pointee.start).rawValue &>> pageSize.shift
    let first = area.pointee.pageOffset &+ offset
    let pages = newLength.rawValue &>> pageSize.shift
    guard !first.addingReportingOverflow(pages).overflow else { throw .EINVAL }
    if isFixedSize { throw .EFAULT }
    let more = ByteCount(newLength.rawValue &- oldLength.rawValue)
    guard mayLock(areaFlags, more) else { throw .EAGAIN }
    // Shrinking wraps, and the sum is then the smaller one; as Linux's unsigned arithmetic.
    guard newLength < oldLength || mayExpand(areaFlags, by: more.wholePages(of: pageSize)) else {
      throw .ENOMEM
    }
  }

  /// Grows an area at its end, if nothing is there (`vma_expandable()` and what follows it).
  mutating func growInPlace(_ area: Area, _ more: ByteCount) throws(Errno) -> Bool {
    let start = area.pointee.end
    let end = start + more
    guard end > start, end <= taskSize, areas.area(intersecting: start, end) == nil else {
      return false
    }
    if area.pointee.start.rawValue < context.pointee.settings.mmapMinAddress
      && !context.pointee.current.pointee.isPrivileged
    {
      return false
    }
    let pages = more.wholePages(of: pageSize)
    let flags = area.pointee.flags
    if flags.contains(.accounted) { try context.pointee.promise(pages, totalPages: totalPages) }
    let piece = Candidate(
      flags: flags, anonVMA: area.pointee.anonVMA, file: area.pointee.file,
      pageOffset: area.pointee.pageOffset &+ pageCount(of: area), policy: area.pointee.policy)
    if area.pointee.special == .attachment {
      // It joins nobody, but may be longer.
      setEnd(area, end)
    } else if merge(after: area, start, end, piece) == nil {
      context.pointee.withdraw(pages)  // as Linux, promised or not
      throw .ENOMEM
    }
    account(flags, pages)
    if flags.contains(.locked) { lockedPages += pages }
    return true
  }

  /// MREMAP_FIXED and MREMAP_DONTUNMAP (`mremap_to()`).
  mutating func remapTo(
    _ old: VirtualAddress, _ oldLength: ByteCount, _ newLength: ByteCount, _ flags: RemapFlags,
    _ new: VirtualAddress
  ) throws(Errno) -> VirtualAddress {
    guard new.isAligned(to: pageSize), newLength.rawValue <= taskSize.rawValue,
      new.rawValue <= taskSize.rawValue &- newLength.rawValue
    else { throw .EINVAL }
    // Old and new may not overlap; sums of what is checked above, or wrapping as Linux's.
    if old + oldLength > new && new + newLength > old { throw .EINVAL }
    guard mapCount + 2 < context.pointee.settings.maximumMapCount - 3 else { throw .ENOMEM }
    if flags.contains(.fixed) { try unmap(new, newLength) }
    var oldLength = oldLength
    if oldLength > newLength {
      try unmap(old + newLength, oldLength - newLength)
      oldLength = newLength
    }
    guard let area = areas.area(containing: old) else { throw .EFAULT }
    try checkResizable(area, old, oldLength, newLength, flags)
    if flags.contains(.keepOld) {
      guard mayExpand(area.pointee.flags, by: oldLength.wholePages(of: pageSize)) else {
        throw .ENOMEM
      }
    }
    let fixed = flags.contains(.fixed)
    let room = try placement(of: newLength, at: new, fixed: fixed)
    return try move(area, old, oldLength, room, newLength, flags)
  }

  /// Moves a part of an area, pages and all (`move_vma()`).
  mutating func move(
    _ area: Area, _ old: VirtualAddress, _ oldLength: ByteCount, _ new: VirtualAddress,
    _ newLength: ByteCount, _ remapFlags: RemapFlags
  ) throws(Errno) -> VirtualAddress {
    guard mapCount < context.pointee.settings.maximumMapCount - 3 else { throw .ENOMEM }
    let oldEnd = old + oldLength
    let keepsOld = remapFlags.contains(.keepOld)
    let flags = area.pointee.flags
    if area.pointee.special.isKernels && (old != area.pointee.start || oldEnd != area.pointee.end) {
      throw .EINVAL
    }
    if keepsOld && flags.contains(.locked) {
      if area.pointee.start != old { try splitChecked(area, at: old, newBelow: true) }
      if area.pointee.end != oldEnd { try splitChecked(area, at: oldEnd, newBelow: false) }
    }
    let promised = (keepsOld ? newLength : newLength - oldLength).wholePages(of: pageSize)
    if flags.contains(.accounted) {
      try context.pointee.promise(promised, totalPages: totalPages)
    }
    let target: Area
    let source: Area
    do throws(Errno) {
      (source, target) = try makeCopy(of: area, old, new, newLength, keepsOld: keepsOld)
    } catch {
      if flags.contains(.accounted) { context.pointee.withdraw(promised) }
      throw .ENOMEM
    }
    let moved = movePages(source, old, target, new, oldLength)
    guard moved == oldLength else {
      // Back, and the new area away again: its tables are there, so this succeeds.
      _ = movePages(target, new, source, old, moved)
      account(flags, newLength.wholePages(of: pageSize))
      try unmap(new, newLength)
      throw .ENOMEM
    }
    noteMoved(source.pointee.special, to: new)
    let peak = peakTotal
    account(flags, newLength.wholePages(of: pageSize))
    if keepsOld {
      source.pointee.flags.subtract([.locked, .lockOnFault])
      // The new place is locked instead, so as many pages are as before.
      if source != target && source.pointee.start == old && source.pointee.end == oldEnd {
        context.pointee.unlink(source)
        if source.pointee.isAnonymous && source.pointee.file == nil {
          source.pointee.pageOffset = old.rawValue &>> pageSize.shift
        }
      }
      return new
    }
    if oldLength.rawValue != 0 { try removeMoved(source, old, oldEnd) }
    if flags.contains(.locked) {
      lockedPages += newLength.wholePages(of: pageSize)
      if newLength > oldLength { populate(new + oldLength, new + newLength) }
    }
    peakTotal = peak
    return new
  }

  /// Unmaps where a mapping was moved from; its promise went with it.
  mutating func removeMoved(
    _ area: Area, _ start: VirtualAddress, _ end: VirtualAddress
  ) throws(Errno) {
    let pages = (end - start).wholePages(of: pageSize)
    // What unmapping takes back is put back: the promise belongs to the new place now.
    let promised = area.pointee.flags.contains(.accounted)
    if promised { context.pointee.privatePromises &+= Int64(truncatingIfNeeded: pages.rawValue) }
    guard let first = areas.area(intersecting: start, end) else { return }
    do throws(Errno) { try unmapAligned(first, start, end) } catch {}
  }

  /// An area for the new place, like the old one, joined with a neighbour if it fits
  /// (`copy_vma()`); the source may have been joined too.
  mutating func makeCopy(
    of area: Area, _ old: VirtualAddress, _ new: VirtualAddress, _ length: ByteCount,
    keepsOld: Bool
  ) throws(Errno) -> (source: Area, target: Area) {
    var offset = area.pointee.pageOffset
    offset &+= (old - area.pointee.start).rawValue &>> pageSize.shift
    var mayJoinItself = false
    if area.pointee.isAnonymous && area.pointee.anonymousLinks == nil {
      // Never written to: its offset can follow its address.
      offset = new.rawValue &>> pageSize.shift
      mayJoinItself = true
    }
    let end = new + length
    let sourceStart = area.pointee.start
    let (previous, next) = areas.neighbours(of: new)
    if let next, next.pointee.start < end { throw .ENOMEM }
    let piece = Candidate(
      flags: area.pointee.flags, anonVMA: area.pointee.anonVMA, file: area.pointee.file,
      pageOffset: offset, policy: area.pointee.policy)
    let touchesItself = new == area.pointee.end || area.pointee.start == end
    if !(mayJoinItself && keepsOld && touchesItself), area.pointee.special == .none,
      let joined = merge(after: previous, new, end, piece)
    {
      return (joined.pointee.contains(sourceStart) ? joined : area, joined)
    }
    let copy = try duplicate(area)
    copy.pointee.start = new
    copy.pointee.end = end
    copy.pointee.pageOffset = offset
    try cloneLinks(to: copy, from: area)
    insert(copy, after: previous)
    return (area, copy)
  }
}
