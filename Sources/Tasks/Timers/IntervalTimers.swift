// Timers that send signals.
//
// Terms
// - ITIMER_REAL runs on the machine's time. It is started again when its SIGALRM is *taken*, not when
//   it is sent, so a process that takes none is not flooded.
// - ITIMER_VIRTUAL and ITIMER_PROF, RLIMIT_CPU and the CPU clocks of POSIX timers run on the time that
//   a process, or a thread, has executed: an instruction is a nanosecond. They can only expire while
//   the process runs, so the machine's timer is set for the nearest of them when one of its threads
//   gets the CPU, and what has expired is found when the timer interrupts it.
//
// Source: kernel/time/itimer.c, kernel/time/posix-cpu-timers.c.

import Arm64
public import MemoryTypes

/// A process's interval timers (`signal_struct`: real_timer, it_real_incr, it[2]).
///
/// With several CPUs the handler table's lock guards them.
@safe struct IntervalTimers: ~Copyable {
  let resident = Resident()
  /// ITIMER_REAL: its moment, and what is added to it, in nanoseconds; 0 for once.
  var real = Deadline(.realTimer)
  var realExpiry: UInt64 = 0
  var realInterval: UInt64 = 0
  /// ITIMER_VIRTUAL and ITIMER_PROF, in nanoseconds executed; 0 for off.
  var virtual = CPUTimer()
  var profile = CPUTimer()
  /// When somebody who sleeps on what the process executes is to look, in nanoseconds executed; 0 for
  /// nobody.
  var sleep: UInt64 = 0
  /// Whether something may expire by executing, and when to look at it.
  var watchesCPU = false
  var cpu = Deadline(.cpuTimers)

  init() {}
}

/// A timer on executed time (`struct cpu_itimer`).
struct CPUTimer: BitwiseCopyable {
  var expiry: UInt64 = 0
  var interval: UInt64 = 0
}

/// The value and interval of a timer, in nanoseconds.
public struct TimerSetting: BitwiseCopyable, Hashable, Sendable {
  public var value: UInt64
  public var interval: UInt64

  public init(value: UInt64 = 0, interval: UInt64 = 0) {
    self.value = value
    self.interval = interval
  }
}

/// Which interval timer.
public enum IntervalTimer: UInt32, BitwiseCopyable, Sendable { case real, virtual, profile }

extension KernelState {
  /// What is left of a timer (do_getitimer()).
  public func setting(of timer: IntervalTimer) -> TimerSetting {
    let process = current.pointee.process
    switch timer {
    case .real:
      let interval = process.pointee.timers.realInterval
      guard process.pointee.timers.real.isQueued else { return TimerSetting(interval: interval) }
      let now = board.clock.nanoseconds
      let expiry = process.pointee.timers.realExpiry
      return TimerSetting(value: expiry > now ? expiry &- now : 1000, interval: interval)
    case .virtual: return left(process.pointee.timers.virtual, executed(process).user)
    case .profile:
      let executed = executed(process)
      return left(process.pointee.timers.profile, executed.user &+ executed.kernel)
    }
  }

  private func left(_ timer: CPUTimer, _ now: UInt64) -> TimerSetting {
    guard timer.expiry != 0 else { return TimerSetting(interval: timer.interval) }
    // About to fire: a tick.
    return TimerSetting(
      value: timer.expiry > now ? timer.expiry &- now : Self.tickNanoseconds,
      interval: timer.interval)
  }

  /// Starts or stops a timer (do_setitimer()); what was left.
  public func set(_ timer: IntervalTimer, _ new: TimerSetting) -> TimerSetting {
    let old = setting(of: timer)
    let process = current.pointee.process
    switch timer {
    case .real:
      removeDeadline(Process.realTimerPointer(process))
      process.pointee.timers.realInterval = new.value == 0 ? 0 : new.interval
      if new.value != 0 { startReal(process, at: board.clock.nanoseconds &+ new.value) }
    case .virtual:
      process.pointee.timers.virtual = expiring(new, after: executed(process).user)
    case .profile:
      let executed = executed(process)
      process.pointee.timers.profile = expiring(new, after: executed.user &+ executed.kernel)
    }
    if timer != .real { watchCPU(process) }
    return old
  }

  private func expiring(_ new: TimerSetting, after now: UInt64) -> CPUTimer {
    CPUTimer(expiry: new.value == 0 ? 0 : now &+ new.value, interval: new.interval)
  }

  private func startReal(_ process: KernelPointer<Process<B>>, at moment: UInt64) {
    process.pointee.timers.realExpiry = moment
    addDeadline(
      Process.realTimerPointer(process), at: board.clock.ticks(inNanoseconds: moment))
  }

  /// ITIMER_REAL has expired (it_real_fn()).
  func expireReal(_ process: KernelPointer<Process<B>>) { send(.alarm, to: process) }

  /// SIGALRM was taken: the timer goes on from now, with what it missed left out
  /// (dequeue_signal()).
  func restartReal(_ process: KernelPointer<Process<B>>) {
    let interval = process.pointee.timers.realInterval
    guard interval != 0, !process.pointee.timers.real.isQueued else { return }
    let now = board.clock.nanoseconds
    var moment = process.pointee.timers.realExpiry &+ interval
    if moment <= now { moment = moment &+ ((now &- moment) / interval &+ 1) &* interval }
    startReal(process, at: moment)
  }

  /// What a process has executed, all its threads, up to now.
  public func executed(_ process: KernelPointer<Process<B>>) -> InstructionCounts {
    if process == current.pointee.process { current.pointee.charge(upTo: board.instructions) }
    return process.pointee.usage.executed
  }
}
