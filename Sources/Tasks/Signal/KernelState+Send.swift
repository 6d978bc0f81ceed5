import AddressSpaces
import Arm64
import KernelHeap
public import MemoryTypes

/// Sending signals (kernel/signal.c: send_signal_locked() and what it calls).
///
/// A signal that is blocked stays pending; one that would change nothing is dropped when it is
/// sent; any other alerts a thread, which takes it on its way back to its program.
extension KernelState {
  /// Sends a process a signal of the kernel's own (SEND_SIG_PRIV).
  public func send(_ signal: Signal, to process: KernelPointer<Process<B>>) {
    post(
      SignalInfo(signal, code: SignalCode.kernel), process.pointee.leader, shared: true,
      byKernel: true)
  }

  /// As ``send(_:to:)-process``, to one thread.
  public func send(_ signal: Signal, to task: KernelPointer<Task<B>>) {
    post(SignalInfo(signal, code: SignalCode.kernel), task, shared: false, byKernel: true)
  }

  /// Queues a signal for a thread, or for all of its process, and alerts who is to take it
  /// (__send_signal_locked()).
  ///
  /// False if there is no room for it, which only those are told who queue a real-time signal.
  @discardableResult
  func post(
    _ info: SignalInfo, _ task: KernelPointer<Task<B>>, shared: Bool, byKernel: Bool = false
  ) -> Bool {
    let signal = info.signal
    guard prepare(signal, task, force: byKernel) else { return true }
    let process = task.pointee.process
    // legacy_queue(): a standard signal is pending once.
    if signal.isStandard {
      let pending = shared ? process.pointee.pending.set : task.pointee.pending.set
      if pending.contains(signal) { return true }
    }
    if signal == .kill {
      if shared {
        process.pointee.pending.insert(.kill)
      } else {
        task.pointee.pending.insert(.kill)
      }
    } else if let entry = makeEntry(info, task, overLimit: signal.isStandard && info.code >= 0) {
      if shared {
        process.pointee.pending.append(entry)
      } else {
        task.pointee.pending.append(entry)
      }
    } else if !byKernel && !signal.isStandard && info.code != SignalCode.user {
      return false
    } else if shared {
      // Better without knowing from whom than not at all.
      process.pointee.pending.insert(signal)
    } else {
      task.pointee.pending.insert(signal)
    }
    if store.pointee.signalFiles != nil { noteSignalFiles() }
    complete(signal, task, shared: shared)
    return true
  }

  /// An entry on the account of the one it is for; nil beyond RLIMIT_SIGPENDING or without memory
  /// (__sigqueue_alloc()).
  func makeEntry(
    _ info: SignalInfo, _ task: KernelPointer<Task<B>>, overLimit: Bool, isOfTimer: Bool = false
  ) -> KernelPointer<QueuedSignal>? {
    let account = task.pointee.user
    let limit = task.pointee.process.pointee.limits[.pendingSignals].soft
    guard overLimit || account.pointee.pendingSignals < limit,
      let entry = store.pointee.caches.signals.allocate(
        QueuedSignal(info, account: account, isOfTimer: isOfTimer))
    else { return nil }
    account.pointee.pendingSignals &+= 1
    return entry
  }

  /// Gives an entry back that is in no queue, unless its timer keeps it (__sigqueue_free()).
  func free(_ entry: KernelPointer<QueuedSignal>) {
    guard !entry.pointee.isOfTimer else { return }
    let account = entry.pointee.account
    store.pointee.caches.signals.free(entry)
    dropSignal(of: account)
  }

  /// Forgets signals that a thread has not taken (flush_sigqueue_mask()).
  func flush(_ signals: SignalSet, of task: KernelPointer<Task<B>>) {
    guard task.pointee.pending.set.rawValue & signals.rawValue != 0 else { return }
    task.pointee.pending.remove(signals) { free($0) }
  }

  /// The same of those that were sent to the whole process.
  func flush(_ signals: SignalSet, of process: KernelPointer<Process<B>>) {
    guard process.pointee.pending.set.rawValue & signals.rawValue != 0 else { return }
    process.pointee.pending.remove(signals) { free($0) }
  }

