import AddressSpaces
import MemoryTypes

/// Pointers to parts of a process, for those who work on a part in place. They live as long as the
/// process: a slab object never moves.
extension Process {
  // SAFETY (all): the part lies in the initialised object that `process` points at. It is taken out
  // of its list or queue before the process goes, and the process outlives its tasks.

  static func realTimerPointer(_ process: KernelPointer<Self>) -> KernelPointer<Deadline> {
    unsafe withUnsafeMutablePointer(to: &process.pointee.timers.real) { unsafe KernelPointer($0) }
  }

  static func cpuTimersPointer(_ process: KernelPointer<Self>) -> KernelPointer<Deadline> {
    unsafe withUnsafeMutablePointer(to: &process.pointee.timers.cpu) { unsafe KernelPointer($0) }
  }

  /// Its leader's, as Linux's `oom_reaper_timer` is a task's.
  static func reaperPointer(_ process: KernelPointer<Self>) -> KernelPointer<Deadline> {
    let leader = process.pointee.leader
    return unsafe withUnsafeMutablePointer(to: &leader.pointee.reaper) { unsafe KernelPointer($0) }
  }

  static func limitsPointer(_ process: KernelPointer<Self>) -> KernelPointer<ResourceLimits> {
    unsafe withUnsafeMutablePointer(to: &process.pointee.limits) { unsafe KernelPointer($0) }
  }

  static func links(_ process: KernelPointer<Self>) -> KernelPointer<ListLinks<Self>> {
    unsafe withUnsafeMutablePointer(to: &process.pointee.place) { unsafe KernelPointer($0) }
  }

  static func siblingLinks(_ process: KernelPointer<Self>) -> KernelPointer<ListLinks<Self>> {
    unsafe withUnsafeMutablePointer(to: &process.pointee.siblingPlace) { unsafe KernelPointer($0) }
  }

  static func groupLinks(_ process: KernelPointer<Self>) -> KernelPointer<ListLinks<Self>> {
    unsafe withUnsafeMutablePointer(to: &process.pointee.groupPlace) { unsafe KernelPointer($0) }
  }

  static func sessionLinks(_ process: KernelPointer<Self>) -> KernelPointer<ListLinks<Self>> {
    unsafe withUnsafeMutablePointer(to: &process.pointee.sessionPlace) { unsafe KernelPointer($0) }
  }
}
