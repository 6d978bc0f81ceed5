import Arm64
import Files
import KernelHeap
public import MemoryTypes

/// mmap (mm/mmap.c:do_mmap(), mmap_region()).
extension AddressSpace {
  /// Makes a mapping and says where it is.
  ///
  /// The errors and their order are Linux's. The mapping takes a reference of its file.
  public mutating func map(_ request: MappingRequest) throws(Errno) -> VirtualAddress {
    if request.flags.contains(.hugePages) { throw refuseHuge(request) }
    guard request.length.rawValue != 0 else { throw .EINVAL }
    var flags = request.flags
    if flags.contains(.fixedNoReplace) { flags.insert(.fixed) }
    let fixed = flags.contains(.fixed)
    let hint = fixed ? request.address : roundHint(request.address)
    let length = request.length.alignedUp(to: pageSize)
    guard length.rawValue != 0 else { throw .ENOMEM }
    let pages = length.wholePages(of: pageSize)
    guard !request.pageOffset.addingReportingOverflow(pages.rawValue).overflow else {
      throw .EOVERFLOW
    }
    guard mapCount <= context.pointee.settings.maximumMapCount else { throw .ENOMEM }
    let start = try placement(of: length, at: hint, fixed: fixed)
    if flags.contains(.fixedNoReplace),
      areas.area(intersecting: start, start + length) != nil
    {
      throw .EEXIST
    }

    var areaFlags = protection(request.protection).areaFlags.union(defaultFlags)
    areaFlags.formUnion([.mayRead, .mayWrite, .mayExecute])
    if flags.contains(.growsDown) { areaFlags.insert(.growsDown) }
    if flags.contains(.locked) {
      areaFlags.insert(.locked)
      guard mayLockAtAll else { throw .EPERM }
    }
    guard mayLock(areaFlags, length) else { throw .EAGAIN }

    var pageOffset = request.pageOffset
    if let file = request.file {
      try checkFile(file, request, flags, length, &areaFlags)
    } else if flags.intersection(.typeMask) == .shared {
      guard !areaFlags.contains(.growsDown) else { throw .EINVAL }
      pageOffset = 0
      areaFlags.formUnion([.shared, .mayShare])
    } else if flags.intersection(.typeMask) == .private {
      pageOffset = start.rawValue &>> pageSize.shift
    } else {
      throw .EINVAL
    }
    if flags.contains(.noReserve), context.pointee.settings.overcommit != .never {
      areaFlags.insert(.noReserve)
    }
    // mapping_map_writable(): before anything is unmapped.
    if areaFlags.contains([.shared, .mayWrite]), let file = request.file,
      file.pointee.inode.pointee.seals.contains(.write)
    {
      throw .EPERM
    }
    try mapRegion(start, start + length, areaFlags, request.file, pageOffset)
    if let probes = context.pointee.probes, request.file != nil,
      let area = areas.area(containing: start)
    {
      setProbes(probes, in: start..<start + length, area)
    }
    if areaFlags.contains(.locked)
      || flags.intersection([.populate, .nonBlock]) == .populate
    {
      populate(start, start + length)
    }
    return start
  }

  /// Why MAP_HUGETLB is refused: no file is on hugetlbfs, the size in bits 31:26 may be none that
  /// there is (`hstate_sizelog()`, arch/arm64/mm/hugetlbpage.c), and no huge page is reserved.
  ///
  /// Linux finds that out last (hugetlbfs_file_mmap()): what lay at a fixed place is gone by then.
  @inline(never)
  mutating func refuseHuge(_ request: MappingRequest) -> Errno {
    let geometry = board.translation
    let code = (request.flags.rawValue &>> 26) & 63
    if request.file != nil { return .EINVAL }
    let size = code == 0 ? geometry.coverage(at: 2) : ByteCount(1 &<< code)
    let sizes = geometry.coverage(at: 2) == size || geometry.contiguousCoverage(at: 2) == size
    let isKnown =
      sizes || geometry.contiguousCoverage(at: 3) == size
      || geometry.mapsBlocks(at: 1) && geometry.coverage(at: 1) == size
    guard isKnown else { return .EINVAL }
    let length = VirtualAddress(request.length.rawValue).alignedUp(to: size) - VirtualAddress(0)
    guard request.flags.contains(.fixed), length.rawValue != 0 else { return .ENOMEM }
    guard length.rawValue <= taskSize.rawValue else { return .ENOMEM }
    guard request.address.alignedDown(to: size) == request.address else { return .EINVAL }
    do throws(Errno) {
      _ = try placement(of: length, at: request.address, fixed: true)
      try unmap(request.address, length)
      return .ENOMEM
    } catch { return error }
  }

