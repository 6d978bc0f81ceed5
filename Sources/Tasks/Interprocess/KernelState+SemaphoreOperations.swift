public import AddressSpaces
import Arm64
import Files
import KernelHeap
public import MemoryTypes

/// semop and semtimedop (ipc/sem.c:__do_semtimedop()).
extension KernelState {
  /// Does operations on a set, when all of them can be done.
  ///
  /// EAGAIN when the moment has come first, EINTR when a signal has, EIDRM if the set was removed
  /// meanwhile. The operations must stay where they are until then.
  public func operate(
    on identifier: Int32, _ operations: SemaphoreOperations, until moment: UInt64?,
    by caller: IPCCaller
  ) throws(Errno) {
    let all = try semaphores()
    let set = try all.pointee.sets.object(identifier)
    let undo = operations.undoes ? try undoEntry(for: set, all) : nil
    guard operations.highest < set.pointee.count else { throw .EFBIG }
    let alters = operations.alters
    guard set.pointee.permissions.allow(caller, alters ? 0o222 : 0o444) else { throw .EACCES }
    switch perform(operations, on: set, undo, by: caller.process) {
    case .failed(let error): throw error
    case .done:
      if alters { _ = serveWaiters(of: set) }
      set.pointee.operated = files.pointee.time.seconds
    case .blocked(let index):
      let value = SemaphoreWaiter(
        operations: operations, undo: undo, process: caller.process, blocking: index,
        alters: alters)
      guard let waiter = all.pointee.waiterCache.allocate(value) else { throw .ENOMEM }
      defer { all.pointee.waiterCache.free(waiter) }
      append(waiter, to: set)
      try wait(waiter, of: set, until: moment)
    }
  }

  private func wait(
    _ waiter: KernelPointer<SemaphoreWaiter>, of set: KernelPointer<SemaphoreSet>,
    until moment: UInt64?
  ) throws(Errno) {
    while true {
      let isLate = moment.map { board.clock.ticks >= $0 } ?? false
      if !isLate && !hasSignal {
        block(on: WaitChannel(kind: .interprocess, object: waiter.address), until: moment)
      }
      switch waiter.pointee.result {
      case .done: return
      case .failed(let error): throw error
      case .blocked, nil: break
      }
      if let moment, board.clock.ticks >= moment {
        unlink(waiter, of: set)
        throw .EAGAIN
      }
      if hasSignal {
        unlink(waiter, of: set)
        throw .EINTR
      }
    }
  }

  /// Does all operations, or none (perform_atomic_semop()).
  private func perform(
    _ operations: SemaphoreOperations, on set: KernelPointer<SemaphoreSet>,
    _ undo: KernelPointer<UndoEntry>?, by process: Int32
  ) -> SemaphoreResult {
    var done = 0
    while done < operations.count {
      let operation = operations[done]
      let number = Int(operation.number)
      let semaphore = set.pointee[number]
      let change = Int32(operation.change)
      let value = semaphore.pointee.value &+ change
      var failure: SemaphoreResult?
      if change == 0 && value != 0 || value < 0 {
        failure = operation.waits ? .blocked(done) : .failed(.EAGAIN)
      } else if value > SemaphoreSet.maximum {
        failure = .failed(.ERANGE)
      } else if operation.undoes, let undo {
        let adjusted = Int32(undo.pointee[number]) &- change
        if let fits = Int16(exactly: adjusted) {
          undo.pointee[number] = fits
        } else {
          failure = .failed(.ERANGE)
        }
      }
      if let failure {
        takeBack(operations, done, on: set, undo)
        return failure
      }
      semaphore.pointee.value = value
      done &+= 1
    }
    for index in 0..<operations.count {
      set.pointee[Int(operations[index].number)].pointee.process = process
    }
    return .done
  }

  /// Undoes the first operations of a call that cannot be done as a whole.
  private func takeBack(
    _ operations: SemaphoreOperations, _ count: Int, on set: KernelPointer<SemaphoreSet>,
    _ undo: KernelPointer<UndoEntry>?
  ) {
    var index = count
    while index > 0 {
      index &-= 1
      let operation = operations[index]
      let number = Int(operation.number)
      set.pointee[number].pointee.value &-= Int32(operation.change)
      if operation.undoes, let undo { undo.pointee[number] &+= operation.change }
    }
  }

