import AddressSpaces
import Arm64
import BoardFormat
import MemoryTypes
import Tasks

/// Clocks and sleeping (kernel/time/). Time is the virtual counter, which instructions drive.
extension SystemCall {
  /// The nanoseconds that a clock shows; EINVAL for one that is not there.
  func reading(_ clock: Int32) throws(Errno) -> UInt64 {
    let realtime = realtimeOffset
    let now = kernel.board.clock.nanoseconds
    switch clock {
    case 0, 8: return realtime &+ now  // CLOCK_REALTIME, _ALARM
    case 11: return realtime &+ atomicTimeOffset &+ now  // CLOCK_TAI
    case 1, 4, 7, 9: return now  // CLOCK_MONOTONIC, _RAW, CLOCK_BOOTTIME, _ALARM
    case 5: return realtime &+ now &- now % Self.tick  // CLOCK_REALTIME_COARSE
    case 6: return now &- now % Self.tick  // CLOCK_MONOTONIC_COARSE
    case 2: return executedTime(kernel.executed(task.pointee.process), 2)
    case 3: return executedTime(kernel.executed(by: task), 2)
    case ..<0:
      // What another process or thread has executed, by its number (MAKE_PROCESS_CPUCLOCK).
      let number = ~(clock &>> 3)
      guard clock & 3 != 3, let other = number == 0 ? task : kernel.task(number) else {
        throw .EINVAL
      }
      if clock & 4 != 0 {
        guard other.pointee.process == task.pointee.process else { throw .EINVAL }
        return executedTime(kernel.executed(by: other), clock & 3)
      }
      return executedTime(kernel.executed(other.pointee.process), clock & 3)
    default: throw .EINVAL
    }
  }

  /// CPUCLOCK_PROF, CPUCLOCK_VIRT, CPUCLOCK_SCHED.
  private func executedTime(_ executed: InstructionCounts, _ kind: Int32) -> UInt64 {
    kind == 1 ? executed.user : executed.user &+ executed.kernel
  }

  /// The time of day when the machine's clock began.
  var realtimeOffset: UInt64 { kernel.store.pointee.realtimeOffset }

  private var atomicTimeOffset: UInt64 {
    UInt64(UInt32(bitPattern: kernel.store.pointee.atomicTimeOffset)) &* 1_000_000_000
  }

  /// The coarse clocks move with the tick, 250 a second (CONFIG_HZ of the reference).
  private static var tick: UInt64 { 4_000_000 }

  private func store(_ nanoseconds: UInt64, _ place: VirtualAddress) throws(Errno) {
    try space.pointee.copyOut(nanoseconds / 1_000_000_000, to: place)
    try space.pointee.copyOut(nanoseconds % 1_000_000_000, to: place + ByteCount(8))
  }

  func clockTime() throws(Errno) -> UInt64 {
    try store(reading(int(0)), address(1))
    return 0
  }

  func clockResolution() throws(Errno) -> UInt64 {
    _ = try reading(int(0))
    guard argument(1) != 0 else { return 0 }
    try store(int(0) == 5 || int(0) == 6 ? Self.tick : 1, address(1))
    return 0
  }

  func timeOfDay() throws(Errno) -> UInt64 {
    if argument(0) != 0 {
      let now = try reading(0)
      try space.pointee.copyOut(now / 1_000_000_000, to: address(0))
      try space.pointee.copyOut(now % 1_000_000_000 / 1000, to: address(0) + ByteCount(8))
    }
    if argument(1) != 0 { try space.pointee.copyOut(UInt64(0), to: address(1)) }
    return 0
  }

  /// nanosleep(request, remaining).
  func sleep() throws(Errno) -> UInt64 {
    let clock = kernel.board.clock
    let ticks = clock.ticks(inNanoseconds: try interval(at: address(0)))
    try sleep(until: clock.ticks &+ ticks, remaining: address(1))
    return 0
  }

  /// clock_nanosleep(clock, flags, request, remaining).
  func clockSleep() throws(Errno) -> UInt64 {
    let now = try reading(int(0))
    // The coarse clocks and that of the thread cannot be slept on.
    switch int(0) {
    case 0, 1, 2, 7, 8, 9, 11, ..<0: break
    default: throw .EOPNOTSUPP
    }
    let isAbsolute = word(1) & 1 != 0
    let asked = try interval(at: address(2))
    if int(0) == 2 || int(0) < 0 {
      return try sleepOnExecution(now: now, asked, isAbsolute: isAbsolute)
    }
    let clock = kernel.board.clock
    guard isAbsolute else {
      try sleep(until: clock.ticks &+ clock.ticks(inNanoseconds: asked), remaining: address(3))
      return 0
    }
    // Made again as it was asked for, as the moment is the same.
    if int(0) == 0 || int(0) == 8 || int(0) == 11 {
      let ahead = int(0) == 11 ? atomicTimeOffset : 0
      try kernel.pause(untilRealtime: asked > ahead ? asked &- ahead : 0)
    } else {
      let left = asked > now ? asked &- now : 0
      try kernel.pause(until: clock.ticks &+ clock.ticks(inNanoseconds: left))
    }
    return 0
  }

