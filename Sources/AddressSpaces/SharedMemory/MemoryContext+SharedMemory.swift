import Arm64
import Files
import KernelHeap
public import MemoryTypes

extension MemoryContext {
  /// The segments; made when first asked for.
  public mutating func sharedMemoryMaking() throws(Errno) -> KernelPointer<SharedMemory<B>> {
    if let sharedMemory { return sharedMemory }
    guard
      let leaves = slab.pointee.kmallocCache(
        of: IPCLeaf<SharedMemorySegment>.self, .controlGroup, name: "ipc_leaf"),
      let cache = slab.pointee.kmallocCache(
        of: SharedMemorySegment.self, .controlGroup, name: "shmid_kernel"),
      let places = slab.pointee.kmallocCache(of: SharedMemory<B>.self, name: "shm_ids"),
      let made = places.allocate(
        SharedMemory(segments: IPCTable(leafCache: leaves), cache: cache))
    else { throw .ENOMEM }
    sharedMemory = made
    return made
  }

  /// shmget (ipc/shm.c:ksys_shmget(), ipc/util.c:ipcget()): a segment's identifier.
  public mutating func segment(
    key: Int32, size: UInt64, flags: UInt32, by caller: IPCCaller
  ) throws(Errno) -> Int32 {
    let shared = try sharedMemoryMaking()
    guard key != 0, let found = shared.pointee.segments.object(keyed: key) else {
      // IPC_CREAT.
      guard key == 0 || flags & 0o1000 != 0 else { throw .ENOENT }
      return try makeSegment(shared, key: key, size: size, flags: flags, by: caller)
    }
    guard flags & 0o3000 != 0o3000 else { throw .EEXIST }
    guard size <= found.pointee.size else { throw .EINVAL }
    guard found.pointee.permissions.allow(caller, flags) else { throw .EACCES }
    return found.pointee.permissions.identifier
  }

  /// newseg().
  mutating func makeSegment(
    _ shared: KernelPointer<SharedMemory<B>>, key: Int32, size: UInt64, flags: UInt32,
    by caller: IPCCaller
  ) throws(Errno) -> Int32 {
    let limits = sharedMemoryLimits
    guard size >= 1, size <= limits.maximumSize else { throw .EINVAL }
    let pages = ByteCount(size).pagesNeeded(of: board.pageSize)
    let (total, overflow) = shared.pointee.totalPages.addingReportingOverflow(pages.rawValue)
    guard !overflow, total <= limits.maximumPages else { throw .ENOSPC }
    // SHM_HUGETLB: no huge page is reserved.
    if flags & 0o4000 != 0 { throw caller.isPrivileged ? .ENOMEM : .EPERM }
    let noReserve = flags & 0o10000 != 0 && settings.overcommit != .never
    guard size <= UInt64.max &>> 1 else { throw .EINVAL }
    if !noReserve { try promise(pages, totalPages: totalPagesOfCurrent) }
    // The file's own promise takes over.
    defer { if !noReserve { withdraw(pages) } }
    let limit = Int(min(limits.maximumSegments, UInt64(1) &<< 24))
    let (place, identifier, sequence) = try shared.pointee.segments.nextIdentifier(limit: limit)
    let name = segmentName(key)
    let span = name.span
    // SAFETY: the name is a local that outlives the call, which copies it.
    let file = try unsafe span.withUnsafeBytes { (bytes) throws(Errno) in
      try files.pointee.makeAnonymousFile(
        ByteCount(size), name: unsafe ByteString(bytes), number: UInt64(identifier))
    }
    if !noReserve { files.pointee.promise(pages, to: file.pointee.inode) }
    let value = SharedMemorySegment(
      permissions: IPCPermissions(key: key, mode: flags, by: caller), size: size, file: file,
      changed: files.pointee.time.seconds, creator: caller.process)
    guard let segment = shared.pointee.cache.allocate(value) else {
      files.pointee.release(file)
      throw .ENOMEM
    }
    do throws(Errno) {
      try shared.pointee.segments.insert(segment, at: place, sequence)
    } catch {
      shared.pointee.cache.free(segment)
      files.pointee.release(file)
      throw error
    }
    shared.pointee.totalPages = total
    return identifier
  }

  /// Pages of the running task's space, which mode 2 asks about.
  var totalPagesOfCurrent: PageCount {
    current.pointee.space?.pointee.totalPages ?? PageCount(0)
  }

