import AddressSpaces
import Arm64
public import MemoryTypes

/// Timers on executed time, and RLIMIT_CPU (kernel/time/posix-cpu-timers.c).
extension KernelState {
  /// The machine's timer is not set for less, in nanoseconds: the way back to the program takes
  /// hundreds of instructions, and it must come to execute some of its own.
  private static var leastWatch: UInt64 { 10_000 }

  /// Looks whether a process has anything that expires by executing, and sets the machine's timer
  /// for it if the process runs.
  public func watchCPU(_ process: KernelPointer<Process<B>>) {
    let limit = process.pointee.limits[.cpu].soft
    process.pointee.timers.watchesCPU =
      process.pointee.timers.virtual.expiry != 0 || process.pointee.timers.profile.expiry != 0
      || limit != ResourceLimits.infinity || process.pointee.cpuTimerCount > 0
      || process.pointee.timers.sleep != 0
    if process == current.pointee.process { armCPUTimers(current) }
  }

  /// A thread gets the CPU whose process has timers on executed time: the machine's timer is set
  /// for the nearest.
  @inline(never)
  func armCPUTimers(_ task: KernelPointer<Task<B>>) {
    let process = task.pointee.process
    let deadline = Process.cpuTimersPointer(process)
    removeDeadline(deadline)
    guard process.pointee.timers.watchesCPU else { return }
    let total = executed(process)
    let all = total.user &+ total.kernel
    var left = UInt64.max
    func consider(_ expiry: UInt64, _ now: UInt64) {
      if expiry != 0 { left = min(left, expiry > now ? expiry &- now : 1) }
    }
    consider(process.pointee.timers.virtual.expiry, total.user)
    consider(process.pointee.timers.profile.expiry, all)
    consider(process.pointee.timers.sleep, all)
    consider(limitInNanoseconds(process.pointee.limits[.cpu].soft), all)
    consider(limitInNanoseconds(process.pointee.limits[.cpu].hard), all)
    forEachCPUTimer(of: process) { timer in
      if timer.pointee.isArmed { consider(timer.pointee.expiry, now(of: timer)) }
    }
    guard left != .max else { return }
    addDeadline(
      deadline,
      at: board.clock.ticks &+ board.clock.ticks(inNanoseconds: max(left, Self.leastWatch)))
  }

  /// The nanoseconds of a limit in seconds; 0 for none.
  private func limitInNanoseconds(_ seconds: UInt64) -> UInt64 {
    let (nanoseconds, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    return overflow ? 0 : max(nanoseconds, 1)
  }

  /// The machine's timer has come for a process's timers on executed time
  /// (check_process_timers()).
  func expireCPUTimers(_ process: KernelPointer<Process<B>>) {
    // Another process got the CPU in the meantime: they are set again when this one does.
    guard process == current.pointee.process, process.pointee.groupExit == nil else { return }
    let total = executed(process)
    let all = total.user &+ total.kernel
    forEachCPUTimer(of: process) { timer in
      guard timer.pointee.isArmed, now(of: timer) >= timer.pointee.expiry else { return }
      fire(timer)
    }
    if isDue(&process.pointee.timers.profile, all) { send(.profilingTimer, to: process) }
    if isDue(&process.pointee.timers.virtual, total.user) { send(.virtualTimer, to: process) }
    if process.pointee.timers.sleep != 0, all >= process.pointee.timers.sleep {
      wakeExecutionSleepers(of: process)
    }
    checkLimit(process, all)
    armCPUTimers(current)
  }

  /// Whether a timer has expired, which then goes on (check_cpu_itimer()).
  private func isDue(_ timer: inout CPUTimer, _ now: UInt64) -> Bool {
    guard timer.expiry != 0, now >= timer.expiry else { return false }
    timer.expiry = timer.interval == 0 ? 0 : timer.expiry &+ timer.interval
    return true
  }

  /// At the hard limit SIGKILL, at the soft one SIGXCPU, each second again.
  private func checkLimit(_ process: KernelPointer<Process<B>>, _ all: UInt64) {
    let limit = process.pointee.limits[.cpu]
    let hard = limitInNanoseconds(limit.hard)
    let soft = limitInNanoseconds(limit.soft)
    if hard != 0 && all >= hard {
      send(.kill, to: process)
    } else if soft != 0 && all >= soft {
      process.pointee.limits[.cpu].soft = limit.soft &+ 1
      send(.cpuLimit, to: process)
    }
  }
}