  /// A hint below the lowest address that mappings may have means that address
  /// (`round_hint_to_min()`).
  @inline(__always) func roundHint(_ hint: VirtualAddress) -> VirtualAddress {
    let hint = hint.alignedDown(to: pageSize)
    let minimum = VirtualAddress(context.pointee.settings.mmapMinAddress)
    return hint.rawValue != 0 && hint < minimum ? minimum.alignedUp(to: pageSize) : hint
  }

  /// What is asked for, and execution where reading implies it (READ_IMPLIES_EXEC).
  @inline(__always) func protection(_ asked: Protection) -> Protection {
    guard asked.contains(.read),
      context.pointee.current.pointee.personality.contains(.readImpliesExecute)
    else { return asked }
    return asked.union(.execute)
  }

  /// Whether the process may lock anything (`can_do_mlock()`).
  var mayLockAtAll: Bool {
    let task = context.pointee.current
    return task.pointee.isPrivileged || task.pointee.limits.pointee[.lockedMemory].soft != 0
  }

  /// What a file allows and forbids (the `if (file)` part of do_mmap()).
  func checkFile(
    _ file: KernelPointer<OpenFile>, _ request: MappingRequest, _ flags: MapFlags,
    _ length: ByteCount, _ areaFlags: inout AreaFlags
  ) throws(Errno) {
    let inode = file.pointee.inode
    let most: UInt64 = inode.pointee.isRegular ? .max &>> 1 : .max
    guard length.rawValue <= most,
      request.pageOffset <= (most &- length.rawValue) &>> pageSize.shift
    else { throw .EOVERFLOW }
    switch flags.intersection(.typeMask) {
    case .sharedValidate where flags.rawValue & ~Self.legacyFlags != 0: throw .EOPNOTSUPP
    case .shared, .sharedValidate:
      if request.protection.contains(.write) && !file.pointee.flags.mayWrite { throw .EACCES }
      areaFlags.formUnion([.shared, .mayShare])
      if !file.pointee.flags.mayWrite {
        areaFlags.subtract([.mayWrite, .shared])
      } else if isSealed(file), !areaFlags.contains(.write) {
        areaFlags.remove(.mayWrite)
      }
    case .private: break
    default: throw .EINVAL
    }
    guard file.pointee.flags.mayRead else { throw .EACCES }
    // Nor later by mprotect (path_noexec()).
    if context.pointee.files.pointee.forbidsExecution(of: inode) {
      guard !request.protection.contains(.execute) else { throw .EPERM }
      areaFlags.remove(.mayExecute)
    }
    guard inode.pointee.isRegular || isZeroDevice(file) else { throw .ENODEV }
    guard !areaFlags.contains(.growsDown) else { throw .EINVAL }
  }

  /// LEGACY_MAP_MASK: the flags that every mapping of a file understands.
  static var legacyFlags: UInt64 {
    let known: MapFlags = [
      .sharedValidate, .fixed, .anonymous, .denyWrite, .executable, .growsDown, .locked,
      .noReserve, .populate, .nonBlock, .stack, .hugePages,
    ]
    return known.rawValue
  }

  /// Whether no new mapping of a file may write to it (F_SEAL_WRITE, F_SEAL_FUTURE_WRITE).
  @inline(__always) func isSealed(_ file: KernelPointer<OpenFile>) -> Bool {
    !file.pointee.inode.pointee.seals.isDisjoint(with: .anyWrite)
  }

  func isZeroDevice(_ file: KernelPointer<OpenFile>) -> Bool {
    if case .device(.zero) = file.pointee.inode.pointee.kind { return true }
    return false
  }

  /// mmap_region(): replaces what was there, promises, joins a neighbour or makes an area.
  mutating func mapRegion(
    _ start: VirtualAddress, _ end: VirtualAddress, _ wanted: AreaFlags,
    _ file: KernelPointer<OpenFile>?, _ pageOffset: UInt64
  ) throws(Errno) {
    let pages = (end - start).wholePages(of: pageSize)
    if !mayExpand(wanted, by: pages) {
      let replaced = mappedPages(start, end)
      guard mayExpand(wanted, by: pages - replaced) else { throw .ENOMEM }
    }
    var (previous, next) = areas.neighbours(of: start)
    if let first = next, first.pointee.start < end {
      do throws(Errno) { try unmapAligned(first, start, end) } catch { throw .ENOMEM }
      (previous, next) = areas.neighbours(of: start)
    }
    var flags = wanted
    if flags.intersection([.noReserve, .shared, .write]) == .write {
      try context.pointee.promise(pages, totalPages: totalPages)
      flags.insert(.accounted)
    }
    let piece = Candidate(flags: flags, anonVMA: nil, file: file, pageOffset: pageOffset)
    if !expand(previous, next, start, end, piece) {
      do throws(Errno) {
        try makeArea(start, end, flags, file, pageOffset, after: previous)
      } catch {
        if flags.contains(.accounted) { context.pointee.withdraw(pages) }
        throw error
      }
    }
    account(flags, pages)
    if flags.contains(.locked) { lockedPages += pages }
  }

