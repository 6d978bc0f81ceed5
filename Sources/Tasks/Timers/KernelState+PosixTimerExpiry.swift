import Arm64
public import MemoryTypes

/// Arming POSIX timers, and what happens when they expire.
extension KernelState {
  /// What a timer's clock shows, in nanoseconds of its base.
  func now(of timer: KernelPointer<PosixTimer<B>>) -> UInt64 {
    switch timer.pointee.clock {
    case .time: return board.clock.nanoseconds
    case .process:
      let all = executed(timer.pointee.process)
      return all.user &+ all.kernel
    case .thread:
      guard let thread = timer.pointee.thread?.pointee.task else { return 0 }
      let all = executed(by: thread)
      return all.user &+ all.kernel
    }
  }

  /// What is left of a timer and its interval (common_timer_get()).
  public func setting(of timer: KernelPointer<PosixTimer<B>>) -> TimerSetting {
    let interval = timer.pointee.interval
    let isSilent = timer.pointee.event.isSilent
    let isSet = timer.pointee.expiry != 0
    guard isSet, interval != 0 || timer.pointee.isArmed || isSilent else { return TimerSetting() }
    let now = now(of: timer)
    if interval != 0 && (timer.pointee.restartsWhenTaken || isSilent) { forward(timer, now) }
    let expiry = timer.pointee.expiry
    if expiry > now { return TimerSetting(value: expiry &- now, interval: interval) }
    // 0 would say that it is off.
    return TimerSetting(value: isSilent ? 0 : 1, interval: interval)
  }

  /// Moves a periodic timer's expiry beyond a moment; what is skipped are overruns
  /// (hrtimer_forward()).
  private func forward(_ timer: KernelPointer<PosixTimer<B>>, _ now: UInt64) {
    let interval = timer.pointee.interval
    guard interval != 0, timer.pointee.expiry <= now else { return }
    let periods = (now &- timer.pointee.expiry) / interval &+ 1
    timer.pointee.expiry = timer.pointee.expiry &+ periods &* interval
    timer.pointee.overruns &+= Int64(truncatingIfNeeded: min(periods, UInt64(Int32.max)))
  }

  /// Arms or stops a timer (common_timer_set()); what was left.
  public func set(
    _ timer: KernelPointer<PosixTimer<B>>, _ new: TimerSetting, isAbsolute: Bool
  ) -> TimerSetting {
    let old = setting(of: timer)
    disarm(timer)
    timer.pointee.interval = 0
    timer.pointee.expiry = 0
    timer.pointee.restartsWhenTaken = false
    timer.pointee.isAtTimeOfDay = false
    timer.pointee.lastOverruns = 0
    timer.pointee.overruns = -1
    guard new.value != 0 else { return old }
    timer.pointee.interval = new.interval
    var expiry = new.value
    if isAbsolute {
      if case .time(ofDay: true) = timer.pointee.clock {
        let offset = store.pointee.realtimeOffset
        expiry = expiry > offset ? expiry &- offset : 1
        timer.pointee.isAtTimeOfDay = true
      }
    } else {
      expiry = now(of: timer) &+ expiry
    }
    timer.pointee.expiry = max(expiry, 1)
    if !timer.pointee.event.isSilent { arm(timer) }
    return old
  }

  /// The time of day was set: timers that wait for one expire sooner or later now.
  func moveRealtimeTimers(from old: UInt64, to new: UInt64) {
    for index in 0..<256 {
      var next = store.pointee.posixTimers.heads[index]
      while let timer = next {
        next = timer.pointee.nextInHash
        guard timer.pointee.isAtTimeOfDay, timer.pointee.expiry != 0 else { continue }
        let moment = timer.pointee.expiry &+ old
        timer.pointee.expiry = moment > new ? moment &- new : 1
        guard timer.pointee.isArmed else { continue }
        disarm(timer)
        arm(timer)
      }
    }
  }

