import AddressSpaces
import Arm64
import BoardFormat
import Files
import KernelHeap
import KernelLayout
public import MemoryTypes
import PageFrames

/// Making processes and threads (kernel/fork.c).
extension KernelState {
  /// Makes a task as a copy of the current one (kernel_clone()); its number.
  ///
  /// Memory is copied on write, or shared (CLONE_VM); with CLONE_VFORK the caller sleeps until the
  /// child has a program of its own or has ended.
  public func clone(_ request: CloneRequest) throws(Errno) -> Int32 {
    let flags = request.flags
    try checkFlags(flags)
    let parent = current
    guard let space = parent.pointee.memory.space else { throw .EINVAL }
    try checkLimits()
    try checkNumber(request)
    let child = try makeTask(request)
    do throws(Errno) {
      if flags.contains(.semaphoreUndo) { try shareUndoList(with: child) }
      try copyFiles(flags, to: child)
      try copySpace(space, flags, to: child)
      try copyProbeCalls(flags, to: child)
      try checkNamespaces(flags)
      if flags.contains(.intoCgroup) {
        guard let group = birthplace(request) else {
          throw request.isGroupRemoved ? .ENOENT : .EBADF
        }
        try checkBirth(in: group, isThread: flags.contains(.thread))
      }
      if flags.contains(.pidfd) { try giveProcessFile(of: child, at: request.storePIDFD) }
    } catch {
      discard(child)
      throw error
    }
    copyState(request, to: child)
    let pid = child.pointee.pid
    // An attempt, as in Linux, where the result of put_user() is not looked at.
    if flags.contains(.storeInParent) {
      try? space.pointee.copyOut(pid, to: VirtualAddress(request.storeInParent))
    }
    join(flags, request.exitSignal, child)
    if let group = birthplace(request) { move(child, into: group) }
    store.pointee.forks &+= 1
    if board.traced.contains(.tasks) { traceMade(child) }
    enqueue(child)
    if flags.contains(.waitForChild) { waitForVFork(child) }
    return pid
  }

  /// The control group that the child is to begin in; nil where it is not to be another.
  private func birthplace(_ request: CloneRequest) -> KernelPointer<ControlGroup>? {
    request.group.flatMap { controlGroup(slot: $0.slot, serial: $0.serial) }
  }

  /// What cannot be asked for together (the beginning of copy_process()).
  private func checkFlags(_ flags: CloneFlags) throws(Errno) {
    if flags.contains(.folders)
      && !flags.isDisjoint(with: [.newMountNamespace, .newUserNamespace])
    {
      throw .EINVAL
    }
    if flags.contains(.thread) && !flags.contains(.handlers) { throw .EINVAL }
    if flags.contains(.handlers) && !flags.contains(.memory) { throw .EINVAL }
    if flags.contains(.thread)
      && !flags.isDisjoint(with: [.newUserNamespace, .newPIDNamespace])
    {
      throw .EINVAL
    }
    if flags.contains(.newUserNamespace) {
      // Nor is there CONFIG_USER_NS (create_user_ns()); Debian asks for privilege before.
      throw current.pointee.credentials.effectiveUser == 0 ? .EINVAL : .EPERM
    }
    if flags.contains(.pidfd) && !flags.isDisjoint(with: [.detached, .thread]) { throw .EINVAL }
  }

  /// Whether there may be one more task: of the user, but that user 0 may have any number
  /// (RLIMIT_NPROC), and of all.
  private func checkLimits() throws(Errno) {
    let task = current
    let limit = task.pointee.process.pointee.limits[.processes].soft
    if UInt64(task.pointee.user.pointee.tasks) >= limit
      && task.pointee.credentials.user != 0 && task.pointee.credentials.effectiveUser != 0
    {
      throw .EAGAIN
    }
    task.pointee.exceedsTasks = false
    guard UInt64(store.pointee.taskCount) < store.pointee.maximumThreads else { throw .EAGAIN }
  }

