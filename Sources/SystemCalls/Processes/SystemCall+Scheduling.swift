import AddressSpaces
import Arm64
import Files
import MemoryTypes
import Tasks

/// What programs ask of the scheduler (kernel/sched/core.c). Everything is kept and told; who runs
/// next hangs on real-time policies alone.
extension SystemCall {
  private typealias Policy = SchedulingParameters.Policy

  func yield() -> UInt64 {
    kernel.yield()
    return 0
  }

  /// The task that a scheduling call means; 0 is the caller.
  func target(_ pid: Int32) throws(Errno) -> KernelPointer<Task<B>> {
    guard pid >= 0 else { throw .EINVAL }
    if pid == 0 { return task }
    guard let found = kernel.task(pid) else { throw .ESRCH }
    return found
  }

  private var isPrivileged: Bool { task.pointee.capabilities.has(Capabilities.nice) }

  /// Whether the caller may change another's scheduling (check_same_owner()).
  private func owns(_ other: KernelPointer<Task<B>>) -> Bool {
    let own = task.pointee.credentials.effectiveUser
    let theirs = other.pointee.credentials
    return isPrivileged || own == theirs.user || own == theirs.effectiveUser
  }

  /// sched_setscheduler(pid, policy, parameters), and sched_setparam, which keeps the policy.
  func setScheduler(keepsPolicy: Bool) throws(Errno) -> UInt64 {
    let place = address(keepsPolicy ? 1 : 2)
    if !keepsPolicy && int(1) < 0 { throw .EINVAL }
    guard place.rawValue != 0, int(0) >= 0 else { throw .EINVAL }
    let priority = try space.pointee.copyIn(Int32.self, from: place)
    let target = try target(int(0))
    let old = target.pointee.scheduling
    let resets = keepsPolicy ? old.resetsOnFork : word(1) & 0x4000_0000 != 0
    let code = keepsPolicy ? UInt32(old.policy.rawValue) : word(1) & ~0x4000_0000
    // Deadlines have parameters that only sched_setattr can name.
    guard code <= 6, let policy = Policy(rawValue: UInt8(code)), policy != .deadline,
      priority >= 0, priority <= 99, policy.isRealtime == (priority != 0)
    else { throw .EINVAL }
    try checkRight(target, policy, UInt8(priority), resets)
    var new = old
    new.policy = policy
    new.priority = UInt8(priority)
    new.resetsOnFork = resets
    kernel.setScheduling(of: target, to: new)
    return 0
  }

  /// What only user 0 may, or the limits allow (user_check_sched_setscheduler()).
  func checkRight(
    _ target: KernelPointer<Task<B>>, _ policy: SchedulingParameters.Policy, _ priority: UInt8,
    _ resets: Bool
  ) throws(Errno) {
    if isPrivileged { return }
    let old = target.pointee.scheduling
    if policy.isRealtime {
      let limit = target.pointee.process.pointee.limits[.realtimePriority].soft
      guard policy == old.policy || limit != 0,
        priority <= old.priority || UInt64(priority) <= limit
      else { throw .EPERM }
    }
    // From idle back to normal as a lower nice value would.
    if old.policy == .idle && policy != .idle {
      guard mayHave(nice: old.nice, target) else { throw .EPERM }
    }
    guard owns(target), !old.resetsOnFork || resets else { throw .EPERM }
  }

  func scheduler() throws(Errno) -> UInt64 {
    let parameters = try target(int(0)).pointee.scheduling
    return UInt64(parameters.policy.rawValue) | (parameters.resetsOnFork ? 0x4000_0000 : 0)
  }

  func schedulerParameters() throws(Errno) -> UInt64 {
    guard argument(1) != 0 else { throw .EINVAL }
    let target = try target(int(0))
    try space.pointee.copyOut(Int32(target.pointee.scheduling.priority), to: address(1))
    return 0
  }

  /// sched_get_priority_max and _min.
  func priorityBound(isMaximum: Bool) throws(Errno) -> UInt64 {
    guard word(0) <= 6, let policy = Policy(rawValue: UInt8(word(0))) else { throw .EINVAL }
    return policy.isRealtime ? (isMaximum ? 99 : 1) : 0
  }

