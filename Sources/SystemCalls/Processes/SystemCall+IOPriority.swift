import AddressSpaces
import Arm64
import Files
import MemoryTypes
import Tasks

/// The priority of I/O: of a thread, a process group, or all threads of a user (block/ioprio.c).
extension SystemCall {
  /// Whom a call is about.
  private enum Family {
    case thread, group, user
  }

  /// Calls for each thread that is meant; false where there is none.
  private func forEach(
    _ family: Family, _ who: Int32, _ body: (KernelPointer<Task<B>>) throws(Errno) -> Void
  ) throws(Errno) -> Bool {
    var found = false
    func threads(of process: KernelPointer<Process<B>>) throws(Errno) {
      var next = process.pointee.firstThread
      while let thread = next {
        found = true
        try body(thread)
        next = thread.pointee.nextThread
      }
    }
    switch family {
    case .thread:
      guard let thread = who == 0 ? task : kernel.task(who) else { return false }
      found = true
      try body(thread)
    case .group:
      let number = who == 0 ? task.pointee.process.pointee.group : kernel.number(who)
      var next = number?.pointee.firstOfGroup
      while let process = next {
        try threads(of: process)
        next = process.pointee.nextInGroup
      }
    case .user:
      let user = who == 0 ? task.pointee.credentials.user : UInt32(bitPattern: who)
      var next = kernel.store.pointee.firstProcess
      while let process = next {
        if process.pointee.leader.pointee.credentials.user == user {
          try threads(of: process)
        }
        next = process.pointee.nextProcess
      }
    }
    return found
  }

  private func family(_ index: Int, from first: UInt32) throws(Errno) -> Family {
    switch word(index) &- first {
    case 0: return .thread
    case 1: return .group
    case 2: return .user
    default: throw .EINVAL
    }
  }

  /// Whether the caller may change another's priorities.
  private func mayChange(_ target: KernelPointer<Task<B>>) -> Bool {
    let own = task.pointee.credentials.effectiveUser
    let other = target.pointee.credentials
    return other.user == own || other.effectiveUser == own
      || task.pointee.capabilities.has(Capabilities.nice)
  }

  /// ioprio_set(which, who, class and level).
  func setIOPriority() throws(Errno) -> UInt64 {
    switch word(2) >> 13 {
    // Of the 13 bits below the class three are the level (IOPRIO_PRIO_LEVEL()).
    case 0: guard word(2) & 7 == 0 else { throw .EINVAL }
    case 1:
      guard
        task.pointee.capabilities.has(Capabilities.administration)
          || task.pointee.capabilities.has(Capabilities.nice)
      else { throw .EPERM }
    case 2, 3: break
    default: throw .EINVAL
    }
    let value = word(2)
    let found = try forEach(family(0, from: 1), int(1)) { (target) throws(Errno) in
      guard mayChange(target) else { throw .EPERM }
      target.pointee.scheduling.ioPriority = value
    }
    guard found else { throw .ESRCH }
    return 0
  }

  /// ioprio_get(which, who): of one thread what was set, of several the best that they have.
  func ioPriority() throws(Errno) -> UInt64 {
    let family = try family(0, from: 1)
    var best: UInt32 = .max
    let found = try forEach(family, int(1)) { (target) throws(Errno) in
      let scheduling = target.pointee.scheduling
      var value = scheduling.ioPriority
      if family != .thread && value >> 13 == 0 {
        // By policy and nice (task_nice_ioclass(), task_nice_ioprio()).
        let kind: UInt32 =
          scheduling.policy == .idle ? 3 : scheduling.policy.isRealtime ? 1 : 2
        value = kind << 13 | UInt32(bitPattern: (Int32(scheduling.nice) &+ 20) / 5)
      }
      best = min(best, value)
    }
    guard found else { throw .ESRCH }
    return UInt64(best)
  }
}
