import AddressSpaces
import Arm64
public import MemoryTypes

/// The timer: taking the CPU from a program that does not give it up, and waking at moments.
///
/// The board's timer is set only while another task waits for the CPU or a moment is to come, so a
/// lone program is never interrupted, and the same programs are interrupted at the same
/// instructions in every run. It interrupts programs only: the kernel runs with interrupts closed,
/// and what came meanwhile is taken at the first instruction of a program.
///
///     timerMoment ≤ sliceEnd               while a task is in the queue and a program runs
///     timerMoment ≤ first deadline's       while a program runs
///
/// The timer may be early, since a switch does not set it anew; then it is set again, or stopped if
/// nobody waits any more. With several
/// CPUs each has a timer, a slice and a queue.
extension KernelState {
  /// One tick of Linux's clock at CONFIG_HZ=250 (TICK_NSEC).
  static var tickNanoseconds: UInt64 { 4_000_000 }

  /// How long a program keeps the CPU that others wait for: a tick, which is what sched_slice()
  /// comes to with few tasks.
  static var sliceNanoseconds: UInt64 { tickNanoseconds }

  /// Queues a deadline, and has the program that runs interrupted when it comes.
  public func addDeadline(_ deadline: KernelPointer<Deadline>, at moment: UInt64) {
    store.pointee.deadlines.add(deadline, at: moment)
    if moment < store.pointee.timerMoment { setTimer(moment) }
  }

  /// Takes a deadline out, if it is queued.
  public func removeDeadline(_ deadline: KernelPointer<Deadline>) {
    store.pointee.deadlines.remove(deadline)
  }

  /// A task has begun to wait for the CPU, and the timer, if it is set, is set for a moment that
  /// may be far: the slice of the one that runs begins.
  @inline(never)
  func armTimer() {
    noteSlice()
    setTimerForAll()
  }

  /// The slice of the task that gets the CPU begins.
  @inline(__always)
  func noteSlice() {
    store.pointee.sliceEnd = board.clock.ticks &+ store.pointee.sliceTicks
  }

  /// A task that gets the CPU must be interrupted when the next moment comes.
  @inline(__always)
  func armForDeadline() {
    if let first = store.pointee.deadlines.first, first.pointee.moment < store.pointee.timerMoment {
      setTimer(first.pointee.moment)
    }
  }

  private func setTimerForAll() {
    var moment = UInt64.max
    if let first = store.pointee.deadlines.first { moment = first.pointee.moment }
    store.pointee.isSliceTimed = store.pointee.queueHead != nil
    if store.pointee.isSliceTimed { moment = min(moment, store.pointee.sliceEnd) }
    setTimer(moment)
  }

  private func setTimer(_ moment: UInt64) {
    store.pointee.timerMoment = moment
    board.setTimer(at: moment == .max ? nil : moment)
  }

  /// The timer has interrupted the program that runs: wakes whose moment has come, and lets another
  /// have the CPU if the slice is over or somebody woke (kernel/sched/fair.c:task_tick_fair(),
  /// check_preempt_wakeup()).
  public func interruptProgram() {
    store.pointee.timerMoment = .max
    store.pointee.isSliceTimed = false
    if board.endIsRequested { killAll() }
    serveDevices()
    let hasExpired = expireDeadlines()
    if store.pointee.realtime.isUsed {
      if switchesByRank(hasExpired: hasExpired) {
        current.pointee.involuntarySwitches &+= 1
        schedule()
      }
    } else if store.pointee.queueHead != nil
      && (hasExpired || board.clock.ticks >= store.pointee.sliceEnd)
    {
      current.pointee.involuntarySwitches &+= 1
      enqueue(current)
      schedule()
    }
    setTimerForAll()
    if current.pointee.attention != 0 { deliverSignals() }
  }
}
