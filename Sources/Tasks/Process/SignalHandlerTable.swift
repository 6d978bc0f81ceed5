import KernelHeap
import MemoryTypes

/// The actions of a process, by signal, shared by all its threads and by whoever was made with
/// CLONE_SIGHAND (`struct sighand_struct`).
///
///     references == number of tasks that are not freed and point here
///
/// With several CPUs its lock is Linux's `siglock`: it guards the actions, and the pending signals
/// and masks of all tasks that share the table.
public struct SignalHandlerTable: ~Copyable {
  let resident = Resident()
  public internal(set) var references = 1
  public var actions: SignalActions

  init(_ actions: SignalActions) { self.actions = actions }

  @inlinable public subscript(signal: Signal) -> SignalAction {
    get { actions[signal] }
    set { actions[signal] = newValue }
  }
}

extension KernelState {
  /// One user of a table less; with the last it is gone (__cleanup_sighand()).
  func release(_ handlers: KernelPointer<SignalHandlerTable>) {
    handlers.pointee.references &-= 1
    if handlers.pointee.references == 0 { store.pointee.caches.handlers.free(handlers) }
  }

  /// Gives the current task a table of its own (fs/exec.c:unshare_sighand()).
  func unshareHandlers() throws(Errno) {
    let task = current
    let old = task.pointee.handlers
    guard old.pointee.references > 1 else { return }
    guard
      let copy = store.pointee.caches.handlers.allocate(SignalHandlerTable(old.pointee.actions))
    else { throw .ENOMEM }
    task.pointee.handlers = copy
    release(old)
  }
}
