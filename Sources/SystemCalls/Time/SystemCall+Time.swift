import AddressSpaces
import Arm64
import BoardFormat
import MemoryTypes
import Tasks

/// Clocks and sleeping (kernel/time/). Time is the virtual counter, which instructions drive.
extension SystemCall {
  /// The nanoseconds that a clock shows; EINVAL for one that is not there.
  private func reading(_ clock: Int32) throws(Errno) -> UInt64 {
    let realtime = kernel.store.pointee.header.realtimeSeconds &* 1_000_000_000
    let now = kernel.board.clock.nanoseconds
    switch clock {
    case 0, 11: return realtime &+ now  // CLOCK_REALTIME, CLOCK_TAI
    case 1, 4, 7: return now  // CLOCK_MONOTONIC, _RAW, CLOCK_BOOTTIME
    case 5: return realtime &+ now &- now % Self.tick  // CLOCK_REALTIME_COARSE
    case 6: return now &- now % Self.tick  // CLOCK_MONOTONIC_COARSE
    case 2, 3:  // CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID
      let executed = kernel.executed(by: task)
      return executed.user &+ executed.kernel
    default: throw .EINVAL
    }
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
    guard int(0) != 3 else { throw .EINVAL }
    var nanoseconds = try interval(at: address(2))
    let isAbsolute = word(1) & 1 != 0
    if isAbsolute { nanoseconds = nanoseconds > now ? nanoseconds &- now : 0 }
    let clock = kernel.board.clock
    try sleep(
      until: clock.ticks &+ clock.ticks(inNanoseconds: nanoseconds),
      remaining: isAbsolute ? VirtualAddress(0) : address(3))
    return 0
  }

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
      throw error
    }
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

  /// setitimer(which, new, old): timers cannot fire yet, so only stopping one succeeds.
  func intervalTimer() throws(Errno) -> UInt64 {
    guard word(0) <= 2 else { throw .EINVAL }
    if argument(1) != 0 {
      for index in 0..<4 {
        let part = try space.pointee.copyIn(
          UInt64.self, from: address(1) + ByteCount(UInt64(index) &* 8))
        if index >= 2 && part != 0 {
          SystemCalls.missing(kernel, 103)
          throw .ENOSYS
        }
      }
    }
    if argument(2) != 0 { try space.pointee.clearOut(address(2), 32) }
    return 0
  }
}
