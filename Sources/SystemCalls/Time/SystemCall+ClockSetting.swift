import AddressSpaces
import Arm64
import MemoryTypes
import Tasks

/// Setting the time of day (kernel/time/time.c, timekeeping.c): of this machine, while it runs.
extension SystemCall {
  private var maySetTime: Bool { task.pointee.capabilities.has(1 << 25) }  // CAP_SYS_TIME

  /// settimeofday(time, zone).
  func setTimeOfDay() throws(Errno) -> UInt64 {
    var moment: (Int64, Int64)?
    if argument(0) != 0 {
      let seconds = try space.pointee.copyIn(Int64.self, from: address(0))
      let part = try space.pointee.copyIn(Int64.self, from: address(0) + ByteCount(8))
      guard 0..<1_000_000 ~= part else { throw .EINVAL }
      moment = (seconds, part &* 1000)
    }
    var minutesWest: Int32 = 0
    if argument(1) != 0 {
      minutesWest = try space.pointee.copyIn(Int32.self, from: address(1))
      _ = try space.pointee.copyIn(Int32.self, from: address(1) + ByteCount(4))
    }
    if let moment { try check(moment) }
    guard maySetTime else { throw .EPERM }
    guard abs(Int64(minutesWest)) <= 15 &* 60 else { throw .EINVAL }
    if let moment { try kernel.setRealtime(nanoseconds(moment)) }
    return 0
  }

  /// clock_settime(clock, time): that of the day alone.
  func setClock() throws(Errno) -> UInt64 {
    guard int(0) <= 0 else { throw .EINVAL }
    let seconds = try space.pointee.copyIn(Int64.self, from: address(1))
    let part = try space.pointee.copyIn(Int64.self, from: address(1) + ByteCount(8))
    if int(0) < 0 {
      // What is executed cannot be set (posix_cpu_clock_set()).
      _ = try reading(int(0))
      throw .EPERM
    }
    try check((seconds, part))
    guard maySetTime else { throw .EPERM }
    try kernel.setRealtime(nanoseconds((seconds, part)))
    return 0
  }

  /// Whether a time may be set (timespec64_valid_settod()): thirty years before what can be counted
  /// ends.
  private func check(_ moment: (Int64, Int64)) throws(Errno) {
    guard 0..<8_277_292_036 ~= moment.0, 0..<1_000_000_000 ~= moment.1 else { throw .EINVAL }
  }

  private func nanoseconds(_ moment: (Int64, Int64)) -> UInt64 {
    UInt64(bitPattern: moment.0 &* 1_000_000_000 &+ moment.1)
  }

  /// adjtimex(figures) and clock_adjtime(clock, figures): what is told is kept.
  func adjustClock(_ index: Int) throws(Errno) -> UInt64 {
    if index == 1 && int(0) != 0 {
      throw (1...11).contains(int(0)) && int(0) != 10 ? .EOPNOTSUPP : .EINVAL
    }
    // `struct timex`: 26 words.
    var words = try space.pointee.copyIn(InlineArray<26, Int64>.self, from: address(index))
    let modes = UInt32(truncatingIfNeeded: words[0])
    try checkModes(modes, words)
    if modes & 0x100 != 0 { try shift(words, isNano: modes & 0x2000 != 0) }  // ADJ_SETOFFSET
    var clock = kernel.store.pointee.clockDiscipline
    if modes & 0x8000 != 0 {  // ADJ_ADJTIME
      let old = clock.adjustment
      if modes & 0x2000 == 0 { clock.adjustment = words[1] }
      words[1] = old
    } else {
      var new = ClockDiscipline()
      new.offset = words[1]
      new.frequency = words[2]
      new.maximumError = words[3]
      new.estimatedError = words[4]
      new.status = Int32(truncatingIfNeeded: words[5])
      new.constant = words[6]
      new.tick = words[11]
      clock.set(modes, new)
      if modes & 0x80 != 0, 0...100_000 ~= words[6] {  // ADJ_TAI
        kernel.store.pointee.atomicTimeOffset = Int32(words[6])
      }
      words[1] = clock.offset
    }
    kernel.store.pointee.clockDiscipline = clock
    words[2] = clock.frequency
    words[3] = clock.maximumError
    words[4] = clock.estimatedError
    words[5] = Int64(clock.status)
    words[6] = clock.constant
    words[7] = 1
    words[8] = 32_768_000
    let now = try reading(0)
    words[9] = Int64(now / 1_000_000_000)
    words[10] = Int64(now % 1_000_000_000 / (clock.countsNanoseconds ? 1 : 1000))
    words[11] = clock.tick
    for index in 12..<20 { words[index] = 0 }
    words[20] = Int64(kernel.store.pointee.atomicTimeOffset)
    try space.pointee.copyOut(words, to: address(index))
    return clock.status & 0x1040 != 0 ? 5 : 0  // TIME_ERROR: STA_UNSYNC or STA_CLOCKERR
  }

  /// Whether figures may be told (timekeeping_validate_timex()).
  private func checkModes(_ modes: UInt32, _ words: InlineArray<26, Int64>) throws(Errno) {
    if modes & 0x8000 != 0 {
      guard modes & 1 != 0 else { throw .EINVAL }
      guard modes & 0x2000 != 0 || maySetTime else { throw .EPERM }
    } else {
      guard modes == 0 || maySetTime else { throw .EPERM }
      guard modes & 0x4000 == 0 || 9000...11000 ~= words[11] else { throw .EINVAL }
    }
    if modes & 0x100 != 0 {
      guard maySetTime else { throw .EPERM }
      guard 0..<(modes & 0x2000 != 0 ? 1_000_000_000 : 1_000_000) ~= words[10] else {
        throw .EINVAL
      }
    }
    // PPM_SCALE: what would overflow.
    let scale: Int64 = 65_536_000
    guard modes & 2 == 0 || Int64.min / scale...Int64.max / scale ~= words[2] else {
      throw .EINVAL
    }
  }

  /// Moves the time of day by an amount (timekeeping_inject_offset()).
  private func shift(_ words: InlineArray<26, Int64>, isNano: Bool) throws(Errno) {
    let now = Int64(bitPattern: try reading(0))
    let (seconds, overflow) = words[9].multipliedReportingOverflow(by: 1_000_000_000)
    let (sum, carry) = now.addingReportingOverflow(seconds)
    let part = words[10] &* (isNano ? 1 : 1000)
    guard !overflow, !carry, sum >= 0, Int64.max &- sum > part else { throw .EINVAL }
    let new = sum &+ part
    try check((new / 1_000_000_000, new % 1_000_000_000))
    try kernel.setRealtime(UInt64(new))
  }
}