  /// Lets a neighbour grow over a new mapping, or both meet (mmap_region() with vma_expand()).
  @inline(__always)
  mutating func expand(
    _ previous: Area?, _ next: Area?, _ start: VirtualAddress, _ end: VirtualAddress,
    _ piece: Candidate
  ) -> Bool {
    guard piece.flags.isDisjoint(with: .special) else { return false }
    var after: Area?
    var piece = piece
    if let next, next.pointee.start == end,
      canPrecede(
        next, piece, piece.pageOffset &+ (end - start).rawValue &>> pageSize.shift)
    {
      after = next
      piece.anonVMA = next.pointee.anonVMA
    }
    if let previous, previous.pointee.end == start, canFollow(previous, piece) {
      if let after {
        let limit = after.pointee.end
        guard inherit(previous, from: after) else { return false }
        drop(after)
        setEnd(previous, limit)
      } else {
        setEnd(previous, end)
      }
      return true
    }
    guard let after else { return false }
    setStart(after, start)
    return true
  }

  /// A new area in the tree.
  mutating func makeArea(
    _ start: VirtualAddress, _ end: VirtualAddress, _ flags: AreaFlags,
    _ file: KernelPointer<OpenFile>?, _ pageOffset: UInt64, after previous: Area?
  ) throws(Errno) {
    var value = VirtualMemoryArea(
      start: start, end: end, flags: flags, pageOffset: pageOffset, file: file)
    let files = context.pointee.files
    if let file, !isZeroDevice(file) {
      // seal_check_write(): of a file's own mmap, after what was there is gone.
      guard !flags.contains([.shared, .write]) || !isSealed(file) else { throw .EPERM }
      if file.pointee.isSegment {
        try openAttachment(file)
        value.special = .attachment
      }
      files.pointee.retain(file)
    } else if flags.contains(.shared) {
      value.file = try makeSharedMemory(end - start, flags)
      value.isAnonymous = false
    } else if let file {
      files.pointee.retain(file)
      value.isAnonymous = true
    }
    value.protection = attributes(of: value)
    guard let area = context.pointee.areaCache.allocate(value) else {
      if let file = value.file {
        if value.special == .attachment { closeAttachment(file) }
        files.pointee.release(file)
      }
      throw .ENOMEM
    }
    insert(area, after: previous)
  }

  /// An object for shared anonymous memory (`shmem_zero_setup()`), all of it promised now unless
  /// it was not to be.
  mutating func makeSharedMemory(
    _ size: ByteCount, _ flags: AreaFlags
  ) throws(Errno) -> KernelPointer<OpenFile> {
    guard !flags.contains(.noReserve) else {
      return try context.pointee.files.pointee.makeAnonymousFile(size)
    }
    let pages = size.wholePages(of: pageSize)
    try context.pointee.promise(pages, totalPages: totalPages)
    // The object's promise takes over; it lasts as long as the object.
    defer { context.pointee.withdraw(pages) }
    let file = try context.pointee.files.pointee.makeAnonymousFile(size)
    context.pointee.files.pointee.promise(pages, to: file.pointee.inode)
    return file
  }

  /// The attributes of an area's pages (`vma_set_page_prot()`): shared pages of a disk file are
  /// read-only at first, so that the file hears of the first write.
  func attributes(of area: VirtualMemoryArea) -> Descriptor.Attributes {
    var flags = area.flags
    if flags.contains([.shared, .write]), let file = area.file,
      !file.pointee.inode.pointee.isSharedMemory
    {
      flags.remove(.shared)
    }
    return flags.pageAttributes
  }

  /// The pages of a range that are mapped (`count_vma_pages_range()`).
  mutating func mappedPages(_ start: VirtualAddress, _ end: VirtualAddress) -> PageCount {
    var bytes = ByteCount(0)
    var area = areas.area(intersecting: start, end)
    while let here = area, here.pointee.start < end {
      bytes += min(here.pointee.end, end) - max(here.pointee.start, start)
      area = here.pointee.next
    }
    return bytes.wholePages(of: pageSize)
  }
}
