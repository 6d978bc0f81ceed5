// Signals: from sending to the handler and back.
//
// Terms
// - *Sending* puts a signal into the queue of a thread or of a process, unless nothing would come of
//   it (``KernelState/post(_:_:shared:byKernel:)``), and *alerts* a thread: `needsAttention` brings
//   it here before its program goes on, and ends what it waits for.
// - *Taking* one removes it from the queue and does what its action says: nothing, stop the process,
//   end it, or call the handler.
// - *Calling a handler* stores what the program was doing in a frame on its stack, and lets it go on
//   at the handler; `rt_sigreturn` loads the frame.
// - A call that a signal interrupts ends with one of four numbers that no program sees. They say
//   whether the call is made again when the handler has run: its first argument is put back and the
//   program counter set to the `SVC` again.
//
// Source: kernel/signal.c (get_signal, force_sig_info), arch/arm64/kernel/signal.c (do_signal).

import Arm64
import Files
import KernelLog
import MemoryTypes

/// Taking signals before a program goes on.
extension KernelState {
  /// A signal that calls a handler.
  struct Taken: BitwiseCopyable {
    var info: SignalInfo
    var action: SignalAction
  }

  /// Serves whatever waits for the current thread before its program goes on (do_notify_resume()).
  @inline(never)
  public func deliverSignals() {
    let task = current
    repeat {
      if task.pointee.attention & Task<B>.rankAttention != 0 { preemptByRank() }
      if task.pointee.attention & Task<B>.memoryAttention != 0 { serveMemoryRequests() }
      if task.pointee.needsAttention {
        task.pointee.needsAttention = false
        takeOne()
      }
      if task.pointee.attention & Task<B>.sequenceAttention != 0 { updateSequences() }
    } while task.pointee.attention != 0
  }

  /// Calls a handler for one signal, or brings an interrupted call to its end
  /// (arch/arm64/kernel/signal.c:do_signal()).
  @inline(__always)
  private func takeOne() {
    let task = current
    let context = task.pointee.context
    var result: Errno?
    let end = context.pointee.programCounter
    if context.pointee.systemCallNumber >= 0 {
      context.pointee.systemCallNumber = -1
      // As if it had never been made; the handler may yet see EINTR.
      if let found = interruption(context.pointee.x[0]) {
        result = found
        context.pointee.x[0] = context.pointee.originalX0
        context.pointee.programCounter = end &- context.pointee.callLength
      }
    }
    if let taken = nextTaken() {
      if let result {
        let restarts = taken.action.flags & SignalActionFlags.restart != 0
        if result == .ERESTARTNOHAND || result == .ERESTART_RESTARTBLOCK
          || result == .ERESTARTSYS && !restarts
        {
          context.pointee.x[0] = 0 &- UInt64(Errno.EINTR.rawValue)
          context.pointee.programCounter = end
        }
      }
      noteSignals()
      call(taken)
      return
    }
    // restart_syscall goes on with a wait whose time has been counted from its beginning.
    if result == .ERESTART_RESTARTBLOCK {
      if context.pointee.isAArch32 { context.pointee.x[7] = 0 } else { context.pointee.x[8] = 128 }
    }
    noteSignals()
    restoreMask()
  }

  /// Which of the four numbers a result is, if any.
  @inline(__always)
  private func interruption(_ x0: UInt64) -> Errno? {
    switch 0 &- Int64(bitPattern: x0) {
    case 512: .ERESTARTSYS
    case 513: .ERESTARTNOINTR
    case 514: .ERESTARTNOHAND
    case 516: .ERESTART_RESTARTBLOCK
    default: nil
    }
  }

  /// Stores a handler's frame; where that fails, SIGSEGV takes the place of the signal
  /// (handle_signal(), signal_setup_done()).
  @inline(__always)
  func call(_ taken: Taken) {
    // The frame tells the abort handler, where a sequence was interrupted (rseq_signal_deliver()).
    if current.pointee.sequence.area != 0 {
      current.pointee.sequence.hasEvents = true
      updateSequences()
    }
    if callHandler(taken) { return }
    force(.segmentationViolation, resetting: taken.info.signal == .segmentationViolation)
  }

