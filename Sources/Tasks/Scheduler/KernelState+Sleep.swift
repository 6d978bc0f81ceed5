import Arm64
import MemoryTypes

/// Waiting for events, and causing them.
extension KernelState {
  /// Waits for an event, or for a moment, or for a signal; the caller then tests again what it
  /// waits for.
  func block(on channel: WaitChannel, until deadline: UInt64? = nil) {
    // Nothing happens to `.sleep` but the moment and signals.
    if channel.kind != .sleep {
      store.pointee.waiters.add(Task.waiterPointer(current), to: channel)
    }
    sleep(until: deadline)
  }

  /// Gives up the CPU until woken; the current task's waiter may be queued, and is not after it.
  ///
  /// Answers whether a wake took it out of its queue.
  @discardableResult
  func sleep(until deadline: UInt64?) -> Bool {
    let task = current
    if let deadline { store.pointee.deadlines.add(Task.deadlinePointer(task), at: deadline) }
    task.pointee.state = .blocked
    task.pointee.voluntarySwitches &+= 1
    schedule()
    if task.pointee.deadline.isQueued {
      store.pointee.deadlines.remove(Task.deadlinePointer(task))
    }
    guard task.pointee.waiter.isQueued else { return true }
    store.pointee.waiters.remove(Task.waiterPointer(task))
    return false
  }

  /// Makes everyone runnable who waits for this event.
  func wake(_ channel: WaitChannel) {
    var next = store.pointee.waiters.waiter(on: channel)
    while let waiter = next {
      next = store.pointee.waiters.waiter(on: channel, after: waiter)
      wake(waiter)
    }
  }

  /// Takes a waiter out of its queue and makes its task runnable.
  @inline(__always)
  func wake(_ waiter: KernelPointer<Waiter<B>>) {
    store.pointee.waiters.remove(waiter)
    if let task = waiter.pointee.task { wakeUp(task) }
  }

  /// Makes a task runnable if it waits for anything: what it waits for, or a signal, has come.
  func wakeUp(_ task: KernelPointer<Task<B>>) {
    if task.pointee.state == .blocked { enqueue(task) }
  }

  /// Does what is due: whose moment has come.
  ///
  /// Answers whether anything was.
  @discardableResult
  func expireDeadlines() -> Bool {
    guard let first = store.pointee.deadlines.first else { return false }
    let now = board.clock.ticks
    guard first.pointee.moment <= now else { return false }
    while let deadline = store.pointee.deadlines.first, deadline.pointee.moment <= now {
      store.pointee.deadlines.remove(deadline)
      switch deadline.pointee.kind {
      case .sleep: wakeUp(sleeper(of: deadline))
      case .realTimer: expireReal(owner(of: deadline))
      case .cpuTimers: expireCPUTimers(owner(of: deadline))
      case .posixTimer: fire(timer(of: deadline))
      case .timerFile: expire(timerFile(of: deadline))
      case .reaper: reap(owner(of: deadline))
      case .timeline: continueTimeline()
      }
    }
    return true
  }

  /// The process that a deadline of its timers is part of.
  private func owner(of deadline: KernelPointer<Deadline>) -> KernelPointer<Process<B>> {
    // SAFETY: set to the process's address when it was made; it is removed when the process ends.
    unsafe KernelPointer(
      UnsafeMutablePointer<Process<B>>(bitPattern: deadline.pointee.object).unsafelyUnwrapped)
  }

  private func timerFile(of deadline: KernelPointer<Deadline>) -> KernelPointer<TaskFile<B>> {
    // SAFETY: set to the object's address when it was made; it is removed before the object goes.
    unsafe KernelPointer(
      UnsafeMutablePointer<TaskFile<B>>(bitPattern: deadline.pointee.object).unsafelyUnwrapped)
  }

  private func timer(of deadline: KernelPointer<Deadline>) -> KernelPointer<PosixTimer<B>> {
    // SAFETY: set to the timer's address when it was made; it is removed before the timer goes.
    unsafe KernelPointer(
      UnsafeMutablePointer<PosixTimer<B>>(bitPattern: deadline.pointee.object).unsafelyUnwrapped)
  }

  /// The task that a deadline of sleep is part of.
  private func sleeper(of deadline: KernelPointer<Deadline>) -> KernelPointer<Task<B>> {
    // SAFETY: set to the task's address when the task was made; it is removed before the task goes.
    unsafe KernelPointer(
      UnsafeMutablePointer<Task<B>>(bitPattern: deadline.pointee.object).unsafelyUnwrapped)
  }
}
