import AddressSpaces
import Arm64
import KernelHeap
import MemoryTypes
import Tasks

/// System V semaphores (ipc/sem.c).
extension SystemCall {
  /// semget(key, count, flags).
  func getSemaphores() throws(Errno) -> UInt64 {
    let identifier = try kernel.semaphoreSet(
      key: int(0), count: int(1), flags: word(2), by: ipcCaller)
    return UInt64(UInt32(bitPattern: identifier))
  }

  /// semop(identifier, operations, count), and semtimedop with a time to wait.
  @inline(never)
  func operateSemaphores(isTimed: Bool) throws(Errno) -> UInt64 {
    var moment: UInt64?
    var isValid = true
    if isTimed, argument(3) != 0 {
      // A bad time is only told once the operations have been read.
      let time = try space.pointee.copyIn(InlineArray<2, Int64>.self, from: address(3))
      isValid = time[0] >= 0 && time[1] >= 0 && time[1] < 1_000_000_000
      if isValid {
        let clock = kernel.board.clock
        moment = clock.ticks &+ clock.ticks(inNanoseconds: try interval(at: address(3)))
      }
    }
    let count = Int(word(2))
    guard count <= kernel.store.pointee.interprocessLimits.operations else { throw .E2BIG }
    guard count >= 1 else { throw .EINVAL }
    let bytes = ByteCount(UInt64(count &* 6))
    guard let buffer = unsafe kernel.slab.pointee.allocateBytes(bytes) else { throw .ENOMEM }
    defer { unsafe kernel.slab.pointee.freeBytes(buffer, bytes) }
    // SAFETY: the buffer has room for `count` operations, and stays until the call is over.
    try unsafe space.pointee.copyIn(address(1), to: buffer, count &* 6)
    guard int(0) >= 0, isValid else { throw .EINVAL }
    let operations = unsafe SemaphoreOperations(
      UnsafePointer(buffer.bindMemory(to: SemaphoreOperation.self, capacity: count)),
      count: count)
    try kernel.operate(on: int(0), operations, until: moment, by: ipcCaller)
    return 0
  }

  /// semctl(identifier, number, command, argument).
  @inline(never)
  func controlSemaphores() throws(Errno) -> UInt64 {
    guard int(0) >= 0 else { throw .EINVAL }
    switch int(2) {
    case 3, 19: return try semaphoreFigures(ofUse: int(2) == 19)  // IPC_INFO, SEM_INFO
    case 2, 18, 20: return try semaphoreStatus()  // IPC_STAT, SEM_STAT, SEM_STAT_ANY
    case 13: return try getAll()
    case 17: return try setAll()
    case 11, 12, 14, 15: return try semaphoreFigure()  // GETPID, GETVAL, GETNCNT, GETZCNT
    case 16: return try setValue()
    case 1:  // IPC_SET
      let wanted = try space.pointee.copyIn(SemaphoreStatus.self, from: address(3))
      let set = try ownSet()
      guard
        set.pointee.permissions.update(
          user: wanted.permissions.user, group: wanted.permissions.group,
          mode: wanted.permissions.mode)
      else { throw .EINVAL }
      kernel.noteUpdate(of: set)
      return 0
    case 0:  // IPC_RMID
      kernel.remove(try ownSet())
      return 0
    default: throw .EINVAL
    }
  }

  private func semaphoreFigures(ofUse: Bool) throws(Errno) -> UInt64 {
    let all = try kernel.semaphores()
    let limits = kernel.store.pointee.interprocessLimits
    var figures = InlineArray<10, Int32>(repeating: 0)
    figures[0] = 1_024_000_000
    figures[1] = Int32(truncatingIfNeeded: limits.sets)
    figures[2] = Int32(truncatingIfNeeded: limits.semaphores)
    figures[3] = 1_024_000_000
    figures[4] = Int32(truncatingIfNeeded: limits.semaphoresOfSet)
    figures[5] = Int32(truncatingIfNeeded: limits.operations)
    figures[6] = 500
    figures[7] = ofUse ? Int32(truncatingIfNeeded: all.pointee.sets.inUse) : 20
    figures[8] = 32767
    figures[9] = ofUse ? Int32(truncatingIfNeeded: all.pointee.usedSemaphores) : 32767
    try space.pointee.copyOut(figures, to: address(3))
    return UInt64(max(all.pointee.sets.highest, 0))
  }

