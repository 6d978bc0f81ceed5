// POSIX timers.
//
// A timer owns one entry of a signal queue, so that it can always tell; while that entry waits to be
// taken, expiries are only counted (overruns). A periodic timer is not started again when it
// expires, but when its signal is taken: the periods in between are overruns as well.
//
//     timer.isArmed ⇒ its deadline is queued (clocks of time), or its process watches it (CPU clocks)
//     timer.entry.isQueued ⇒ its signal is pending
//
// Source: kernel/time/posix-timers.c, posix-cpu-timers.c.

import Arm64
public import MemoryTypes

/// What a timer runs on.
public enum TimerClock: BitwiseCopyable, Sendable {
  /// The machine's time, or the time of day.
  case time(ofDay: Bool)
  /// What a process has executed, or one of its threads.
  case process
  case thread
}

/// Whom a timer tells (`struct sigevent`).
public struct TimerEvent: BitwiseCopyable, Sendable {
  /// Nobody (SIGEV_NONE).
  public var isSilent = false
  public var signal = Signal.alarm
  public var value: UInt64 = 0
  /// The thread, by number (SIGEV_THREAD_ID); 0 for the process.
  public var thread: Int32 = 0

  public init() {}
}

/// A timer that a process made (`struct k_itimer`).
///
/// With several CPUs it has a lock of its own.
@safe public struct PosixTimer<B: Processor>: ~Copyable {
  let resident = Resident()
  public let id: Int32
  public let process: KernelPointer<Process<B>>
  public let clock: TimerClock
  public let event: TimerEvent
  /// The thread whose CPU time it runs on, one reference.
  var thread: KernelPointer<PID<B>>?
  let entry: KernelPointer<QueuedSignal>
  var deadline = Deadline(.posixTimer)
  /// When it expires, in nanoseconds of its clock's base.
  var expiry: UInt64 = 0
  var interval: UInt64 = 0
  var isArmed = false
  /// Whether it expires at a time of day, whatever that is set to.
  var isAtTimeOfDay = false
  /// Its signal is on the way and it is to be started again when that is taken
  /// (`it_requeue_pending`).
  var restartsWhenTaken = false
  /// Expiries that were not told, so far and with the last signal.
  var overruns: Int64 = -1
  var lastOverruns: Int64 = 0
  /// Its place among the process's timers, and the next with the same hash.
  var place = ListLinks<PosixTimer<B>>()
  var nextInHash: KernelPointer<PosixTimer<B>>?

  init(
    id: Int32, process: KernelPointer<Process<B>>, clock: TimerClock, event: TimerEvent,
    entry: KernelPointer<QueuedSignal>
  ) {
    self.id = id
    self.process = process
    self.clock = clock
    self.event = event
    self.entry = entry
  }

  var runsOnCPU: Bool {
    if case .time = clock { false } else { true }
  }
}

/// All timers, by process and number (`posix_timers_hashtable`).
struct PosixTimerTable<B: Processor>: ~Copyable {
  let resident = Resident()
  var heads = InlineArray<256, KernelPointer<PosixTimer<B>>?>(repeating: nil)

  @inline(__always)
  static func index(_ process: KernelPointer<Process<B>>, _ id: Int32) -> Int {
    let key = UInt64(process.address) &>> 6 &+ UInt64(UInt32(bitPattern: id))
    return Int((key &* 0x9e37_79b9_7f4a_7c15) &>> 56)
  }
}
