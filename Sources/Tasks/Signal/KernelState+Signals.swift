import Arm64
import Files
public import MemoryTypes

/// Sending signals, and taking them before a program goes on (kernel/signal.c).
///
/// A signal that is blocked stays pending; one that would change nothing is dropped when it is
/// sent; any other wakes its task, which takes it on its way back to its program.
extension KernelState {
  /// Sends a signal to one thread (kernel/signal.c:send_signal_locked()).
  ///
  /// `code` is SI_USER, SI_TKILL, SI_KERNEL or a CLD_* of SIGCHLD. SIGKILL ends the whole process.
  public func send(
    _ signal: Signal, to task: KernelPointer<Task<B>>, code: Int32 = SignalCause.user
  ) {
    guard task.pointee.state != .zombie, task != initTask else { return }
    if signal == .kill {
      send(signal, to: task.pointee.process, code: code)
      return
    }
    if !signal.isUnblockable && !task.pointee.blocked.contains(signal)
      && ignores(signal, task)
    {
      return
    }
    if !task.pointee.pending.contains(signal) {
      task.pointee.origins[Int(signal.rawValue & 63)] = SignalOrigin(
        code: code, pid: current.pointee.threadGroup)
    }
    task.pointee.pending.insert(signal)
    if !task.pointee.blocked.contains(signal) {
      task.pointee.needsAttention = true
      wakeUp(task)
    }
  }

  /// Sends a signal to a process: the first thread that does not block it will take it
  /// (kernel/signal.c:complete_signal()).
  public func send(
    _ signal: Signal, to process: KernelPointer<Process<B>>, code: Int32 = SignalCause.user,
    sender: Int32 = 0
  ) {
    guard process.pointee.liveThreads > 0, process != initProcess else { return }
    if signal == .kill {
      killThreads(of: process)
      return
    }
    let taker = thread(of: process, taking: signal)
    if let taker, !signal.isUnblockable && ignores(signal, taker) { return }
    if !process.pointee.pending.contains(signal) {
      process.pointee.origins[Int(signal.rawValue & 63)] = SignalOrigin(
        code: code, pid: sender != 0 ? sender : current.pointee.threadGroup)
    }
    process.pointee.pending.insert(signal)
    if let taker {
      taker.pointee.needsAttention = true
      wakeUp(taker)
    }
  }

  /// SIGKILL: every thread of a process gets it.
  private func killThreads(of process: KernelPointer<Process<B>>) {
    var next = process.pointee.firstThread
    while let thread = next {
      next = thread.pointee.nextThread
      guard thread.pointee.state != .zombie else { continue }
      thread.pointee.pending.insert(.kill)
      thread.pointee.needsAttention = true
      wakeUp(thread)
    }
  }

  /// The thread that takes a signal: the leader, or the first that does not block it
  /// (wants_signal()).
  private func thread(
    of process: KernelPointer<Process<B>>, taking signal: Signal
  ) -> KernelPointer<Task<B>>? {
    func wants(_ task: KernelPointer<Task<B>>) -> Bool {
      !task.pointee.isExiting && !task.pointee.blocked.contains(signal)
    }
    if wants(process.pointee.leader) { return process.pointee.leader }
    var next = process.pointee.firstThread
    while let thread = next {
      if wants(thread) { return thread }
      next = thread.pointee.nextThread
    }
    return nil
  }

  /// Sends the current task a signal that it can neither block nor ignore
  /// (kernel/signal.c:force_fatal_sig()).
  func force(_ signal: Signal) {
    let task = current
    task.pointee.handlers.pointee[signal] = SignalAction()
    task.pointee.blocked.remove(signal)
    send(signal, to: task)
  }

  /// Whether a signal would change nothing (sig_task_ignored()).
  private func ignores(_ signal: Signal, _ task: KernelPointer<Task<B>>) -> Bool {
    let handler = task.pointee.handlers.pointee[signal].handler
    if handler == SignalAction.ignored { return true }
    return handler == SignalAction.byDefault && signal.defaultAction == .ignore
  }

  /// Sends a signal to every process but process 1 and the caller's; false if there is none.
  public func sendToOthers(_ signal: Signal) -> Bool {
    var isSent = false
    var process = store.pointee.firstProcess
    while let other = process {
      process = other.pointee.nextProcess
      guard other != initProcess, other != current.pointee.process else { continue }
      isSent = true
      if signal.isValid { send(signal, to: other) }
    }
    return isSent
  }

  /// Sets which signals the current task holds back (set_current_blocked()).
  public func setBlocked(_ set: SignalSet) {
    let task = current
    task.pointee.blocked = set
    let pending = task.pointee.pending.rawValue | task.pointee.process.pointee.pending.rawValue
    task.pointee.needsAttention = pending & ~set.rawValue != 0
  }

  /// Waits with another mask, until a signal comes that it lets through (rt_sigsuspend).
  public func waitForSignal(with mask: SignalSet) {
    current.pointee.savedMask = current.pointee.blocked
    setBlocked(mask)
    waitForSignal()
  }

  /// Notes that a call gave up because of a signal, and may be made again (ERESTARTSYS).
  public func noteInterruption(_ firstArgument: UInt64) {
    current.pointee.restartArgument = firstArgument
  }

