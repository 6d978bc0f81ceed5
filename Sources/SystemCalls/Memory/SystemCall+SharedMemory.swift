import AddressSpaces
import Arm64
import Files
import MemoryTypes
import Tasks

/// System V shared memory (ipc/shm.c).
extension SystemCall {
  /// What these calls ask about their caller.
  var ipcCaller: IPCCaller {
    let all = task.pointee.credentials
    return IPCCaller(
      process: task.pointee.threadGroup, user: all.effectiveUser, group: all.effectiveGroup,
      isPrivileged: task.pointee.memory.isPrivileged)
  }

  /// shmget(key, size, flags).
  func getSegment() throws(Errno) -> UInt64 {
    let identifier = try kernel.memory.pointee.segment(
      key: int(0), size: argument(1), flags: word(2), by: ipcCaller)
    return UInt64(UInt32(bitPattern: identifier))
  }

  /// shmat(identifier, address, flags).
  func attachSegment() throws(Errno) -> UInt64 {
    try space.pointee.attach(int(0), at: address(1), word(2), by: ipcCaller).rawValue
  }

  /// shmdt(address).
  func detachSegment() throws(Errno) -> UInt64 {
    try space.pointee.detach(address(0))
    return 0
  }

  /// shmctl(identifier, command, buffer).
  func controlSegment() throws(Errno) -> UInt64 {
    let identifier = int(0)
    guard int(1) >= 0, identifier >= 0 else { throw .EINVAL }
    let shared = try kernel.memory.pointee.sharedMemoryMaking()
    let highest = UInt64(max(shared.pointee.segments.highest, 0))
    switch int(1) {
    case 3:  // IPC_INFO
      let limits = kernel.memory.pointee.sharedMemoryLimits
      var figures = InlineArray<9, UInt64>(repeating: 0)
      figures[0] = limits.maximumSize
      figures[1] = 1
      figures[2] = limits.maximumSegments
      figures[3] = limits.maximumSegments
      figures[4] = limits.maximumPages
      try space.pointee.copyOut(figures, to: address(2))
      return highest
    case 14:  // SHM_INFO
      var figures = InlineArray<6, UInt64>(repeating: 0)
      figures[0] = UInt64(shared.pointee.segments.inUse)
      figures[1] = shared.pointee.totalPages
      (figures[2], figures[3]) = kernel.memory.pointee.sharedSegmentPages
      try space.pointee.copyOut(figures, to: address(2))
      return highest
    case 2, 13, 15:  // IPC_STAT, SHM_STAT, SHM_STAT_ANY
      let byPlace = int(1) != 2
      let segment =
        try byPlace
        ? shared.pointee.segments.object(placedAs: identifier)
        : shared.pointee.segments.object(identifier)
      guard int(1) == 15 || segment.pointee.permissions.allow(ipcCaller, 0o444) else {
        throw .EACCES
      }
      try space.pointee.copyOut(SegmentStatus(segment.pointee), to: address(2))
      return byPlace ? UInt64(UInt32(bitPattern: segment.pointee.permissions.identifier)) : 0
    case 1:  // IPC_SET
      let wanted = try space.pointee.copyIn(SegmentStatus.self, from: address(2))
      let segment = try ownSegment(shared, identifier)
      try kernel.memory.pointee.update(
        segment, user: wanted.permissions.user, group: wanted.permissions.group,
        mode: wanted.permissions.mode)
      return 0
    case 0:  // IPC_RMID
      kernel.memory.pointee.remove(try ownSegment(shared, identifier))
      return 0
    case 11, 12:  // SHM_LOCK, SHM_UNLOCK
      try lockSegment(shared.pointee.segments.object(identifier), int(1) == 11)
      return 0
    default: throw .EINVAL
    }
  }

  /// A segment that the caller may change or remove.
  private func ownSegment(
    _ shared: KernelPointer<SharedMemory<B>>, _ identifier: Int32
  ) throws(Errno) -> KernelPointer<SharedMemorySegment> {
    let segment = try shared.pointee.segments.object(identifier)
    guard segment.pointee.permissions.isOwned(by: ipcCaller) else { throw .EPERM }
    return segment
  }

  /// shmctl_do_lock().
  private func lockSegment(
    _ segment: KernelPointer<SharedMemorySegment>, _ locks: Bool
  ) throws(Errno) {
    let permissions = segment.pointee.permissions
    let caller = ipcCaller
    if !caller.isPrivileged {
      guard caller.user == permissions.user || caller.user == permissions.creator else {
        throw .EPERM
      }
      let limit = task.pointee.memory.limits.pointee[.lockedMemory].soft
      guard !locks || limit != 0 else { throw .EPERM }
      // user_shm_lock(): what a user has locked counts against the limit.
      guard
        !locks || limit == ResourceLimits.infinity
          || ByteCount(segment.pointee.size).pagesNeeded(of: kernel.board.pageSize).rawValue
            <= limit &>> kernel.board.pageSize.shift
      else { throw .ENOMEM }
    }
    kernel.memory.pointee.setLocked(segment, locks)
  }
}

/// `struct shmid64_ds`, 112 bytes.
struct SegmentStatus: BitwiseCopyable {
  var permissions: PermissionStatus
  var size: UInt64
  var attached: Int64
  var detached: Int64
  var changed: Int64
  var creatorProcess: Int32
  var lastProcess: Int32
  var attachments: UInt64
  private var unused1: UInt64 = 0
  private var unused2: UInt64 = 0

  init(_ segment: SharedMemorySegment) {
    permissions = PermissionStatus(segment.permissions)
    size = segment.size
    attached = segment.attached
    detached = segment.detached
    changed = segment.changed
    creatorProcess = segment.creator
    lastProcess = segment.lastUser
    attachments = segment.attachments
  }
}
