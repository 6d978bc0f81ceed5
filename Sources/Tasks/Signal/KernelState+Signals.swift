import Arm64
public import Files
public import MemoryTypes

/// Signals as far as they end programs or wake them. Handlers are recorded; calling them is not
/// built yet, so a signal that has one is dropped with a line in the log, unless it is the answer
/// to what the program itself just did wrong: then its default action is taken.
extension KernelState {
  /// Sends a signal to a task (kernel/signal.c:send_signal_locked()).
  public func send(_ signal: Signal, to task: KernelPointer<Task<B>>) {
    guard task.pointee.state != .zombie, task != initTask else { return }
    if !signal.isUnblockable && !task.pointee.blocked.contains(signal)
      && ignores(signal, task)
    {
      return
    }
    task.pointee.pending.insert(signal)
    if !task.pointee.blocked.contains(signal) {
      task.pointee.needsAttention = true
      wakeUp(task)
    }
  }

  /// Whether a signal would change nothing (sig_task_ignored()).
  private func ignores(_ signal: Signal, _ task: KernelPointer<Task<B>>) -> Bool {
    let handler = task.pointee.actions[signal].handler
    if handler == SignalAction.ignored { return true }
    return handler == SignalAction.byDefault && signal.defaultAction == .ignore
  }

  /// Sends a signal to every process but process 1 and the caller; false if there is none.
  public func sendToOthers(_ signal: Signal) -> Bool {
    var found = false
    var task = store.pointee.firstTask
    while let other = task {
      task = other.pointee.nextTask
      guard other != initTask, other != current else { continue }
      found = true
      if signal.isValid { send(signal, to: other) }
    }
    return found
  }

  /// Sets which signals the current task holds back (set_current_blocked()).
  public func setBlocked(_ set: SignalSet) {
    let task = current
    task.pointee.blocked = set
    task.pointee.needsAttention = task.pointee.pending.rawValue & ~set.rawValue != 0
  }

  /// Whether the current task must give up waiting: a signal that will end it is pending.
  public var hasDeadlySignal: Bool { current.pointee.needsAttention }

  /// Looks at pending signals before the program goes on (do_notify_resume()).
  @inline(never)
  public func deliverSignals() {
    let task = current
    task.pointee.needsAttention = false
    while true {
      let deliverable = task.pointee.pending.rawValue & ~task.pointee.blocked.rawValue
      guard deliverable != 0 else { return }
      // SIGKILL goes first, then the lowest (next_signal()).
      let kill = SignalSet(rawValue: deliverable).contains(.kill)
      let signal =
        kill ? Signal.kill : Signal(rawValue: UInt32(deliverable.trailingZeroBitCount) &+ 1)
      task.pointee.pending.remove(signal)
      let handler = task.pointee.actions[signal].handler
      if signal.isUnblockable || handler == SignalAction.byDefault {
        takeDefaultAction(signal)
      } else if handler != SignalAction.ignored {
        let pid = task.pointee.pid
        let name = task.pointee.name
        log { line in
          line.append(name)
          line.append("[")
          line.append(decimal: UInt64(pid))
          line.append("]: signal ")
          line.append(decimal: UInt64(signal.rawValue))
          line.append(" has a handler, which is not called: not built yet")
        }
      }
    }
  }

  private func takeDefaultAction(_ signal: Signal) {
    switch signal.defaultAction {
    case .ignore, .stop: return
    case .terminate, .dump:
      end(
        .signalled(signal), programCounter: current.pointee.context.pointee.programCounter)
    }
  }

  /// Ends the current task for what its last instruction did (force_sig_fault()).
  ///
  /// The line in the log is Linux's, of arch/arm64/kernel/traps.c:arm64_show_signal().
  public func endByFault(
    _ signal: Signal, _ what: ByteString, _ cause: SignalCause, syndrome: UInt64
  ) -> Never {
    let task = current
    let pid = task.pointee.pid
    let name = task.pointee.name
    let context = task.pointee.context
    let handler = task.pointee.actions[signal].handler
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
      if handler > SignalAction.ignored {
        line.append(" (its handler is not called: not built yet)")
      }
    }
    end(
      .signalled(signal), address: cause.address,
      programCounter: context.pointee.programCounter)
  }
}