  /// Whether the current task must give up waiting: a signal is there to be taken
  /// (signal_pending()).
  public var hasSignal: Bool { current.pointee.needsAttention }

  /// Whether the current task is about to be killed, so that even what no other signal may
  /// interrupt must not wait (fatal_signal_pending()).
  var hasFatalSignal: Bool { current.pointee.pending.contains(.kill) }

  /// Looks at pending signals before the program goes on (do_notify_resume()).
  @inline(never)
  public func deliverSignals() {
    let task = current
    task.pointee.needsAttention = false
    while let signal = nextSignal() {
      let origin = take(signal)
      let action = task.pointee.handlers.pointee[signal]
      if signal.isUnblockable || action.handler == SignalAction.byDefault {
        takeDefaultAction(signal)
      } else if action.handler != SignalAction.ignored {
        restartCall(unlessHandledBy: action)
        let details = SignalDetails(
          code: origin.code, first: UInt64(UInt32(bitPattern: origin.pid)),
          second: signal == .child ? UInt64(task.pointee.process.pointee.childStatus) : 0)
        guard callHandler(signal, action, details) else { endWithoutStack() }
      }
    }
    restartCall(unlessHandledBy: nil)
    // A call that waited with another mask ends without a handler.
    if let mask = task.pointee.savedMask {
      task.pointee.savedMask = nil
      setBlocked(mask)
    }
  }

  /// The signal to take next: SIGKILL, then what the program did itself, then the lowest
  /// (next_signal()).
  private func nextSignal() -> Signal? {
    let task = current
    if task.pointee.pending.contains(.kill) { return .kill }
    // What was sent to the thread comes before what was sent to the process (dequeue_signal()).
    var deliverable = task.pointee.pending.rawValue & ~task.pointee.blocked.rawValue
    if deliverable == 0 {
      deliverable =
        task.pointee.process.pointee.pending.rawValue & ~task.pointee.blocked.rawValue
    }
    guard deliverable != 0 else { return nil }
    return Signal(rawValue: UInt32(deliverable.trailingZeroBitCount) &+ 1)
  }

  /// Takes a signal out of what is pending; where it came from.
  private func take(_ signal: Signal) -> SignalOrigin {
    let task = current
    let index = Int(signal.rawValue & 63)
    if task.pointee.pending.contains(signal) {
      task.pointee.pending.remove(signal)
      return task.pointee.origins[index]
    }
    task.pointee.process.pointee.pending.remove(signal)
    return task.pointee.process.pointee.origins[index]
  }

  /// Lets a call that a signal interrupted be made again, unless the handler is to see EINTR
  /// (arch/arm64/kernel/signal.c:do_signal()).
  private func restartCall(unlessHandledBy action: SignalAction?) {
    let task = current
    guard let argument = task.pointee.restartArgument else { return }
    task.pointee.restartArgument = nil
    if let action, action.flags & SignalActionFlags.restart == 0 { return }
    let context = task.pointee.context
    context.pointee.x[0] = argument
    context.pointee.programCounter &-= 4
  }

  /// The frame of a handler could not be stored (force_sigsegv()).
  private func endWithoutStack() -> Never {
    let task = current
    let name = task.pointee.name
    log { line in
      line.append(name)
      line.append(": no room on the stack for a handler")
    }
    end(
      .signalled(.segmentationViolation),
      address: task.pointee.context.pointee.stackPointer,
      programCounter: task.pointee.context.pointee.programCounter)
  }

  private func takeDefaultAction(_ signal: Signal) {
    switch signal.defaultAction {
    case .ignore, .stop: return
    case .terminate, .dump:
      end(
        .signalled(signal), programCounter: current.pointee.context.pointee.programCounter)
    }
  }

  /// Answers what the current task's last instruction did (force_sig_fault()): calls its handler,
  /// or ends it.
  ///
  /// The line in the log is Linux's, of arch/arm64/kernel/traps.c:arm64_show_signal().
  func raiseFault(
    _ signal: Signal, _ what: ByteString, _ cause: SignalCause, syndrome: UInt64
  ) {
    let task = current
    let action = task.pointee.handlers.pointee[signal]
    if action.handler > SignalAction.ignored && !task.pointee.blocked.contains(signal) {
      let details = SignalDetails(
        code: cause.code, first: cause.address, syndrome: syndrome)
      if callHandler(signal, action, details) { return }
      endWithoutStack()
    }
    let pid = task.pointee.pid
    let name = task.pointee.name
    let context = task.pointee.context
    log { line in
      line.append(name)
      line.append("[")
      line.append(decimal: UInt64(pid))
      line.append("]: unhandled exception: ")
      line.append(what)
      line.append(", ESR ")
      line.append(hexadecimal: syndrome)
      line.append(", signal ")
      line.append(decimal: UInt64(signal.rawValue))
      line.append(" code ")
      line.append(decimal: UInt64(UInt32(bitPattern: cause.code)))
      line.append(" at ")
      line.append(hexadecimal: cause.address)
      line.append(", pc ")
      line.append(hexadecimal: context.pointee.programCounter)
    }
    end(
      .signalled(signal), address: cause.address,
      programCounter: context.pointee.programCounter)
  }
}