  /// Whether the number may be chosen (kernel/pid.c:alloc_pid()): for the one namespace there is,
  /// by user 0.
  private func checkNumber(_ request: CloneRequest) throws(Errno) {
    guard request.choosesNumber > 0 else { return }
    guard request.choosesNumber == 1, request.number > 0, request.number < PIDTable<B>.limit else {
      throw .EINVAL
    }
    guard current.pointee.credentials.effectiveUser == 0 else { throw .EPERM }
  }

  /// The new task with its process, number and handlers (copy_sighand(), copy_signal()).
  private func makeTask(_ request: CloneRequest) throws(Errno) -> KernelPointer<Task<B>> {
    let parent = current
    var handlers = parent.pointee.handlers
    if request.flags.contains(.handlers) {
      handlers.pointee.references &+= 1
    } else {
      guard
        let copy = store.pointee.caches.handlers.allocate(
          SignalHandlerTable(handlers.pointee.actions))
      else { throw .ENOMEM }
      handlers = copy
      if request.flags.contains(.clearHandlers) { handlers.pointee.actions.resetForExec() }
    }
    let process = parent.pointee.process
    let name = parent.pointee.name
    do throws(Errno) {
      if request.flags.contains(.thread) {
        return try makeThread(
          of: process, name: name, user: parent.pointee.user, handlers: handlers,
          number: request.number, board.clock)
      }
      return try makeProcess(
        name: name, limits: process.pointee.limits, user: parent.pointee.user,
        handlers: handlers, number: request.number)
    } catch {
      release(handlers)
      throw error
    }
  }

  /// Open files and folders (copy_files(), copy_fs()).
  private func copyFiles(
    _ flags: CloneFlags, to child: KernelPointer<Task<B>>
  ) throws(Errno) {
    if let table = current.pointee.files {
      if flags.contains(.files) {
        files.pointee.retain(table)
        child.pointee.files = table
      } else {
        child.pointee.files = try files.pointee.copy(table)
      }
    }
    if let folders = current.pointee.folders {
      if flags.contains(.folders) {
        folders.pointee.references &+= 1
        child.pointee.folders = folders
      } else {
        child.pointee.folders = try copy(folders)
      }
    }
  }

  /// Memory (copy_mm()).
  private func copySpace(
    _ space: KernelPointer<AddressSpace<B>>, _ flags: CloneFlags, to child: KernelPointer<Task<B>>
  ) throws(Errno) {
    if flags.contains(.memory) {
      space.pointee.retain()
      child.pointee.memory.space = space
    } else {
      guard let copy = space.pointee.copy() else { throw .ENOMEM }
      child.pointee.memory.space = copy
    }
  }