  /// Lets waiters go on that can, after values have changed; whether any did (do_smart_update()).
  ///
  /// Those that only wait for zeros go first. One that changes values may let others go on that were
  /// passed by, unless none has more than one operation: what is taken lets nobody take more
  /// (check_restart()).
  func serveWaiters(of set: KernelPointer<SemaphoreSet>) -> Bool {
    var served = serveReaders(of: set)
    var next = nextWriter(after: nil, of: set)
    while let waiter = next {
      next = nextWriter(after: waiter, of: set)
      let isComplex = waiter.pointee.operations.count > 1
      guard tryAgain(waiter, of: set) else { continue }
      served = true
      guard case .done? = waiter.pointee.result else { continue }
      _ = serveReaders(of: set)
      if isComplex || set.pointee.complexWaiters > 0 { next = nextWriter(after: nil, of: set) }
    }
    return served
  }

  /// The next waiter that changes values; readers may leave the queue meanwhile, these do not.
  private func nextWriter(
    after waiter: KernelPointer<SemaphoreWaiter>?, of set: KernelPointer<SemaphoreSet>
  ) -> KernelPointer<SemaphoreWaiter>? {
    var next = waiter.map { $0.pointee.next } ?? set.pointee.firstWaiter
    while let here = next, !here.pointee.alters { next = here.pointee.next }
    return next
  }

  private func serveReaders(of set: KernelPointer<SemaphoreSet>) -> Bool {
    var served = false
    var next = set.pointee.firstWaiter
    while let waiter = next {
      next = waiter.pointee.next
      if !waiter.pointee.alters, tryAgain(waiter, of: set) { served = true }
    }
    return served
  }

  /// Tries a waiter's operations; whether it waits no longer.
  private func tryAgain(
    _ waiter: KernelPointer<SemaphoreWaiter>, of set: KernelPointer<SemaphoreSet>
  ) -> Bool {
    // What it waits for is looked at alone first: mostly it is still so. Its earlier operations can
    // change that only where they name the same semaphore.
    let operation = waiter.pointee.operations[waiter.pointee.blocking]
    if waiter.pointee.blocking == 0 {
      let value = set.pointee[Int(operation.number)].pointee.value
      let change = Int32(operation.change)
      if change == 0 ? value != 0 : value &+ change < 0 { return false }
    }
    let result = perform(
      waiter.pointee.operations, on: set, waiter.pointee.undo, by: waiter.pointee.process)
    if case .blocked(let index) = result {
      waiter.pointee.blocking = index
      return false
    }
    finish(waiter, of: set, result)
    return true
  }

  /// Takes a waiter out of the queue, tells it how its call has ended, and wakes it.
  func finish(
    _ waiter: KernelPointer<SemaphoreWaiter>, of set: KernelPointer<SemaphoreSet>,
    _ result: SemaphoreResult
  ) {
    unlink(waiter, of: set)
    waiter.pointee.result = result
    wake(WaitChannel(kind: .interprocess, object: waiter.address))
  }

  private func append(
    _ waiter: KernelPointer<SemaphoreWaiter>, to set: KernelPointer<SemaphoreSet>
  ) {
    waiter.pointee.previous = set.pointee.lastWaiter
    if let last = set.pointee.lastWaiter {
      last.pointee.next = waiter
    } else {
      set.pointee.firstWaiter = waiter
    }
    set.pointee.lastWaiter = waiter
    if waiter.pointee.operations.count > 1 { set.pointee.complexWaiters &+= 1 }
  }

  private func unlink(
    _ waiter: KernelPointer<SemaphoreWaiter>, of set: KernelPointer<SemaphoreSet>
  ) {
    let (next, previous) = (waiter.pointee.next, waiter.pointee.previous)
    if let previous { previous.pointee.next = next } else { set.pointee.firstWaiter = next }
    if let next { next.pointee.previous = previous } else { set.pointee.lastWaiter = previous }
    waiter.pointee.next = nil
    waiter.pointee.previous = nil
    if waiter.pointee.operations.count > 1 { set.pointee.complexWaiters &-= 1 }
  }
}
