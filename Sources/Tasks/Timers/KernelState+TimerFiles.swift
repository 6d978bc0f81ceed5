import Arm64
import Files
public import MemoryTypes

/// Timers as files (fs/timerfd.c).
extension KernelState {
  /// A timer's moment has come (timerfd_tmrproc()); it goes on when it is read.
  func expire(_ object: KernelPointer<TaskFile<B>>) {
    object.pointee.hasExpired = true
    object.pointee.expiries &+= 1
    happened(to: object)
  }

  /// Starts a periodic timer again that has expired, with what it missed counted.
  func goOn(_ object: KernelPointer<TaskFile<B>>) {
    let interval = object.pointee.interval
    guard object.pointee.hasExpired, interval != 0 else { return }
    object.pointee.hasExpired = false
    let now = board.clock.nanoseconds
    if object.pointee.expiry <= now {
      let periods = (now &- object.pointee.expiry) / interval &+ 1
      object.pointee.expiries &+= periods &- 1
      object.pointee.expiry &+= periods &* interval
    }
    start(object)
  }

  private func start(_ object: KernelPointer<TaskFile<B>>) {
    addDeadline(
      Self.deadlinePointer(object),
      at: board.clock.ticks(inNanoseconds: min(object.pointee.expiry, UInt64(Int64.max))))
  }

  /// What is left, and the interval.
  public func setting(of object: KernelPointer<TaskFile<B>>) -> TimerSetting {
    goOn(object)
    let now = board.clock.nanoseconds
    let expiry = object.pointee.deadline.isQueued ? object.pointee.expiry : 0
    return TimerSetting(
      value: expiry > now ? expiry &- now : 0, interval: object.pointee.interval)
  }

  /// Starts or stops a timer (do_timerfd_settime()); what was left.
  public func set(
    _ object: KernelPointer<TaskFile<B>>, _ new: TimerSetting, isAbsolute: Bool
  ) -> TimerSetting {
    let old = setting(of: object)
    removeDeadline(Self.deadlinePointer(object))
    object.pointee.hasExpired = false
    object.pointee.expiries = 0
    object.pointee.interval = new.interval
    object.pointee.expiry = 0
    guard new.value != 0 else { return old }
    if isAbsolute {
      let offset = object.pointee.followsTimeOfDay ? store.pointee.realtimeOffset : 0
      object.pointee.expiry = new.value > offset ? new.value &- offset : 1
    } else {
      object.pointee.expiry = board.clock.nanoseconds &+ new.value
    }
    start(object)
    return old
  }
}
