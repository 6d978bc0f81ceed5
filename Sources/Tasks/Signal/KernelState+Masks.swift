import Arm64
public import MemoryTypes

/// What a thread holds back, and waiting for signals (kernel/signal.c).
extension KernelState {
  /// Sets which signals the current thread holds back (set_current_blocked()).
  public func setBlocked(_ set: SignalSet) {
    let task = current
    if task.pointee.needsAttention && task.pointee.process.pointee.threadCount > 1 {
      retargetShared(set.rawValue & ~task.pointee.blocked.rawValue)
    }
    task.pointee.blocked = set
    noteSignals()
  }

  /// Says whether the current thread has a signal to take, or a stop to make
  /// (recalc_sigpending()).
  @inline(__always)
  func noteSignals() {
    let task = current
    let process = task.pointee.process
    let pending = task.pointee.pending.set.rawValue | process.pointee.pending.set.rawValue
    task.pointee.needsAttention =
      pending & ~task.pointee.blocked.rawValue != 0
      || task.pointee.jobControl.contains(.stopPending) || process.pointee.stop.news != 0
  }

  /// Lets other threads take what was sent to the process, and the current one no longer can
  /// (retarget_shared_pending()).
  func retargetShared(_ signals: UInt64) {
    let task = current
    let process = task.pointee.process
    var open = process.pointee.pending.set.rawValue & signals
    guard open != 0 else { return }
    forEachThread(of: process) { thread in
      let taken = open & ~thread.pointee.blocked.rawValue
      guard thread != task, !thread.pointee.isExiting, taken != 0 else { return }
      open &= thread.pointee.blocked.rawValue
      if !thread.pointee.needsAttention { alert(thread, fatal: false) }
    }
  }

  /// Sets the mask that a call waits with; what was before comes back when the call has ended
  /// (set_user_sigmask()).
  public func setWaitingMask(_ mask: SignalSet) {
    current.pointee.savedMask = current.pointee.blocked
    setBlocked(mask)
  }

  /// Brings the mask back after a call that no signal ended (restore_saved_sigmask()).
  public func restoreMask() {
    guard let mask = current.pointee.savedMask else { return }
    current.pointee.savedMask = nil
    setBlocked(mask)
  }

  /// Waits with another mask, until a signal comes that it lets through (rt_sigsuspend).
  public func waitForSignal(with mask: SignalSet) {
    let before = current.pointee.blocked
    setBlocked(mask)
    waitForSignal()
    current.pointee.savedMask = before
  }

  /// Whether the current task must give up waiting: a signal is there to be taken
  /// (signal_pending()).
  @inline(__always) public var hasSignal: Bool { current.pointee.needsAttention }

  /// Whether the current task is about to be killed, so that even what no other signal may
  /// interrupt must not wait (fatal_signal_pending()).
  @inline(__always)
  public var hasFatalSignal: Bool { current.pointee.pending.set.contains(.kill) }

  /// Takes a signal of a set, waiting until there is one (do_sigtimedwait()).
  ///
  /// EAGAIN when the moment has come first, EINTR for a signal that is not in the set.
  public func waitForSignal(
    of wanted: SignalSet, until deadline: UInt64?, waits: Bool
  ) throws(Errno) -> SignalInfo {
    let task = current
    let others = SignalSet(rawValue: ~(wanted.rawValue & ~SignalSet.unblockable.rawValue))
    if let info = takeSignal(blocked: others) { return info }
    guard waits else { throw .EAGAIN }
    task.pointee.realBlocked = task.pointee.blocked
    task.pointee.blocked = SignalSet(rawValue: task.pointee.blocked.rawValue & others.rawValue)
    noteSignals()
    var isInTime = hasSignal
    while !hasSignal {
      if let deadline, board.clock.ticks >= deadline { break }
      block(on: WaitChannel(kind: .sleep, object: 0), until: deadline)
      isInTime = hasSignal
    }
    let mask = task.pointee.realBlocked
    task.pointee.realBlocked = SignalSet()
    setBlocked(mask)
    if let info = takeSignal(blocked: others) { return info }
    throw isInTime ? .EINTR : .EAGAIN
  }

  /// Takes the next signal that is not blocked out of the thread's queue, or the process's
  /// (dequeue_signal()).
  public func takeSignal(blocked: SignalSet) -> SignalInfo? {
    let task = current
    let process = task.pointee.process
    let info: SignalInfo
    if let signal = task.pointee.pending.next(blocked: blocked) {
      info = collect(signal, task.pointee.pending.take(signal))
    } else if let signal = process.pointee.pending.next(blocked: blocked) {
      info = collect(signal, process.pointee.pending.take(signal))
      if signal == .alarm { restartReal(process) }
    } else {
      noteSignals()
      return nil
    }
    noteSignals()
    if info.signal.isStopping { task.pointee.jobControl.insert(.stopDequeued) }
    return info
  }

  /// What an entry tells; without one, that nobody knows who sent the signal (collect_signal()).
  func collect(_ signal: Signal, _ entry: KernelPointer<QueuedSignal>?) -> SignalInfo {
    guard let entry else { return SignalInfo(signal, code: SignalCode.user) }
    var info = entry.pointee.info
    if entry.pointee.isOfTimer { restart(entry, &info) }
    free(entry)
    return info
  }
}
