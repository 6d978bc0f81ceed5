import Arm64
public import MemoryTypes

/// The lists that processes and threads stand in. Every step is O(1).
extension KernelState {
  /// Puts a new thread into its process, and a new process into the list of all.
  func link(_ task: KernelPointer<Task<B>>) {
    let process = task.pointee.process
    task.pointee.number.pointee.task = task
    process.pointee.threads.append(task) { Task.threadLinks($0) }
    process.pointee.threadCount &+= 1
    process.pointee.liveThreads &+= 1
    store.pointee.taskCount &+= 1
    guard process.pointee.leader == task else { return }
    task.pointee.number.pointee.process = process
    store.pointee.processes.append(process) { Process.links($0) }
    store.pointee.processCount &+= 1
  }

  /// Takes a thread out of its process, and with the last one the process out of everything
  /// (kernel/exit.c:__unhash_process()).
  func unlink(_ task: KernelPointer<Task<B>>) {
    let process = task.pointee.process
    process.pointee.threads.remove(task) { Task.threadLinks($0) }
    process.pointee.threadCount &-= 1
    store.pointee.taskCount &-= 1
    let number = task.pointee.number
    // The number is given up last: it may be the group's and the session's too.
    if process.pointee.threadCount == 0 {
      unlink(process)
      number.pointee.process = nil
    }
    number.pointee.task = nil
    dropIfUnused(number)
  }

  private func unlink(_ process: KernelPointer<Process<B>>) {
    disown(process)
    leaveGroup(process)
    leaveSession(process)
    store.pointee.processes.remove(process) { Process.links($0) }
    store.pointee.processCount &-= 1
  }

  /// Makes `child` the newest child of `parent`.
  ///
  /// Oldest first, so that wait4 finds the child that was made first.
  func adopt(_ child: KernelPointer<Process<B>>, by parent: KernelPointer<Process<B>>) {
    child.pointee.parent = parent
    parent.pointee.children.append(child) { Process.siblingLinks($0) }
  }

  /// Takes `child` out of its parent's children.
  func disown(_ child: KernelPointer<Process<B>>) {
    guard let parent = child.pointee.parent else { return }
    parent.pointee.children.remove(child) { Process.siblingLinks($0) }
    child.pointee.parent = nil
  }

  /// Calls a function with every thread of every process.
  ///
  /// It may not release any but the one that it is called with.
  public func forEachTask(_ body: (KernelPointer<Task<B>>) -> Void) {
    var process = store.pointee.firstProcess
    while let found = process {
      process = found.pointee.nextProcess
      var task = found.pointee.firstThread
      while let thread = task {
        task = thread.pointee.nextThread
        body(thread)
      }
    }
  }
}
