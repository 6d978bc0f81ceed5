import Arm64
public import MemoryTypes

/// The lists that processes and threads stand in. Every step is O(1).
extension KernelState {
  /// Puts a new thread into its process, and a new process into the list of all.
  func link(_ task: KernelPointer<Task<B>>) {
    let process = task.pointee.process
    task.pointee.number.pointee.task = task
    task.pointee.previousThread = process.pointee.lastThread
    if let last = process.pointee.lastThread {
      last.pointee.nextThread = task
    } else {
      process.pointee.firstThread = task
    }
    process.pointee.lastThread = task
    process.pointee.threadCount &+= 1
    process.pointee.liveThreads &+= 1
    store.pointee.taskCount &+= 1
    guard process.pointee.leader == task else { return }
    task.pointee.number.pointee.process = process
    process.pointee.previousProcess = store.pointee.lastProcess
    if let last = store.pointee.lastProcess {
      last.pointee.nextProcess = process
    } else {
      store.pointee.firstProcess = process
    }
    store.pointee.lastProcess = process
    store.pointee.processCount &+= 1
  }

  /// Takes a thread out of its process, and with the last one the process out of everything
  /// (kernel/exit.c:__unhash_process()).
  func unlink(_ task: KernelPointer<Task<B>>) {
    let process = task.pointee.process
    let next = task.pointee.nextThread
    let previous = task.pointee.previousThread
    if let previous {
      previous.pointee.nextThread = next
    } else {
      process.pointee.firstThread = next
    }
    if let next {
      next.pointee.previousThread = previous
    } else {
      process.pointee.lastThread = previous
    }
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
    let next = process.pointee.nextProcess
    let previous = process.pointee.previousProcess
    if let previous {
      previous.pointee.nextProcess = next
    } else {
      store.pointee.firstProcess = next
    }
    if let next {
      next.pointee.previousProcess = previous
    } else {
      store.pointee.lastProcess = previous
    }
    store.pointee.processCount &-= 1
  }

  /// Makes `child` the newest child of `parent`.
  ///
  /// Oldest first, so that wait4 finds the child that was made first.
  func adopt(_ child: KernelPointer<Process<B>>, by parent: KernelPointer<Process<B>>) {
    child.pointee.parent = parent
    child.pointee.nextSibling = nil
    child.pointee.previousSibling = parent.pointee.lastChild
    if let last = parent.pointee.lastChild {
      last.pointee.nextSibling = child
    } else {
      parent.pointee.firstChild = child
    }
    parent.pointee.lastChild = child
  }

  /// Takes `child` out of its parent's children.
  func disown(_ child: KernelPointer<Process<B>>) {
    guard let parent = child.pointee.parent else { return }
    let next = child.pointee.nextSibling
    let previous = child.pointee.previousSibling
    if let previous {
      previous.pointee.nextSibling = next
    } else {
      parent.pointee.firstChild = next
    }
    if let next {
      next.pointee.previousSibling = previous
    } else {
      parent.pointee.lastChild = previous
    }
    child.pointee.nextSibling = nil
    child.pointee.previousSibling = nil
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