  private func arm(_ timer: KernelPointer<PosixTimer<B>>) {
    timer.pointee.isArmed = true
    if timer.pointee.runsOnCPU {
      watchCPU(timer.pointee.process)
    } else {
      addDeadline(
        Self.deadlinePointer(timer),
        at: board.clock.ticks(inNanoseconds: min(timer.pointee.expiry, UInt64(Int64.max))))
    }
  }

  func disarm(_ timer: KernelPointer<PosixTimer<B>>) {
    timer.pointee.isArmed = false
    if !timer.pointee.runsOnCPU { removeDeadline(Self.deadlinePointer(timer)) }
  }

  static func links(
    _ timer: KernelPointer<PosixTimer<B>>
  ) -> KernelPointer<ListLinks<PosixTimer<B>>> {
    // SAFETY: as `deadlinePointer`.
    unsafe withUnsafeMutablePointer(to: &timer.pointee.place) { unsafe KernelPointer($0) }
  }

  static func deadlinePointer(_ timer: KernelPointer<PosixTimer<B>>) -> KernelPointer<Deadline> {
    // SAFETY: the part lies in the initialised object that `timer` points at; it is taken out of
    // its queue before the timer goes.
    unsafe withUnsafeMutablePointer(to: &timer.pointee.deadline) { unsafe KernelPointer($0) }
  }

  /// A timer has expired (posix_timer_fn()): it tells, or is started again at once if nobody wants
  /// to know.
  func fire(_ timer: KernelPointer<PosixTimer<B>>) {
    timer.pointee.isArmed = false
    let isPeriodic = timer.pointee.interval != 0
    if isPeriodic { timer.pointee.restartsWhenTaken = true }
    guard !sendOfTimer(timer), isPeriodic else { return }
    timer.pointee.restartsWhenTaken = false
    // Nobody slows it down by taking its signal, so a short period waits for a tick.
    let isShort = timer.pointee.interval < Self.tickNanoseconds
    forward(timer, now(of: timer) &+ (isShort ? Self.tickNanoseconds : 0))
    arm(timer)
  }

  /// Queues a timer's entry (send_sigqueue()); false if the signal is ignored.
  private func sendOfTimer(_ timer: KernelPointer<PosixTimer<B>>) -> Bool {
    let entry = timer.pointee.entry
    let process = timer.pointee.process
    let thread = timer.pointee.event.thread
    var target = process.pointee.leader
    if thread != 0 {
      // A thread that has gone is told nothing more, and the timer stops.
      guard let found = task(thread), found.pointee.process == process else { return true }
      target = found
    }
    guard prepare(entry.pointee.info.signal, target, force: false) else { return false }
    if entry.pointee.isQueued {
      entry.pointee.info.overruns &+= 1
      return true
    }
    entry.pointee.info.overruns = 0
    if thread == 0 {
      process.pointee.pending.append(entry)
    } else {
      target.pointee.pending.append(entry)
    }
    if store.pointee.signalFiles != nil { noteSignalFiles() }
    complete(entry.pointee.info.signal, target, shared: thread == 0)
    return true
  }

  /// A timer's signal is taken: a periodic timer goes on, and the signal says how often it has
  /// expired unnoticed (posixtimer_rearm()).
  func restart(_ entry: KernelPointer<QueuedSignal>, _ info: inout SignalInfo) {
    guard let timer = timer(info.process), timer.pointee.entry == entry,
      timer.pointee.restartsWhenTaken, timer.pointee.interval != 0
    else { return }
    timer.pointee.restartsWhenTaken = false
    forward(timer, now(of: timer))
    arm(timer)
    timer.pointee.lastOverruns = timer.pointee.overruns
    timer.pointee.overruns = -1
    info.overruns = told(timer.pointee.lastOverruns &+ Int64(info.overruns))
  }

  /// How often a timer expired unnoticed before its last signal (timer_getoverrun).
  public func overruns(of timer: KernelPointer<PosixTimer<B>>) -> Int32 {
    told(timer.pointee.lastOverruns)
  }

  private func told(_ overruns: Int64) -> Int32 {
    Int32(truncatingIfNeeded: min(max(overruns, 0), Int64(Int32.max)))
  }
}