  /// Registers, signals and whatever else a child inherits (copy_thread() and others).
  private func copyState(_ request: CloneRequest, to child: KernelPointer<Task<B>>) {
    let parent = current
    let flags = request.flags
    let context = child.pointee.context
    context.pointee = parent.pointee.context.pointee
    context.pointee.x[0] = 0
    if request.stack != 0 { context.pointee.anyStackPointer = request.stack }
    board.save(Task.vectorsPointer(child))
    child.pointee.threadPointer = board.threadPointer
    child.pointee.readOnlyThreadPointer = parent.pointee.readOnlyThreadPointer
    if flags.contains(.setThreadPointer) {
      if context.pointee.isAArch32 {
        child.pointee.readOnlyThreadPointer = request.threadPointer
      } else {
        child.pointee.threadPointer = request.threadPointer
      }
    }
    child.pointee.switched.programCounter = board.startOfTask
    child.pointee.switched.stackPointer = contextAddress(child.pointee.kernelStack).rawValue
    child.pointee.blocked = parent.pointee.blocked
    // A thread on another stack of the same memory must not use the parent's signal stack.
    if !flags.contains(.memory) || flags.contains(.waitForChild) {
      child.pointee.signalStack = parent.pointee.signalStack
    }
    child.pointee.credentials = parent.pointee.credentials
    child.pointee.capabilities = parent.pointee.capabilities
    child.pointee.memory.isPrivileged = parent.pointee.memory.isPrivileged
    child.pointee.forbidsPrivileges = parent.pointee.forbidsPrivileges
    child.pointee.inheritScheduling(from: parent)
    child.pointee.controls = parent.pointee.controls
    child.pointee.faultAddress = parent.pointee.faultAddress
    child.pointee.faultCode = parent.pointee.faultCode
    child.pointee.memory.personality = parent.pointee.memory.personality
    // The area is in the memory that was copied; it is written before the child first runs
    // (wake_up_new_task()).
    if !flags.contains(.memory) {
      child.pointee.sequence = parent.pointee.sequence
      child.pointee.noteSequenceEvent()
    }
    child.pointee.memory.policy = parent.pointee.memory.policy
    if flags.contains(.storeInChild) { child.pointee.storeNumberAt = request.storeInChild }
    if flags.contains(.clearInChild) { child.pointee.clearOnExit = request.storeInChild }
  }

  /// Lets the child be one of its family and its process.
  private func join(
    _ flags: CloneFlags, _ exitSignal: Signal, _ child: KernelPointer<Task<B>>
  ) {
    let parent = current.pointee.process
    link(child)
    inheritControlGroup(child, from: current)
    guard !flags.contains(.thread) else { return }
    let process = child.pointee.process
    process.pointee.oomScoreAdjustment = parent.pointee.oomScoreAdjustment
    process.pointee.oomScoreAdjustmentMinimum = parent.pointee.oomScoreAdjustmentMinimum
    process.pointee.coredumpFilter = parent.pointee.coredumpFilter
    if flags.contains(.sameParent), let above = parent.pointee.parent {
      process.pointee.exitSignal = parent.pointee.exitSignal
      adopt(process, by: above)
    } else {
      process.pointee.exitSignal = exitSignal
      adopt(process, by: parent)
    }
    if let group = parent.pointee.group { setGroup(of: process, to: group) }
    if let session = parent.pointee.session { setSession(of: process, to: session) }
    if let program = parent.pointee.executable {
      files.pointee.retain(program)
      process.pointee.executable = program
    }
  }

  /// Sleeps until the child has left the memory that is lent to it; SIGKILL ends the wait
  /// (wait_for_vfork_done()).
  private func waitForVFork(_ child: KernelPointer<Task<B>>) {
    let parent = current
    child.pointee.vforkParent = parent
    parent.pointee.vforkChild = child
    while parent.pointee.vforkChild != nil && !hasFatalSignal {
      block(on: WaitChannel(kind: .vfork, object: parent.address))
    }
    if let child = parent.pointee.vforkChild {
      child.pointee.vforkParent = nil
      parent.pointee.vforkChild = nil
    }
  }

  /// Lets a vfork parent go on: the child has left its memory (complete_vfork_done()).
  func finishVFork(_ child: KernelPointer<Task<B>>) {
    guard let parent = child.pointee.vforkParent else { return }
    child.pointee.vforkParent = nil
    parent.pointee.vforkChild = nil
    wake(WaitChannel(kind: .vfork, object: parent.address))
  }

  /// What a new task does first, on its own stack (kernel/sched/core.c:schedule_tail()).
  public func beginTask() {
    finishSwitch()
    let task = current
    if let work = task.pointee.kernelWork { run(work) }
    let place = task.pointee.storeNumberAt
    if place != 0, let space = task.pointee.memory.space {
      task.pointee.storeNumberAt = 0
      try? space.pointee.copyOut(task.pointee.pid, to: VirtualAddress(place))
    }
    if task.pointee.attention != 0 { deliverSignals() }
  }
}
