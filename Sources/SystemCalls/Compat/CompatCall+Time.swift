import AddressSpaces
import Arm64
import MemoryTypes
import Tasks

/// Times of 32 bits, and those of 64 bits whose nanoseconds have a hole beside them
/// (kernel/time/time.c:get_old_timespec32(), get_timespec64()).
extension CompatCall {
  /// A `timespec` of the program's in the window: two words, or two of 64 bits of whose second the
  /// upper half is undefined.
  func putTime(_ place: UInt64, at offset: Int, isLong: Bool) throws(Errno) {
    if isLong {
      try put(try load(UInt64.self, place), at: offset)
      try put(UInt64(try load(UInt32.self, place, 8)), at: offset &+ 8)
    } else {
      try put(try loadSigned(place), at: offset)
      try put(try loadSigned(place, 4), at: offset &+ 8)
    }
  }

  /// The opposite.
  func storeTime(_ place: UInt64, from offset: Int, isLong: Bool) throws(Errno) {
    let seconds = try get(UInt64.self, at: offset)
    let rest = try get(UInt64.self, at: offset &+ 8)
    if isLong {
      try store(seconds, place)
      try store(rest, place, 8)
    } else {
      try store(UInt32(truncatingIfNeeded: seconds), place)
      try store(UInt32(truncatingIfNeeded: rest), place, 4)
    }
  }

  /// The window's address if the program gave one, with the time there in it; else 0.
  func time(_ index: Int, at offset: Int, isLong: Bool) throws(Errno) -> UInt64 {
    guard argument(index) != 0 else { return 0 }
    try putTime(argument(index), at: offset, isLong: isLong)
    return window(offset)
  }

  func time(_ number: UInt32) throws(Errno) -> UInt64 {
    switch number {
    case 78: return try timeOfDay()
    case 79:  // settimeofday
      let time = try time(0, at: 0, isLong: false)
      return try call(170, time, argument(1))
    case 104, 105: return try intervalTimer(number)
    case 161: return try answer(127, signed(0), 1)  // sched_rr_get_interval
    case 162: return try sleep(101, request: 0, remaining: 1, isLong: false)  // nanosleep
    case 265: return try sleep(115, request: 2, remaining: 3, isLong: false)  // clock_nanosleep
    case 407: return try sleep(115, request: 2, remaining: 3, isLong: true)
    case 262, 404:  // clock_settime
      return try call(112, signed(0), try time(1, at: 0, isLong: number == 404))
    case 263: return try answer(113, signed(0), 1)  // clock_gettime
    case 264: return try answer(114, signed(0), 1)  // clock_getres
    case 240, 422: return try futex(isLong: number == 422)
    case 257: return try makeTimer()
    case 259: return try getTimer(108)  // timer_gettime
    case 354: return try getTimer(87)  // timerfd_gettime
    case 258, 409: return try setTimer(110, isLong: number == 409)  // timer_settime
    default: return try setTimer(86, isLong: number == 411)  // timerfd_settime
    }
  }

  /// A call that stores one time, with 32 bits for the program.
  private func answer(_ number: UInt64, _ first: UInt64, _ index: Int) throws(Errno) -> UInt64 {
    let result = try call(number, first, argument(index) == 0 ? 0 : window(0))
    if argument(index) != 0 { try storeTime(argument(index), from: 0, isLong: false) }
    return result
  }

  private func timeOfDay() throws(Errno) -> UInt64 {
    let result = try call(169, argument(0) == 0 ? 0 : window(0), argument(1))
    if argument(0) != 0 { try storeTime(argument(0), from: 0, isLong: false) }
    return result
  }

  /// nanosleep and clock_nanosleep: what remains is stored if a signal came.
  private func sleep(
    _ number: UInt64, request: Int, remaining: Int, isLong: Bool
  ) throws(Errno) -> UInt64 {
    try putTime(argument(request), at: 0, isLong: isLong)
    let rest = argument(remaining) == 0 ? 0 : window(16)
    // A mark that no remainder is: whether the call stored one.
    try put(UInt64.max, at: 24)
    defer {
      if rest != 0, let mark = try? get(UInt64.self, at: 24), mark != .max {
        try? storeTime(argument(remaining), from: 16, isLong: isLong)
      }
    }
    if number == 101 { return try call(101, window(0), rest) }
    return try call(115, signed(0), argument(1), window(0), rest)
  }

