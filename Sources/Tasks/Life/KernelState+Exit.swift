import AddressSpaces
import Arm64
import BoardFormat
import Files
import KernelLayout
import MemoryTypes
import PageFrames

/// The ends of threads and processes (kernel/exit.c).
///
/// A thread ends by itself (exit), or because its process does (exit_group, a fatal signal). The
/// process has ended when its last thread has. Then its leader is a zombie; which its parent takes,
/// or nobody has to if the parent does not care.
extension KernelState {
  /// Ends the process of the current task, all its threads (do_group_exit()).
  public func end(
    _ status: ExitStatus, address: UInt64 = 0, programCounter: UInt64 = 0
  ) -> Never {
    let process = current.pointee.process
    if let settled = process.pointee.groupExit { endThread(settled) }
    if process.pointee.execTask != nil { endThread(.exited(0)) }
    process.pointee.endAddress = address
    process.pointee.endCounter = programCounter
    if process.pointee.threadCount > 1 {
      process.pointee.groupExit = status
      process.pointee.stop = StopState()
      endOtherThreads()
    }
    endThread(status)
  }

  /// Lets the other threads of the current process end when they next come to think of it
  /// (kernel/signal.c:zap_other_threads()).
  func endOtherThreads() {
    let task = current
    var next = task.pointee.process.pointee.firstThread
    while let thread = next {
      next = thread.pointee.nextThread
      guard thread != task, thread.pointee.state != .zombie else { continue }
      thread.pointee.jobControl = []
      thread.pointee.pending.insert(.kill)
      alert(thread, fatal: true)
    }
  }

  /// Leaves what the process has to take and to stop to its other threads
  /// (kernel/signal.c:exit_signals()).
  private func leaveSignals(_ task: KernelPointer<Task<B>>) {
    let process = task.pointee.process
    task.pointee.isExiting = true
    guard process.pointee.threadCount > 1, process.pointee.groupExit == nil else { return }
    retargetShared(~task.pointee.blocked.rawValue)
    if task.pointee.jobControl.contains(.stopPending), takePartInStop(task) {
      tellParent(process, SignalCode.stopped)
    }
  }

  /// Ends the current thread (do_exit()).
  public func endThread(_ status: ExitStatus) -> Never {
    let task = current
    let process = task.pointee.process
    task.pointee.exit = status
    leaveSignals(task)
    if board.traced.contains(.tasks) {
      board.trace(
        TraceRecord(.taskEnded, number: task.pointee.pid, UInt64(status.waitStatus)))
    }
    process.pointee.liveThreads &-= 1
    let isLast = process.pointee.liveThreads == 0
    // However the leader ended, the process ends as its last thread does
    // (synchronize_group_exit()).
    if isLast && process.pointee.groupExit == nil { process.pointee.groupExit = status }
    if isLast && store.pointee.firstProgram == process { noteEnd(process, status) }
    leaveSpace()
    finishVFork(task)
    leaveUndoList(of: task)
    releaseFiles()
    leaveControlGroup(task)
    if isLast {
      releaseExecutable(of: process)
      stopTimers(of: process)
      giveChildrenAway(process)
      continueOrphans(process)
    }
    notifyEnd(of: task)
    schedule()
    board.panic("a task that ended was scheduled")
  }

  /// The timers end with the process (do_exit(): hrtimer_cancel(), exit_itimers()).
  private func stopTimers(of process: KernelPointer<Process<B>>) {
    removeDeadline(Process.realTimerPointer(process))
    removeDeadline(Process.reaperPointer(process))
    deleteTimers()
    process.pointee.timers.watchesCPU = false
    removeDeadline(Process.cpuTimersPointer(process))
    wakeExecutionSleepers(of: process)
  }

  /// Leaves the address space: the last one out frees it (exec_mmap(), exit_mm()).
  func leaveSpace() {
    let task = current
    guard let space = task.pointee.memory.space else { return }
    leaveWords(of: space)
    space.pointee.synchronizeResident()
    let process = task.pointee.process
    process.pointee.peakResident = max(
      process.pointee.peakResident, space.pointee.peakResidentPages.rawValue)
    if space.pointee.users == 1 { noteLoser(task, space) }
    task.pointee.memory.space = nil
    dropProbeCalls(of: task)
    unloadSpace()
    AddressSpace.release(space)
  }

  /// Gives up the current task's files and folders (exit_files(), exit_fs()).
  func releaseFiles() {
    let task = current
    if let table = task.pointee.files {
      task.pointee.files = nil
      files.pointee.release(table)
    }
    if let folders = task.pointee.folders {
      task.pointee.folders = nil
      release(folders)
    }
  }

