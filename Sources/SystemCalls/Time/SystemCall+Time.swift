import AddressSpaces
import Arm64
import BoardFormat
import MemoryTypes
import Tasks

/// Clocks and sleeping (kernel/time/). Time is the virtual counter, which instructions drive.
extension SystemCall {
  /// The nanoseconds that a clock shows; EINVAL for one that is not there.
  private func reading(_ clock: Int32) throws(Errno) -> UInt64 {
    let realtime = realtimeOffset
    let now = kernel.board.clock.nanoseconds
    switch clock {
    case 0, 8, 11: return realtime &+ now  // CLOCK_REALTIME, _ALARM, CLOCK_TAI
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
  var realtimeOffset: UInt64 { kernel.store.pointee.header.realtimeSeconds &* 1_000_000_000 }

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
    // The coarse clocks and those of execution time cannot be slept on.
    switch int(0) {
    case 0, 1, 7, 8, 9, 11: break
    case ..<0: throw .EINVAL
    default: throw .EOPNOTSUPP
    }
    var nanoseconds = try interval(at: address(2))
    let isAbsolute = word(1) & 1 != 0
    if isAbsolute { nanoseconds = nanoseconds > now ? nanoseconds &- now : 0 }
    let clock = kernel.board.clock
    let deadline = clock.ticks &+ clock.ticks(inNanoseconds: nanoseconds)
    if isAbsolute {
      // Made again as it was asked for, as the moment is the same.
      try kernel.pause(until: deadline)
    } else {
      try sleep(until: deadline, remaining: address(3))
    }
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
      let children = task.pointee.process.pointee.children.executed
      try space.pointee.copyOut(own.user / tick, to: address(0))
      try space.pointee.copyOut(own.kernel / tick, to: address(0) + ByteCount(8))
      try space.pointee.copyOut(children.user / tick, to: address(0) + ByteCount(16))
      try space.pointee.copyOut(children.kernel / tick, to: address(0) + ByteCount(24))
    }
    return kernel.board.clock.nanoseconds / tick
  }
}