  /// What sending alone does: SIGCONT takes stops back and the other way round; false if the signal
  /// is dropped (prepare_signal()).
  func prepare(
    _ signal: Signal, _ task: KernelPointer<Task<B>>, force: Bool
  ) -> Bool {
    let process = task.pointee.process
    // Process 1 is the kernel; whoever dies takes no more.
    guard process.pointee.groupExit == nil, process.pointee.liveThreads > 0,
      process != initProcess
    else { return false }
    if signal.isStopping {
      flush(.continuing, of: process)
      forEachThread(of: process) { flush(.continuing, of: $0) }
    } else if signal == .continue {
      prepareToContinue(process)
    }
    return !ignores(signal, task)
  }

  /// SIGCONT takes back all stops, and lets stopped threads run, whatever becomes of it otherwise.
  private func prepareToContinue(_ process: KernelPointer<Process<B>>) {
    flush(.stopping, of: process)
    forEachThread(of: process) { thread in
      flush(.stopping, of: thread)
      thread.pointee.jobControl = []
      if thread.pointee.state == .stopped { enqueue(thread) }
    }
    if process.pointee.stop.isStopped {
      process.pointee.stop.news = SignalCode.continued
    } else if process.pointee.stop.threadsToStop > 0 {
      process.pointee.stop.news = SignalCode.stopped
    } else {
      return
    }
    process.pointee.stop.isStopped = false
    process.pointee.stop.isContinued = true
    process.pointee.stop.threadsToStop = 0
    process.pointee.stop.signal = 0
    // The first thread that runs again tells the parent.
    forEachThread(of: process) { $0.pointee.needsAttention = true }
  }

  /// Whether a signal would change nothing (sig_ignored()).
  private func ignores(_ signal: Signal, _ task: KernelPointer<Task<B>>) -> Bool {
    let held = task.pointee.blocked.rawValue | task.pointee.realBlocked.rawValue
    if SignalSet(rawValue: held).contains(signal) { return false }
    let handler = task.pointee.handlers.pointee[signal].handler
    if handler == SignalAction.ignored { return true }
    return handler == SignalAction.byDefault && signal.defaultAction == .ignore
  }

  /// Chooses the thread that takes a signal and alerts it; a signal that ends the process does so
  /// at once (complete_signal()).
  func complete(_ signal: Signal, _ task: KernelPointer<Task<B>>, shared: Bool) {
    let process = task.pointee.process
    var taker = task
    if !wants(signal, task) {
      guard shared, process.pointee.threadCount > 1 else { return }
      let first = process.pointee.currentTarget ?? process.pointee.leader
      taker = first
      while !wants(signal, taker) {
        guard let next = taker.pointee.nextThread ?? process.pointee.firstThread, next != first
        else { return }
        taker = next
      }
      process.pointee.currentTarget = taker
    }
    if isFatal(signal, process), process.pointee.groupExit == nil,
      !taker.pointee.realBlocked.contains(signal), signal.defaultAction != .dump
    {
      process.pointee.groupExit = .signalled(signal)
      process.pointee.stop = StopState()
      forEachThread(of: process) { thread in
        thread.pointee.jobControl = []
        thread.pointee.pending.insert(.kill)
        alert(thread, fatal: true)
      }
      return
    }
    alert(taker, fatal: signal == .kill)
  }

  /// Whether a thread would take a signal at once (wants_signal()).
  private func wants(_ signal: Signal, _ task: KernelPointer<Task<B>>) -> Bool {
    if task.pointee.blocked.contains(signal) || task.pointee.isExiting { return false }
    if signal == .kill { return true }
    if task.pointee.state == .stopped { return false }
    return task == current || !task.pointee.needsAttention
  }

  /// Whether a signal's default ends a process that has set nothing else (sig_fatal()).
  private func isFatal(_ signal: Signal, _ process: KernelPointer<Process<B>>) -> Bool {
    switch signal.defaultAction {
    case .ignore, .stop: false
    case .terminate, .dump:
      process.pointee.leader.pointee.handlers.pointee[signal].handler == SignalAction.byDefault
    }
  }

  /// Lets a thread look at its signals: it wakes if it waits, and for a fatal one even if it is
  /// stopped (signal_wake_up()).
  @inline(__always)
  func alert(_ task: KernelPointer<Task<B>>, fatal: Bool) {
    task.pointee.needsAttention = true
    if fatal && task.pointee.state == .stopped {
      enqueue(task)
    } else {
      wakeUp(task)
    }
  }

  /// Calls a function with every thread of a process.
  @inline(__always)
  func forEachThread(
    of process: KernelPointer<Process<B>>, _ body: (KernelPointer<Task<B>>) -> Void
  ) {
    var next = process.pointee.firstThread
    while let thread = next {
      next = thread.pointee.nextThread
      body(thread)
    }
  }
}