  func releaseExecutable(of process: KernelPointer<Process<B>>) {
    if let program = process.pointee.executable {
      process.pointee.executable = nil
      files.pointee.release(program)
    }
  }

  /// Orphans become children of the nearest ancestor that asked for them, or of process 1, which
  /// takes those that have ended (forget_original_parent(), reparent_leader()).
  private func giveChildrenAway(_ process: KernelPointer<Process<B>>) {
    guard process.pointee.children.first != nil else { return }
    let reaper = newParent(of: process)
    while let child = process.pointee.children.first {
      disown(child)
      adopt(child, by: reaper)
      forEachThread(of: child) { thread in
        guard thread.pointee.deathSignal.isValid else { return }
        post(
          senderInfo(thread.pointee.deathSignal, code: SignalCode.user), thread, shared: true)
      }
      // Whatever it was made with, its new parent gets SIGCHLD.
      child.pointee.exitSignal = .child
      if child.pointee.isZombie && notifyParent(of: child) {
        release(child.pointee.leader)
      } else {
        continueOrphans(child, ending: process)
      }
    }
  }

  /// Who takes the children of a process that ends (find_new_reaper()).
  private func newParent(of process: KernelPointer<Process<B>>) -> KernelPointer<Process<B>> {
    guard store.pointee.hasSubreapers else { return initProcess }
    var next = process.pointee.parent
    while let ancestor = next, ancestor != initProcess {
      if ancestor.pointee.isSubreaper && ancestor.pointee.liveThreads > 0 { return ancestor }
      next = ancestor.pointee.parent
    }
    return initProcess
  }

  /// Lets the current process be a new parent for orphans below it, or no longer
  /// (PR_SET_CHILD_SUBREAPER).
  public func setSubreaper(_ isOne: Bool) {
    current.pointee.process.pointee.isSubreaper = isOne
    if isOne { store.pointee.hasSubreapers = true }
  }

  /// Makes the current thread a zombie, or releases it at once if nobody will ask
  /// (exit_notify()).
  private func notifyEnd(of task: KernelPointer<Task<B>>) {
    let process = task.pointee.process
    task.pointee.state = .zombie
    var isForgotten = true
    if process.pointee.leader == task {
      isForgotten = process.pointee.threadCount == 1 && notifyParent(of: process)
    }
    if isForgotten {
      task.pointee.state = .dead
      release(task)
    }
    // What runs exec goes on when it is alone, but for the leader, whose number it takes.
    if process.pointee.execTask != nil {
      wake(WaitChannel(kind: .threads, object: process.address))
    }
  }

  /// Tells the parent that a process has ended (kernel/signal.c:do_notify_parent()); whether nobody
  /// will ask for its status.
  private func notifyParent(of process: KernelPointer<Process<B>>) -> Bool {
    guard let parent = process.pointee.parent else { return true }
    let signal = process.pointee.exitSignal
    let action = parent.pointee.leader.pointee.handlers.pointee[.child]
    var isForgotten = false
    var sends = signal.isValid
    if signal == .child && parent != initProcess {
      if action.handler == SignalAction.ignored {
        isForgotten = true
        sends = false
      } else if action.flags & SignalActionFlags.noChildWait != 0 {
        isForgotten = true
      }
    }
    if sends {
      let info: SignalInfo
      switch process.pointee.exitStatus {
      case .exited(let status):
        info = childInfo(process, signal, code: SignalCode.exited, status: UInt32(status))
      case .signalled(let by):
        info = childInfo(process, signal, code: SignalCode.killed, status: by.rawValue)
      }
      post(info, parent.pointee.leader, shared: true)
    }
    if store.pointee.processFiles != nil { noteProcessFiles(process) }
    wake(WaitChannel(kind: .child, object: parent.address))
    return isForgotten
  }

  /// Takes a thread that has ended out of everything, and frees it (release_task()).
  ///
  /// The current task is freed when another has the CPU. The last thread of a process whose leader
  /// ended before lets the parent know of the end now.
  func release(_ task: KernelPointer<Task<B>>) {
    let process = task.pointee.process
    process.pointee.keepUsage(of: task)
    let isAlone = process.pointee.threadCount == 1
    flush(.all, of: task)
    if isAlone { flush(.all, of: process) }
    if process.pointee.currentTarget == task {
      process.pointee.currentTarget = task.pointee.nextThread
    }
    if isAlone && store.pointee.firstProgram == process { store.pointee.firstProgram = nil }
    unlink(task)
    let leader = process.pointee.leader
    if !isAlone && leader != task && process.pointee.threadCount == 1
      && leader.pointee.state == .zombie && notifyParent(of: process)
    {
      leader.pointee.state = .dead
      release(leader)
    }
    if task == current { store.pointee.deadTask = task } else { free(task) }
  }
}
