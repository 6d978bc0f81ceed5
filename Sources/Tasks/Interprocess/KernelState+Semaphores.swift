public import AddressSpaces
import Arm64
import Files
import KernelHeap
public import MemoryTypes
import PageFrames

/// Sets of semaphores: made, found, set and removed (semget, semctl).
extension KernelState {
  /// All sets, made when first asked for.
  public func semaphores() throws(Errno) -> KernelPointer<SemaphoreSets<B>> {
    if let known = store.pointee.semaphores { return known }
    guard let value = SemaphoreSets<B>(slab),
      let cache = slab.pointee.kmallocCache(of: SemaphoreSets<B>.self, name: "sem_ids"),
      let made = cache.allocate(value)
    else { throw .ENOMEM }
    store.pointee.semaphores = made
    return made
  }

  /// semget (ipc/util.c:ipcget()): a set's identifier.
  public func semaphoreSet(
    key: Int32, count: Int32, flags: UInt32, by caller: IPCCaller
  ) throws(Errno) -> Int32 {
    let limits = store.pointee.interprocessLimits
    guard count >= 0, Int64(count) <= limits.semaphoresOfSet else { throw .EINVAL }
    let all = try semaphores()
    if key != 0, let found = all.pointee.sets.object(keyed: key) {
      guard flags & 0o3000 != 0o3000 else { throw .EEXIST }
      guard Int(count) <= found.pointee.count else { throw .EINVAL }
      guard found.pointee.permissions.allow(caller, flags) else { throw .EACCES }
      return found.pointee.permissions.identifier
    }
    guard key == 0 || flags & 0o1000 != 0 else { throw .ENOENT }
    guard count > 0 else { throw .EINVAL }
    guard Int64(all.pointee.usedSemaphores) &+ Int64(count) <= limits.semaphores else {
      throw .ENOSPC
    }
    return try makeSet(all, key: key, count: Int(count), flags: flags, by: caller)
  }

  /// newary().
  private func makeSet(
    _ all: KernelPointer<SemaphoreSets<B>>, key: Int32, count: Int, flags: UInt32,
    by caller: IPCCaller
  ) throws(Errno) -> Int32 {
    let limit = Int(store.pointee.interprocessLimits.sets)
    let bytes = valueBytes(count)
    guard
      let memory = unsafe slab.pointee.allocateBytes(
        bytes, [.kernel, .account])
    else { throw .ENOMEM }
    // SAFETY: as many bytes as `count` semaphores have, and nobody else's.
    let values = unsafe memory.bindMemory(to: Semaphore.self, capacity: count)
    unsafe values.initialize(repeating: Semaphore(), count: count)
    do throws(Errno) {
      let (place, identifier, sequence) = try all.pointee.sets.nextIdentifier(limit: limit)
      let value = unsafe SemaphoreSet(
        permissions: IPCPermissions(key: key, mode: flags, by: caller), count: count,
        values: values, changed: files.pointee.time.seconds)
      guard let set = all.pointee.setCache.allocate(value) else { throw .ENOMEM }
      do throws(Errno) {
        try all.pointee.sets.insert(set, at: place, sequence)
      } catch {
        all.pointee.setCache.free(set)
        throw error
      }
      all.pointee.usedSemaphores &+= count
      return identifier
    } catch {
      unsafe slab.pointee.freeBytes(memory, bytes)
      throw error
    }
  }

  private func valueBytes(_ count: Int) -> ByteCount {
    ByteCount(UInt64(count &* MemoryLayout<Semaphore>.stride))
  }

  /// SETVAL: one value; what processes would undo is forgotten.
  public func setValue(
    of number: Int, in set: KernelPointer<SemaphoreSet>, to value: Int32
  ) {
    let semaphore = set.pointee[number]
    semaphore.pointee.value = value
    semaphore.pointee.process = current.pointee.threadGroup
    var entry = set.pointee.firstUndo
    while let here = entry {
      here.pointee[number] = 0
      entry = here.pointee.nextOfSet
    }
  }

  /// What a change by semctl brings with it: its time, and waiters that can go on.
  public func noteChange(of set: KernelPointer<SemaphoreSet>) {
    set.pointee.changed = files.pointee.time.seconds
    if serveWaiters(of: set) { set.pointee.operated = files.pointee.time.seconds }
  }

  /// The time of IPC_SET.
  public func noteUpdate(of set: KernelPointer<SemaphoreSet>) {
    set.pointee.changed = files.pointee.time.seconds
  }

  /// GETNCNT and GETZCNT: calls that wait at a semaphore to become more, or zero (count_semcnt()).
  public func waiters(at number: Int, of set: KernelPointer<SemaphoreSet>, forZero: Bool) -> Int {
    var count = 0
    var waiter = set.pointee.firstWaiter
    while let here = waiter {
      let operation = here.pointee.operations[here.pointee.blocking]
      if Int(operation.number) == number, forZero == (operation.change == 0) { count &+= 1 }
      waiter = here.pointee.next
    }
    return count
  }

  /// IPC_RMID (freeary()): waiters fail with EIDRM, nothing is undone any more.
  public func remove(_ set: KernelPointer<SemaphoreSet>) {
    guard let all = store.pointee.semaphores else { return }
    while let waiter = set.pointee.firstWaiter { finish(waiter, of: set, .failed(.EIDRM)) }
    while let entry = set.pointee.firstUndo { free(entry, all) }
    all.pointee.sets.remove(set)
    all.pointee.usedSemaphores &-= set.pointee.count
    let values = unsafe set.pointee.values
    unsafe slab.pointee.freeBytes(
      UnsafeMutableRawPointer(values), valueBytes(set.pointee.count))
    all.pointee.setCache.free(set)
  }
}