  /// setitimer and getitimer: interval and value, in microseconds.
  private func intervalTimer(_ number: UInt32) throws(Errno) -> UInt64 {
    let old = argument(number == 104 ? 2 : 1)
    var result: UInt64 = 0
    if number == 104 {
      if argument(1) != 0 {
        try putTime(argument(1), at: 0, isLong: false)
        try putTime(argument(1) &+ 8, at: 16, isLong: false)
      }
      result = try call(
        103, signed(0), argument(1) == 0 ? 0 : window(0), old == 0 ? 0 : window(32))
    } else {
      result = try call(102, signed(0), old == 0 ? 0 : window(32))
    }
    if old != 0 {
      try storeTime(old, from: 32, isLong: false)
      try storeTime(old &+ 8, from: 48, isLong: false)
    }
    return result
  }

  /// timer_create(clock, event, number): `struct compat_sigevent`.
  private func makeTimer() throws(Errno) -> UInt64 {
    guard argument(1) != 0 else { return try call(107, signed(0), 0, argument(2)) }
    try space.pointee.clearOut(VirtualAddress(window(0)), 64)
    try put(UInt64(try load(UInt32.self, argument(1))), at: 0)
    for index in 1..<4 {  // signal, kind, thread
      try put(try load(UInt32.self, argument(1), UInt64(index) &* 4), at: 4 &+ index &* 4)
    }
    return try call(107, signed(0), window(0), argument(2))
  }

  private func getTimer(_ number: UInt64) throws(Errno) -> UInt64 {
    let result = try call(number, signed(0), window(0))
    try storeTime(argument(1), from: 0, isLong: false)
    try storeTime(argument(1) &+ 8, from: 16, isLong: false)
    return result
  }

  /// timer_settime and timerfd_settime(which, flags, new, old).
  private func setTimer(_ number: UInt64, isLong: Bool) throws(Errno) -> UInt64 {
    let step: UInt64 = isLong ? 16 : 8
    if argument(2) != 0 {
      try putTime(argument(2), at: 0, isLong: isLong)
      try putTime(argument(2) &+ step, at: 16, isLong: isLong)
    }
    let old = argument(3)
    let result = try call(
      number, signed(0), argument(1), argument(2) == 0 ? 0 : window(0), old == 0 ? 0 : window(32))
    if old != 0 {
      try storeTime(old, from: 32, isLong: isLong)
      try storeTime(old &+ step, from: 48, isLong: isLong)
    }
    return result
  }

  /// futex: the fourth argument is a time for those that wait, else a number
  /// (kernel/futex/syscalls.c:futex_cmd_has_timeout()).
  private func futex(isLong: Bool) throws(Errno) -> UInt64 {
    var fourth = argument(3)
    switch word(1) & 0x7f {
    case 0, 6, 9, 11, 13: fourth = try time(3, at: 0, isLong: isLong)
    default: break
    }
    return try call(
      98, argument(0), argument(1), argument(2), fourth, argument(4), argument(5))
  }

  /// utimes, futimesat, utimensat and its 64-bit form.
  func changeTimes(_ number: UInt32) throws(Errno) -> UInt64 {
    let isOld = number == 269 || number == 326
    let folder: UInt64 = number == 269 ? 0 &- 100 : signed(0)
    let path = argument(number == 269 ? 0 : 1)
    let times = argument(number == 269 ? 1 : 2)
    let flags: UInt64 = isOld ? 0 : argument(3)
    guard times != 0 else { return try call(88, folder, path, 0, flags) }
    let isLong = number == 412
    try putTime(times, at: 0, isLong: isLong)
    try putTime(times &+ (isLong ? 16 : 8), at: 16, isLong: isLong)
    if isOld {
      for index in 0..<2 {
        let offset = 8 &+ index &* 16
        // Microseconds (fs/utimes.c:do_compat_futimesat()).
        let part = try get(UInt64.self, at: offset)
        guard part < 1_000_000 else { throw .EINVAL }
        try put(part &* 1000, at: offset)
      }
    }
    return try call(88, folder, path, window(0), flags)
  }
}
