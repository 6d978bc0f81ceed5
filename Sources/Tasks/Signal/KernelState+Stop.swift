import Arm64
import Files
import MemoryTypes

// Job control.
//
// Terms
// - A stopping signal that a thread takes stops the whole process: the thread counts those that
//   are to stop and lets each come to it; the last one tells the parent (CLD_STOPPED).
// - SIGCONT lets all run again when it is sent, whatever is done with it; the first thread that runs
//   tells the parent (CLD_CONTINUED).
// - A process group is *orphaned* if nobody outside of it, but in its session, is the parent of a
//   member: nobody could continue it. There SIGTSTP, SIGTTIN and SIGTTOU do nothing, and when one
//   becomes orphaned while members are stopped, all get SIGHUP and SIGCONT.
//
//     stop.isStopped ⇒ every thread is stopped, or about to end, or has ended
//
// Source: kernel/signal.c (do_signal_stop, do_notify_parent_cldstop), kernel/exit.c
// (kill_orphaned_pgrp).

extension KernelState {
  /// Stops the current thread, for a signal it has taken or because another has; false if a SIGCONT
  /// or the end came in between (do_signal_stop()).
  func stop(by signal: Signal?) -> Bool {
    let task = current
    let process = task.pointee.process
    if !task.pointee.jobControl.contains(.stopPending) {
      guard let signal, task.pointee.jobControl.contains(.stopDequeued),
        process.pointee.groupExit == nil, process.pointee.execTask == nil
      else { return false }
      if !process.pointee.stop.isStopped { process.pointee.stop.signal = signal.rawValue }
      process.pointee.stop.threadsToStop = 0
      if askToStop(task) { process.pointee.stop.threadsToStop &+= 1 }
      forEachThread(of: process) { thread in
        guard thread != task, thread.pointee.state != .stopped, askToStop(thread) else { return }
        process.pointee.stop.threadsToStop &+= 1
        alert(thread, fatal: false)
      }
    }
    let isLast = takePartInStop(task)
    task.pointee.state = .stopped
    if isLast { tellParent(process, SignalCode.stopped) }
    schedule()
    return true
  }

  /// task_set_jobctl_pending(): not whoever is about to end.
  private func askToStop(_ task: KernelPointer<Task<B>>) -> Bool {
    guard !task.pointee.pending.set.contains(.kill), !task.pointee.isExiting else { return false }
    task.pointee.jobControl.formUnion([.stopPending, .stopConsume])
    return true
  }

  /// Counts a thread as stopped; whether it was the last (task_participate_group_stop()).
  func takePartInStop(_ task: KernelPointer<Task<B>>) -> Bool {
    let process = task.pointee.process
    let counts = task.pointee.jobControl.contains(.stopConsume)
    task.pointee.jobControl = []
    guard counts else { return false }
    if process.pointee.stop.threadsToStop > 0 { process.pointee.stop.threadsToStop &-= 1 }
    guard process.pointee.stop.threadsToStop == 0, !process.pointee.stop.isStopped else {
      return false
    }
    process.pointee.stop.isStopped = true
    process.pointee.stop.isContinued = false
    process.pointee.stop.news = 0
    return true
  }

  /// Tells the parent that a process has stopped or goes on (do_notify_parent_cldstop()).
  func tellParent(_ process: KernelPointer<Process<B>>, _ code: Int32) {
    guard let parent = process.pointee.parent else { return }
    let action = parent.pointee.leader.pointee.handlers.pointee[.child]
    if action.handler != SignalAction.ignored
      && action.flags & SignalActionFlags.noChildStop == 0
    {
      let status =
        code == SignalCode.stopped ? process.pointee.stop.signal & 0x7f : Signal.continue.rawValue
      post(
        childInfo(process, .child, code: code, status: status), parent.pointee.leader,
        shared: true)
    }
    wake(WaitChannel(kind: .child, object: parent.address))
  }

  /// What SIGCHLD tells of a child.
  func childInfo(
    _ process: KernelPointer<Process<B>>, _ signal: Signal, code: Int32, status: UInt32
  ) -> SignalInfo {
    if current.pointee.process == process {
      current.pointee.charge(upTo: board.instructions)
    }
    let executed = process.pointee.usage.executed
    var info = SignalInfo(
      signal, code: code, from: process.pointee.id,
      user: process.pointee.leader.pointee.credentials.user)
    info.second = UInt64(status)
    // Hundredths of a second (nsec_to_clock_t()); an instruction is a nanosecond.
    info.third = executed.user / 10_000_000
    info.fourth = executed.kernel / 10_000_000
    return info
  }

  /// Whether a group is orphaned, or will be without one of its members
  /// (will_become_orphaned_pgrp()).
  func isOrphaned(
    _ group: KernelPointer<PID<B>>, without ignored: KernelPointer<Process<B>>? = nil
  ) -> Bool {
    var next = group.pointee.firstOfGroup
    while let member = next {
      next = member.pointee.nextInGroup
      guard member != ignored, !member.pointee.isZombie, let parent = member.pointee.parent,
        parent != initProcess
      else { continue }
      if parent.pointee.group != group && parent.pointee.session == member.pointee.session {
        return false
      }
    }
    return true
  }

  /// Lets the stopped members of a group go on that becomes orphaned: because `process` ends, or
  /// because its parent `ending` does (kill_orphaned_pgrp()).
  func continueOrphans(
    _ process: KernelPointer<Process<B>>, ending: KernelPointer<Process<B>>? = nil
  ) {
    guard let group = process.pointee.group, let parent = ending ?? process.pointee.parent,
      parent.pointee.group != group, parent.pointee.session == process.pointee.session,
      isOrphaned(group, without: ending == nil ? process : nil), hasStopped(group)
    else { return }
    send(.hangup, toGroup: group)
    send(.continue, toGroup: group)
  }

  private func hasStopped(_ group: KernelPointer<PID<B>>) -> Bool {
    var next = group.pointee.firstOfGroup
    while let member = next {
      if member.pointee.stop.isStopped { return true }
      next = member.pointee.nextInGroup
    }
    return false
  }
}
