import AddressSpaces
import Arm64
import MemoryTypes
import Tasks

/// Timers that send signals (kernel/time/itimer.c, posix-timers.c).
extension SystemCall {
  /// getitimer(which, value).
  func intervalTimer() throws(Errno) -> UInt64 {
    guard let timer = IntervalTimer(rawValue: word(0)) else { throw .EINVAL }
    try storeMicroseconds(kernel.setting(of: timer), address(1))
    return 0
  }

  /// setitimer(which, new, old); nothing new stops it.
  func setIntervalTimer() throws(Errno) -> UInt64 {
    var new = TimerSetting()
    if argument(1) != 0 {
      new.interval = try microseconds(at: address(1))
      new.value = try microseconds(at: address(1) + ByteCount(16))
    }
    guard let timer = IntervalTimer(rawValue: word(0)) else { throw .EINVAL }
    let old = kernel.set(timer, new)
    if argument(2) != 0 { try storeMicroseconds(old, address(2)) }
    return 0
  }

  /// The nanoseconds of a `timeval`.
  private func microseconds(at place: VirtualAddress) throws(Errno) -> UInt64 {
    let seconds = try space.pointee.copyIn(Int64.self, from: place)
    let micro = try space.pointee.copyIn(Int64.self, from: place + ByteCount(8))
    guard seconds >= 0, micro >= 0, micro < 1_000_000 else { throw .EINVAL }
    return nanoseconds(seconds, micro &* 1000)
  }

  /// KTIME_MAX bounds what can be waited for.
  private func nanoseconds(_ seconds: Int64, _ rest: Int64) -> UInt64 {
    let (product, overflow) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
    let most = UInt64(Int64.max) / 2
    return overflow || product > most ? most : product &+ UInt64(rest)
  }

  private func storeMicroseconds(_ setting: TimerSetting, _ place: VirtualAddress) throws(Errno) {
    let words: InlineArray<4, UInt64> = [
      setting.interval / 1_000_000_000, setting.interval % 1_000_000_000 / 1000,
      setting.value / 1_000_000_000, setting.value % 1_000_000_000 / 1000,
    ]
    try space.pointee.copyOut(words, to: place)
  }

  /// timer_create(clock, event, number).
  func createTimer() throws(Errno) -> UInt64 {
    var event: TimerEvent?
    var words = InlineArray<3, UInt64>(repeating: 0)
    if argument(1) != 0 {
      words = try space.pointee.copyIn(InlineArray<3, UInt64>.self, from: address(1))
    }
    let clock = try timerClock(int(0))
    if argument(1) != 0 { event = try timerEvent(words) }
    let timer = try kernel.makeTimer(clock, event)
    do throws(Errno) {
      try space.pointee.copyOut(timer.pointee.id, to: address(2))
    } catch {
      kernel.delete(timer)
      throw error
    }
    return 0
  }

  /// The clocks that timers run on; EOPNOTSUPP for those that only tell the time.
  func timerClock(_ clock: Int32) throws(Errno) -> TimerClock {
    switch clock {
    case 0, 8, 11: return .time(ofDay: true)
    case 1, 7, 9: return .time(ofDay: false)
    case 2: return .process
    case 3: return .thread
    case 4, 5, 6: throw .EOPNOTSUPP
    case ..<0:
      // A process's or thread's own clock, by number 0.
      guard clock &>> 3 == -1, clock & 3 != 3 else { throw .EINVAL }
      return clock & 4 != 0 ? .thread : .process
    default: throw .EINVAL
    }
  }

  /// `struct sigevent`: value, signal and kind, thread (good_sigevent()).
  private func timerEvent(_ words: InlineArray<3, UInt64>) throws(Errno) -> TimerEvent {
    var event = TimerEvent()
    event.value = words[0]
    event.signal = Signal(rawValue: UInt32(truncatingIfNeeded: words[1]))
    switch words[1] &>> 32 {
    case 4:  // SIGEV_THREAD_ID
      event.thread = Int32(truncatingIfNeeded: words[2])
      guard let thread = kernel.task(event.thread),
        thread.pointee.process == task.pointee.process
      else { throw .EINVAL }
      guard event.signal.isValid else { throw .EINVAL }
    case 0, 2:  // SIGEV_SIGNAL, and SIGEV_THREAD, which is for libraries
      guard event.signal.isValid else { throw .EINVAL }
    case 1:  // SIGEV_NONE
      event.isSilent = true
      event.signal = .alarm
    default: throw .EINVAL
    }
    return event
  }

  private func timer() throws(Errno) -> KernelPointer<PosixTimer<B>> {
    guard let timer = kernel.timer(int(0)) else { throw .EINVAL }
    return timer
  }

  /// timer_settime(number, flags, new, old).
  func setTimer() throws(Errno) -> UInt64 {
    guard argument(2) != 0 else { throw .EINVAL }
    let new = try timerSetting(at: address(2))
    let old = kernel.set(try timer(), new, isAbsolute: word(1) & 1 != 0)
    if argument(3) != 0 { try store(old, at: address(3)) }
    return 0
  }

  /// timer_gettime(number, value).
  func timerTime() throws(Errno) -> UInt64 {
    try store(kernel.setting(of: try timer()), at: address(1))
    return 0
  }

  func timerOverruns() throws(Errno) -> UInt64 {
    UInt64(UInt32(bitPattern: kernel.overruns(of: try timer())))
  }

  func deleteTimer() throws(Errno) -> UInt64 {
    kernel.delete(try timer())
    return 0
  }

  /// An `itimerspec`: interval, then value.
  func timerSetting(at place: VirtualAddress) throws(Errno) -> TimerSetting {
    let words = try space.pointee.copyIn(InlineArray<4, Int64>.self, from: place)
    guard words[0] >= 0, words[1] >= 0, words[1] < 1_000_000_000, words[2] >= 0, words[3] >= 0,
      words[3] < 1_000_000_000
    else { throw .EINVAL }
    return TimerSetting(
      value: nanoseconds(words[2], words[3]), interval: nanoseconds(words[0], words[1]))
  }

  func store(_ setting: TimerSetting, at place: VirtualAddress) throws(Errno) {
    let words: InlineArray<4, UInt64> = [
      setting.interval / 1_000_000_000, setting.interval % 1_000_000_000,
      setting.value / 1_000_000_000, setting.value % 1_000_000_000,
    ]
    try space.pointee.copyOut(words, to: place)
  }
}