  /// The name in `maps`: SYSV and the key in hexadecimal.
  func segmentName(_ key: Int32) -> InlineArray<12, UInt8> {
    var name = InlineArray<12, UInt8>(repeating: 0x30)
    name[0] = 0x53
    name[1] = 0x59
    name[2] = 0x53
    name[3] = 0x56
    for digit in 0..<8 {
      let value = UInt8(UInt32(bitPattern: key) &>> UInt32(28 &- 4 &* digit) & 15)
      name[4 &+ digit] = value < 10 ? 0x30 &+ value : 0x57 &+ value
    }
    return name
  }

  /// The segment that an area's file shows; nil for any other file.
  func segment(of file: KernelPointer<OpenFile>) -> KernelPointer<SharedMemorySegment>? {
    guard let shared = sharedMemory else { return nil }
    let identifier = Int32(truncatingIfNeeded: file.pointee.inode.pointee.number)
    guard let segment = try? shared.pointee.segments.object(identifier),
      segment.pointee.file.pointee.inode == file.pointee.inode
    else { return nil }
    return segment
  }

  /// One more area shows a segment (shm_open()).
  func countAttachment(_ segment: KernelPointer<SharedMemorySegment>) {
    segment.pointee.attached = files.pointee.time.seconds
    segment.pointee.lastUser = current.pointee.process
    segment.pointee.attachments &+= 1
  }

  /// One area less shows it (shm_close()).
  func countDetachment(_ segment: KernelPointer<SharedMemorySegment>) {
    segment.pointee.detached = files.pointee.time.seconds
    segment.pointee.lastUser = current.pointee.process
    dropAttachment(segment)
  }

  /// Gives an attachment up; the last one of a removed segment takes it along.
  func dropAttachment(_ segment: KernelPointer<SharedMemorySegment>) {
    segment.pointee.attachments &-= 1
    guard segment.pointee.attachments == 0,
      sharedMemoryLimits.removesUnused
        || segment.pointee.permissions.mode & SharedMemorySegment.removed != 0
    else { return }
    destroy(segment)
  }

  /// IPC_RMID (do_shm_rmid()): at once, or with the last attachment.
  public func remove(_ segment: KernelPointer<SharedMemorySegment>) {
    guard segment.pointee.attachments > 0 else {
      destroy(segment)
      return
    }
    segment.pointee.permissions.mode |= SharedMemorySegment.removed
    sharedMemory?.pointee.segments.forgetKey(of: segment)
  }

  /// shm_destroy().
  private func destroy(_ segment: KernelPointer<SharedMemorySegment>) {
    guard let shared = sharedMemory else { return }
    let file = segment.pointee.file
    shared.pointee.totalPages &-=
      ByteCount(segment.pointee.size).pagesNeeded(of: board.pageSize).rawValue
    shared.pointee.segments.remove(segment)
    shared.pointee.cache.free(segment)
    files.pointee.release(file)
  }

  /// IPC_SET.
  public func update(
    _ segment: KernelPointer<SharedMemorySegment>, user: UInt32, group: UInt32, mode: UInt32
  ) throws(Errno) {
    guard segment.pointee.permissions.update(user: user, group: group, mode: mode) else {
      throw .EINVAL
    }
    segment.pointee.changed = files.pointee.time.seconds
  }

  /// SHM_LOCK and SHM_UNLOCK: the segment's pages stay in RAM, from when they come there, or may go
  /// again (mm/shmem.c:shmem_lock()).
  public func setLocked(_ segment: KernelPointer<SharedMemorySegment>, _ locked: Bool) {
    files.pointee.keepInMemory(segment.pointee.inode, locked)
    if locked {
      segment.pointee.permissions.mode |= SharedMemorySegment.locked
    } else {
      segment.pointee.permissions.mode &= ~SharedMemorySegment.locked
    }
  }

  /// The pages of all segments that are in RAM, and those in slots (shm_get_stat()).
  public var sharedSegmentPages: (resident: UInt64, swapped: UInt64) {
    var resident: UInt64 = 0
    var swapped: UInt64 = 0
    sharedMemory?.pointee.segments.forEach {
      resident &+= $0.pointee.inode.pointee.pages.count
      swapped &+= $0.pointee.inode.pointee.swapped
    }
    return (resident, swapped)
  }
}