  /// Takes signals until one calls a handler (get_signal()).
  ///
  /// The others are ignored, stop the process, or end it.
  private func nextTaken() -> Taken? {
    let task = current
    let process = task.pointee.process
    while true {
      // Whoever was stopped comes here first.
      if process.pointee.stop.news != 0 {
        let news = process.pointee.stop.news
        process.pointee.stop.news = 0
        tellParent(process, news)
        continue
      }
      if process.pointee.groupExit != nil || process.pointee.execTask != nil {
        task.pointee.pending.remove(SignalSet(rawValue: 1 << 8)) { free($0) }
        fatal(.kill)
      }
      if task.pointee.jobControl.contains(.stopPending), stop(by: nil) { continue }
      guard let info = takeSynchronous() ?? takeSignal(blocked: task.pointee.blocked) else {
        return nil
      }
      let signal = info.signal
      let action = task.pointee.handlers.pointee[signal]
      if action.handler > SignalAction.ignored {
        if action.flags & SignalActionFlags.resetHandler != 0 {
          task.pointee.handlers.pointee.actions.setDefault(signal)
        }
        return Taken(info: info, action: action)
      }
      if action.handler == SignalAction.ignored { continue }
      switch signal.defaultAction {
      case .ignore: continue
      case .stop:
        if signal != .stop, let group = process.pointee.group, isOrphaned(group) { continue }
        _ = stop(by: signal)
      case .terminate, .dump: fatal(signal)
      }
    }
  }

  /// The signals that the thread's own instructions caused come first.
  private func takeSynchronous() -> SignalInfo? {
    let task = current
    guard let entry = task.pointee.pending.takeSynchronous(blocked: task.pointee.blocked) else {
      return nil
    }
    return collect(entry.pointee.info.signal, entry)
  }

  private func fatal(_ signal: Signal) -> Never {
    let task = current
    let process = task.pointee.process
    if process.pointee.endCounter == 0 {
      process.pointee.endCounter = task.pointee.context.pointee.programCounter
    }
    end(.signalled(signal), programCounter: task.pointee.context.pointee.programCounter)
  }

  /// Sends the current thread a signal that it can neither block nor ignore
  /// (force_sig_info_to_task(), force_fatal_sig()).
  func force(_ signal: Signal, resetting: Bool = true) {
    let task = current
    prepareToForce(signal, resetting: resetting)
    post(
      SignalInfo(signal, code: SignalCode.kernel), task, shared: false, byKernel: true)
    task.pointee.needsAttention = true
  }

  /// Has the current thread end by SIGSEGV before its program goes on: the kernel could not do what
  /// it asked for (kernel/exit.c: make_task_dead()).
  public func endByOops() { force(.segmentationViolation) }

  /// A blocked or ignored signal gets its default action and is let through.
  private func prepareToForce(_ signal: Signal, resetting: Bool) {
    let task = current
    let isBlocked = task.pointee.blocked.contains(signal)
    if isBlocked || resetting
      || task.pointee.handlers.pointee[signal].handler == SignalAction.ignored
    {
      task.pointee.handlers.pointee.actions.setDefault(signal)
    }
    if isBlocked { task.pointee.blocked.remove(signal) }
  }

  /// Answers what the current thread's last instruction did (force_sig_fault()): calls its handler,
  /// or ends it.
  ///
  /// With nothing else waiting the handler is called at once, without a queue. The line in the log
  /// is Linux's, of arch/arm64/kernel/traps.c:arm64_show_signal().
  @inline(never)
  func raiseFault(
    _ signal: Signal, _ what: ByteString, _ cause: SignalCause, syndrome: UInt64
  ) {
    let task = current
    let info = SignalInfo(signal, code: cause.code, address: cause.address)
    prepareToForce(signal, resetting: false)
    let action = task.pointee.handlers.pointee[signal]
    if action.handler != SignalAction.byDefault {
      if task.pointee.needsAttention {
        post(info, task, shared: false)
        return
      }
      if action.flags & SignalActionFlags.resetHandler != 0 {
        task.pointee.handlers.pointee.actions.setDefault(signal)
      }
      call(Taken(info: info, action: action))
      return
    }
    logFault(signal, what, cause, syndrome: syndrome)
    end(
      .signalled(signal), address: VirtualAddress(cause.address).untagged.rawValue,
      programCounter: task.pointee.context.pointee.programCounter)
  }

  @inline(never)
  private func logFault(
    _ signal: Signal, _ what: ByteString, _ cause: SignalCause, syndrome: UInt64
  ) {
    let task = current
    let pid = task.pointee.pid
    let name = task.pointee.name
    let context = task.pointee.context
    log { line in
      line.append(name)
      line.append("[")
      line.append(decimal: UInt64(pid))
      line.append("]: unhandled exception: ")
      line.append(text: what)
      line.append(", ESR ")
      line.append(hexadecimal: syndrome)
      line.append(", signal ")
      line.append(decimal: UInt64(signal.rawValue))
      line.append(" code ")
      line.append(decimal: UInt64(UInt32(bitPattern: cause.code)))
      line.append(" at ")
      line.append(hexadecimal: VirtualAddress(cause.address).untagged.rawValue)
      line.append(", pc ")
      line.append(hexadecimal: context.pointee.programCounter)
    }
  }
}