  private func semaphoreStatus() throws(Errno) -> UInt64 {
    let all = try kernel.semaphores()
    let set =
      try int(2) == 2
      ? all.pointee.sets.object(int(0)) : all.pointee.sets.object(placedAs: int(0))
    guard int(2) == 20 || set.pointee.permissions.allow(ipcCaller, 0o444) else { throw .EACCES }
    try space.pointee.copyOut(SemaphoreStatus(set.pointee), to: address(3))
    return int(2) == 2 ? 0 : UInt64(UInt32(bitPattern: set.pointee.permissions.identifier))
  }

  /// A set that the caller may look at, or change.
  private func set(writes: Bool) throws(Errno) -> KernelPointer<SemaphoreSet> {
    let set = try kernel.semaphores().pointee.sets.object(int(0))
    guard set.pointee.permissions.allow(ipcCaller, writes ? 0o222 : 0o444) else { throw .EACCES }
    return set
  }

  /// A set that the caller may give away or remove.
  private func ownSet() throws(Errno) -> KernelPointer<SemaphoreSet> {
    let set = try kernel.semaphores().pointee.sets.object(int(0))
    guard set.pointee.permissions.isOwned(by: ipcCaller) else { throw .EPERM }
    return set
  }

  private func semaphoreFigure() throws(Errno) -> UInt64 {
    let set = try set(writes: false)
    guard int(1) >= 0, Int(int(1)) < set.pointee.count else { throw .EINVAL }
    let number = Int(int(1))
    switch int(2) {
    case 11: return UInt64(UInt32(bitPattern: set.pointee[number].pointee.process))
    case 12: return UInt64(UInt32(bitPattern: set.pointee[number].pointee.value))
    default: return UInt64(kernel.waiters(at: number, of: set, forZero: int(2) == 15))
    }
  }

  private func setValue() throws(Errno) -> UInt64 {
    guard (0...32767).contains(int(3)) else { throw .ERANGE }
    let set = try kernel.semaphores().pointee.sets.object(int(0))
    guard int(1) >= 0, Int(int(1)) < set.pointee.count else { throw .EINVAL }
    guard set.pointee.permissions.allow(ipcCaller, 0o222) else { throw .EACCES }
    kernel.setValue(of: Int(int(1)), in: set, to: int(3))
    kernel.noteChange(of: set)
    return 0
  }

  private func getAll() throws(Errno) -> UInt64 {
    let set = try set(writes: false)
    for number in 0..<set.pointee.count {
      let value = UInt16(truncatingIfNeeded: set.pointee[number].pointee.value)
      try space.pointee.copyOut(value, to: address(3) + ByteCount(UInt64(number &* 2)))
    }
    return 0
  }

  private func setAll() throws(Errno) -> UInt64 {
    let set = try set(writes: true)
    let count = set.pointee.count
    var highest: UInt16 = 0
    for number in 0..<count {
      highest = max(highest, try newValue(number))
    }
    guard highest <= 32767 else { throw .ERANGE }
    for number in 0..<count {
      kernel.setValue(of: number, in: set, to: Int32(try newValue(number)))
    }
    kernel.noteChange(of: set)
    return 0
  }

  private func newValue(_ number: Int) throws(Errno) -> UInt16 {
    try space.pointee.copyIn(
      UInt16.self, from: address(3) + ByteCount(UInt64(number &* 2)))
  }
}

/// `struct semid64_ds`, 88 bytes.
struct SemaphoreStatus: BitwiseCopyable {
  var permissions: PermissionStatus
  var operated: Int64
  var changed: Int64
  var count: UInt64
  private var unused1: UInt64 = 0
  private var unused2: UInt64 = 0

  init(_ set: SemaphoreSet) {
    permissions = PermissionStatus(set.permissions)
    operated = set.operated
    changed = set.changed
    count = UInt64(set.count)
  }
}