  /// Sleeps on what a process, or a thread but the own one, has executed
  /// (kernel/time/posix-cpu-timers.c:posix_cpu_nsleep()).
  private func sleepOnExecution(
    now: UInt64, _ asked: UInt64, isAbsolute: Bool
  ) throws(Errno) -> UInt64 {
    if int(0) < 0, int(0) & 4 != 0 {
      let number = ~(int(0) &>> 3)
      guard number != 0, number != task.pointee.pid else { throw .EINVAL }
    }
    if isAbsolute {
      try pause(int(0), untilExecuted: asked)
    } else {
      try sleepOn(int(0), until: now &+ asked, remaining: address(3))
    }
    return 0
  }

  /// Sleeps until a clock of execution time shows a time.
  private func pause(_ clock: Int32, untilExecuted end: UInt64) throws(Errno) {
    let number = clock < 0 ? ~(clock &>> 3) : 0
    let target = number == 0 ? task.pointee.threadGroup : number
    // Whoever it runs on may end meanwhile: it is looked for each time.
    while let other = kernel.task(target) {
      let now = try reading(clock)
      guard now < end else { return }
      try kernel.pause(untilExecuting: end &- now, in: other.pointee.process)
    }
  }

  private func sleepOn(
    _ clock: Int32, until end: UInt64, remaining: VirtualAddress
  ) throws(Errno) {
    do throws(Errno) {
      try pause(clock, untilExecuted: end)
    } catch {
      guard error == .ERESTARTNOHAND else { throw error }
      let now = try reading(clock)
      if remaining.rawValue != 0 { try store(end > now ? end &- now : 0, remaining) }
      var block = RestartBlock(.executionSleep, until: end, address: remaining.rawValue)
      block.value = UInt32(bitPattern: clock)
      task.pointee.restart = block
      throw .ERESTART_RESTARTBLOCK
    }
  }

  /// Goes on with a sleep on execution time (posix_cpu_nsleep_restart()).
  func restartExecutionSleep() throws(Errno) -> UInt64 {
    let block = task.pointee.restart
    try sleepOn(
      Int32(bitPattern: block.value), until: block.deadline,
      remaining: VirtualAddress(block.address))
    return 0
  }

  /// Sleeps; a signal without a handler lets the sleep go on to the same moment
  /// (kernel/time/hrtimer.c:hrtimer_nanosleep()).
  private func sleep(until deadline: UInt64, remaining: VirtualAddress) throws(Errno) {
    do {
      try kernel.pause(until: deadline)
    } catch {
      let clock = kernel.board.clock
      if remaining.rawValue != 0 {
        let left = MachineTime(
          ticks: deadline > clock.ticks ? deadline &- clock.ticks : 0,
          frequency: clock.frequency)
        try store(left.nanoseconds, remaining)
      }
      task.pointee.restart = RestartBlock(.sleep, until: deadline, address: remaining.rawValue)
      throw .ERESTART_RESTARTBLOCK
    }
  }

  /// Goes on with a sleep (hrtimer_nanosleep_restart()).
  func restartSleep() throws(Errno) -> UInt64 {
    let block = task.pointee.restart
    try sleep(until: block.deadline, remaining: VirtualAddress(block.address))
    return 0
  }

  /// times(buffer): in ticks of a hundredth of a second.
  func processTimes() throws(Errno) -> UInt64 {
    let tick: UInt64 = 10_000_000
    if argument(0) != 0 {
      _ = kernel.executed(by: task)
      let own = task.pointee.process.pointee.usage.executed
      let children = task.pointee.process.pointee.childrensUsage.executed
      try space.pointee.copyOut(own.user / tick, to: address(0))
      try space.pointee.copyOut(own.kernel / tick, to: address(0) + ByteCount(8))
      try space.pointee.copyOut(children.user / tick, to: address(0) + ByteCount(16))
      try space.pointee.copyOut(children.kernel / tick, to: address(0) + ByteCount(24))
    }
    return kernel.board.clock.nanoseconds / tick
  }
}
