import AddressSpaces
import Arm64
import BoardFormat
import Files
import KernelLayout
import MemoryTypes
import PageFrames

extension KernelState {
  /// Ends the current task (kernel/exit.c:do_exit()).
  public func end(
    _ status: ExitStatus, address: UInt64 = 0, programCounter: UInt64 = 0
  ) -> Never {
    let task = current
    task.pointee.exit = status
    if store.pointee.firstProgram == task {
      noteEnd(task, status, address, programCounter)
    }
    leaveSpace()
    finishVFork(task)
    if let table = task.pointee.files { files.pointee.release(table) }
    task.pointee.files = nil
    if let folder = task.pointee.workingDirectory { files.pointee.release(folder) }
    task.pointee.workingDirectory = nil
    if let program = task.pointee.executable { files.pointee.release(program) }
    task.pointee.executable = nil
    giveChildrenToInit(task)
    task.pointee.state = .zombie
    task.pointee.pending = SignalSet()
    notifyParent(of: task)
    schedule()
    board.panic("a task that ended was scheduled")
  }

  /// Leaves the address space: the last one out frees it (exec_mmap(), exit_mm()).
  func leaveSpace() {
    let task = current
    guard let space = task.pointee.memory.space else { return }
    // mm_release(): whoever waits for this thread sees a zero there, if it can be stored.
    if task.pointee.clearOnExit != 0 {
      let address = VirtualAddress(task.pointee.clearOnExit)
      task.pointee.clearOnExit = 0
      if space.pointee.users > 1 { try? space.pointee.copyOut(UInt32(0), to: address) }
    }
    space.pointee.synchronizeResident()
    task.pointee.peakResident = max(
      task.pointee.peakResident, space.pointee.peakResidentPages.rawValue)
    task.pointee.memory.space = nil
    board.deactivateUserHalf()
    AddressSpace.release(space)
  }

  /// Records how the first program ended, while it still has its memory.
  private func noteEnd(
    _ task: KernelPointer<Task<B>>, _ status: ExitStatus, _ address: UInt64, _ pc: UInt64
  ) {
    var record = EndRecord(reason: .exited, status: 0, address: address, pc: pc)
    switch status {
    case .exited(let code): record.status = UInt32(code)
    case .signalled(let signal):
      record.status = signal.rawValue
      record.reason = task.pointee.isOutOfMemoryVictim ? .outOfMemory : .signalled
    }
    store.pointee.end = record
    let counts = board.instructions
    let start = store.pointee.programStart
    statistics.pointee.userInstructions = counts.user &- start.user
    statistics.pointee.kernelInstructions = counts.kernel &- start.kernel
    if let space = task.pointee.memory.space {
      space.pointee.synchronizeResident()
      statistics.pointee.peakResident = space.pointee.peakResidentPages.rawValue
      statistics.pointee.residentAnonymous = space.pointee.residentPages(.anonymous).rawValue
      statistics.pointee.residentFile = space.pointee.residentPages(.file).rawValue
      statistics.pointee.residentShared = space.pointee.residentPages(.shared).rawValue
      statistics.pointee.peakVirtual = space.pointee.peakTotalPages.rawValue
      statistics.pointee.tablePages = space.pointee.tablePages()
      statistics.pointee.mappings = UInt64(space.pointee.mapCount)
    }
    if let texts = store.pointee.beforeTeardown { texts(self, task) }
  }

  /// Orphans become children of process 1, which takes those that have ended
  /// (kernel/exit.c:forget_original_parent()).
  private func giveChildrenToInit(_ task: KernelPointer<Task<B>>) {
    while let child = task.pointee.firstChild {
      disown(child)
      adopt(child, by: initTask)
      if child.pointee.state == .zombie { notifyParent(of: child) }
    }
  }

  /// Tells the parent that a child has ended, or takes the child if the parent does not care.
  private func notifyParent(of task: KernelPointer<Task<B>>) {
    guard let parent = task.pointee.parent else { return }
    let action = parent.pointee.actions[.child]
    if parent != initTask
      && (action.handler == SignalAction.ignored
        || action.flags & SignalActionFlags.noChildWait != 0)
    {
      // Nobody will ask for the status: process 1 takes the child (do_notify_parent()).
      disown(task)
      adopt(task, by: initTask)
      wake(WaitChannel(kind: .child, object: initTask.address))
      wake(WaitChannel(kind: .child, object: parent.address))
      return
    }
    let code: Int32
    switch task.pointee.exit {
    case .exited(let status):
      code = 1  // CLD_EXITED
      parent.pointee.childStatus = UInt32(status)
    case .signalled(let signal):
      code = 2  // CLD_KILLED
      parent.pointee.childStatus = signal.rawValue
    }
    send(.child, to: parent, code: code)
    wake(WaitChannel(kind: .child, object: parent.address))
  }

  /// Frees a zombie: the last that is left of a process (kernel/exit.c:release_task()).
  func reap(_ task: KernelPointer<Task<B>>) {
    if let parent = task.pointee.parent { parent.pointee.addChild(task) }
    disown(task)
    unlink(task)
    if store.pointee.firstProgram == task { store.pointee.firstProgram = nil }
    free(task)
  }
}

extension Task {
  /// Adds a child's figures to those of the children waited for.
  mutating func addChild(_ child: KernelPointer<Task<B>>) {
    childrenExecuted.user &+= child.pointee.executed.user &+ child.pointee.childrenExecuted.user
    childrenExecuted.kernel &+=
      child.pointee.executed.kernel &+ child.pointee.childrenExecuted.kernel
    childrenMinorFaults &+=
      child.pointee.memory.minorFaults &+ child.pointee.childrenMinorFaults
    childrenMajorFaults &+=
      child.pointee.memory.majorFaults &+ child.pointee.childrenMajorFaults
  }
}