  /// sched_rr_get_interval(pid, interval): a tick of 4 ms, 25 of them for real-time turns, none for
  /// those who never give way.
  func turnInterval() throws(Errno) -> UInt64 {
    let nanoseconds: UInt64 =
      switch try target(int(0)).pointee.scheduling.policy {
      case .roundRobin: 100_000_000
      case .firstInFirstOut, .deadline: 0
      case .normal, .batch, .idle: 4_000_000
      }
    try space.pointee.copyOut(UInt64(0), to: address(1))
    try space.pointee.copyOut(nanoseconds, to: address(1) + ByteCount(8))
    return 0
  }

  /// sched_setaffinity(pid, size, mask): there is one CPU, which must be among those named.
  func setAffinity() throws(Errno) -> UInt64 {
    var mask: UInt8 = 0
    let size = min(word(1), 8)
    for index in 0..<UInt64(size) {
      let byte = try space.pointee.copyIn(UInt8.self, from: address(2) + ByteCount(index))
      if index == 0 { mask = byte }
    }
    let target: KernelPointer<Task<B>>
    if int(0) == 0 {
      target = task
    } else {
      guard let found = kernel.task(int(0)) else { throw .ESRCH }
      target = found
    }
    guard owns(target) else { throw .EPERM }
    guard mask & 1 != 0 else { throw .EINVAL }
    return 0
  }

  /// sched_getaffinity(pid, size, mask): the first CPU.
  func affinity() throws(Errno) -> UInt64 {
    guard word(1) >= 8, word(1) & 7 == 0 else { throw .EINVAL }
    guard int(0) == 0 || kernel.task(int(0)) != nil else { throw .ESRCH }
    try space.pointee.copyOut(UInt64(1), to: address(2))
    return 8
  }

  /// getcpu(cpu, node, …).
  func currentCPU() throws(Errno) -> UInt64 {
    if argument(0) != 0 { try space.pointee.copyOut(UInt32(0), to: address(0)) }
    if argument(1) != 0 { try space.pointee.copyOut(UInt32(0), to: address(1)) }
    return 0
  }
}

/// Nice values (kernel/sys.c).
extension SystemCall {
  /// Whether a task may come down to a nice value (can_nice()).
  func mayHave(nice: Int8, _ target: KernelPointer<Task<B>>) -> Bool {
    isPrivileged
      || UInt64(20 &- Int(nice)) <= target.pointee.process.pointee.limits[.nice].soft
  }

  /// setpriority(which, who, value).
  func setPriority() throws(Errno) -> UInt64 {
    let nice = Int8(max(-20, min(19, int(2))))
    var result: Errno? = .ESRCH
    try forEachNamed { target in
      let own = task.pointee.credentials.effectiveUser
      let theirs = target.pointee.credentials
      if !isPrivileged && own != theirs.user && own != theirs.effectiveUser {
        result = .EPERM
      } else if nice < target.pointee.scheduling.nice && !mayHave(nice: nice, target) {
        result = .EACCES
      } else {
        if result == .ESRCH { result = nil }
        target.pointee.scheduling.nice = nice
      }
    }
    if let result { throw result }
    return 0
  }

  /// getpriority(which, who): 20 less the lowest nice value.
  func priority() throws(Errno) -> UInt64 {
    var best: Int?
    try forEachNamed { target in
      best = max(best ?? 0, 20 &- Int(target.pointee.scheduling.nice))
    }
    guard let best else { throw .ESRCH }
    return UInt64(best)
  }

  /// Calls a function with every task that two arguments name: a task, a process group, a user.
  private func forEachNamed(_ body: (KernelPointer<Task<B>>) -> Void) throws(Errno) {
    switch int(0) {
    case 0:  // PRIO_PROCESS
      if let target = int(1) == 0 ? task : kernel.task(int(1)) { body(target) }
    case 1:  // PRIO_PGRP
      let group =
        int(1) == 0 ? task.pointee.process.pointee.group : kernel.number(int(1))
      var process = group?.pointee.firstOfGroup
      while let member = process {
        process = member.pointee.nextInGroup
        var thread = member.pointee.firstThread
        while let found = thread {
          thread = found.pointee.nextThread
          body(found)
        }
      }
    case 2:  // PRIO_USER
      let user = word(1) == 0 ? task.pointee.credentials.user : word(1)
      kernel.forEachTask { found in
        if found.pointee.credentials.user == user { body(found) }
      }
    default: throw .EINVAL
    }
  }
}
