import Arm64
import KernelHeap
public import MemoryTypes

/// Advisory locks (fs/locks.c). Nothing here waits: EAGAIN where another holds the lock, and
/// whoever waits does so at the inode, which ``happened(to:)`` a lock's end.
extension FileSystem {
  /// The first lock that stands in a request's way; nil for none (F_GETLK).
  public func conflict(
    _ request: LockRequest, on inode: KernelPointer<Inode>
  ) -> LockRequest? {
    var candidate = inode.pointee.locks
    while let lock = candidate {
      if lock.pointee.request.conflicts(with: request) { return lock.pointee.request }
      candidate = lock.pointee.next
    }
    return nil
  }

  /// Takes, changes or gives back a lock.
  public func lock(
    _ request: LockRequest, on inode: KernelPointer<Inode>
  ) throws(Errno) {
    if request.family == .whole {
      try lockWhole(request, on: inode)
    } else {
      try lockRange(request, on: inode)
    }
  }

  /// flock_lock_inode(): the old lock goes before the new one is tried.
  private func lockWhole(
    _ request: LockRequest, on inode: KernelPointer<Inode>
  ) throws(Errno) {
    let had = removeLocks(of: inode) { $0.isOfSameOwner(as: request) && $0.kind != request.kind }
    if had { happened(to: inode) }
    guard request.kind != .none else { return }
    guard !holds(request, on: inode) else { return }
    guard conflict(request, on: inode) == nil else { throw .EAGAIN }
    insert(try makeLock(request), into: inode)
  }

  private func holds(_ request: LockRequest, on inode: KernelPointer<Inode>) -> Bool {
    var candidate = inode.pointee.locks
    while let lock = candidate {
      if lock.pointee.request.isOfSameOwner(as: request) { return true }
      candidate = lock.pointee.next
    }
    return false
  }

  /// posix_lock_inode(): the owner's locks in the range give way to the new one, which joins its
  /// neighbours of the same kind.
  private func lockRange(
    _ request: LockRequest, on inode: KernelPointer<Inode>
  ) throws(Errno) {
    if request.kind != .none, conflict(request, on: inode) != nil { throw .EAGAIN }
    // All that can be needed, before anything changes: the lock, and the rest of one that is cut
    // in two.
    let fresh = try makeLock(request)
    let rest: KernelPointer<FileLock>
    do throws(Errno) {
      rest = try makeLock(request)
    } catch {
      caches.locks.free(fresh)
      throw error
    }
    var restIsUsed = false
    var changed = false
    var new = request
    var before: KernelPointer<FileLock>?
    var candidate = inode.pointee.locks
    while let lock = candidate {
      candidate = lock.pointee.next
      let old = lock.pointee.request
      guard old.isOfSameOwner(as: request) else {
        before = lock
        continue
      }
      if old.kind == request.kind {
        // Joined when they overlap or touch.
        let touches =
          old.overlaps(new) || old.last < .max && old.last &+ 1 == new.first
          || new.last < .max && new.last &+ 1 == old.first
        guard touches else {
          before = lock
          continue
        }
        new.first = min(new.first, old.first)
        new.last = max(new.last, old.last)
      } else {
        guard old.overlaps(request) else {
          before = lock
          continue
        }
        changed = true
        let hasHead = old.first < request.first
        let hasTail = old.last > request.last
        if hasHead {
          lock.pointee.request.last = request.first &- 1
          if hasTail {
            rest.pointee.request = old
            rest.pointee.request.first = request.last &+ 1
            restIsUsed = true
          }
          before = lock
          continue
        }
        if hasTail {
          lock.pointee.request.first = request.last &+ 1
          before = lock
          continue
        }
      }
      if let before { before.pointee.next = candidate } else { inode.pointee.locks = candidate }
      caches.locks.free(lock)
    }
    if restIsUsed { insert(rest, into: inode) } else { caches.locks.free(rest) }
    if request.kind == .none {
      caches.locks.free(fresh)
    } else {
      fresh.pointee.request = new
      insert(fresh, into: inode)
    }
    if changed { happened(to: inode) }
  }

  private func makeLock(_ request: LockRequest) throws(Errno) -> KernelPointer<FileLock> {
    guard let lock = caches.locks.allocate(FileLock(request)) else { throw .ENOLCK }
    return lock
  }

  /// Keeps locks in the order of their first bytes.
  private func insert(_ lock: KernelPointer<FileLock>, into inode: KernelPointer<Inode>) {
    var before: KernelPointer<FileLock>?
    var candidate = inode.pointee.locks
    while let here = candidate, here.pointee.request.first <= lock.pointee.request.first {
      before = here
      candidate = here.pointee.next
    }
    lock.pointee.next = candidate
    if let before { before.pointee.next = lock } else { inode.pointee.locks = lock }
  }

  /// Frees locks that a function chooses; whether there were any.
  @discardableResult
  private func removeLocks(
    of inode: KernelPointer<Inode>, _ isChosen: (LockRequest) -> Bool
  ) -> Bool {
    var before: KernelPointer<FileLock>?
    var candidate = inode.pointee.locks
    var removed = false
    while let lock = candidate {
      candidate = lock.pointee.next
      guard isChosen(lock.pointee.request) else {
        before = lock
        continue
      }
      if let before { before.pointee.next = candidate } else { inode.pointee.locks = candidate }
      caches.locks.free(lock)
      removed = true
    }
    return removed
  }

  /// A descriptor of a file is closed in a table: the table's locks on the file end, whatever
  /// other descriptors it has (locks_remove_posix()).
  @inline(never)
  func dropLocks(of table: KernelPointer<FileDescriptorTable>, on inode: KernelPointer<Inode>) {
    let owner = table.address
    if removeLocks(of: inode, { $0.family == .process && $0.owner == owner }) {
      happened(to: inode)
    }
  }

  /// An open file is closed for good (locks_remove_file()).
  @inline(never)
  func dropLocks(of file: KernelPointer<OpenFile>) {
    let owner = file.address
    if removeLocks(of: file.pointee.inode, { $0.family != .process && $0.owner == owner }) {
      happened(to: file.pointee.inode)
    }
  }

  /// Notes that somebody waits for a lock; EDEADLK where that one waits, by others, for the asker
  /// (posix_locks_deadlock()).
  public func beginWaiting(
    _ waiter: KernelPointer<LockWaiter>, _ request: LockRequest, for holder: LockRequest
  ) throws(Errno) {
    if request.family == .process, holder.family == .process {
      var owner = holder.owner
      for _ in 0..<10 {
        guard let blocked = self.waiter(owner) else { break }
        owner = blocked.pointee.waitsFor
        if owner == request.owner { throw .EDEADLK }
      }
    }
    waiter.pointee.owner = request.family == .process ? request.owner : 0
    waiter.pointee.waitsFor = holder.owner
    waiter.pointee.next = state.pointee.lockWaiters
    state.pointee.lockWaiters = waiter
  }

  public func endWaiting(_ waiter: KernelPointer<LockWaiter>) {
    if state.pointee.lockWaiters == waiter {
      state.pointee.lockWaiters = waiter.pointee.next
      return
    }
    var before = state.pointee.lockWaiters
    while let here = before {
      if here.pointee.next == waiter {
        here.pointee.next = waiter.pointee.next
        return
      }
      before = here.pointee.next
    }
  }

  private func waiter(_ owner: UInt) -> KernelPointer<LockWaiter>? {
    var candidate = state.pointee.lockWaiters
    while let here = candidate {
      if here.pointee.owner == owner { return here }
      candidate = here.pointee.next
    }
    return nil
  }
}
