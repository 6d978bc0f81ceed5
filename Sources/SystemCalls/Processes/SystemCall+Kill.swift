import AddressSpaces
import Arm64
import MemoryTypes
import Tasks

/// Sending signals (kernel/signal.c).
extension SystemCall {
  /// kill(process, signal): -1 is everybody, 0 the own group, another negative number that group.
  func kill() throws(Errno) -> UInt64 {
    let pid = int(0)
    let info = kernel.senderInfo(Signal(rawValue: word(1)), code: SignalCode.user)
    if pid > 0 {
      guard let target = kernel.task(pid) else { throw .ESRCH }
      try send(info, to: target, shared: true)
      return 0
    }
    guard pid != .min else { throw .ESRCH }
    if pid == -1 {
      guard word(1) <= Signal.count else { throw .EINVAL }
      try kernel.sendAsUserToAll(info)
    } else {
      let group =
        pid == 0 ? task.pointee.process.pointee.group : kernel.number(0 &- pid)
      guard let group, group.pointee.firstOfGroup != nil else { throw .ESRCH }
      guard word(1) <= Signal.count else { throw .EINVAL }
      try kernel.sendAsUser(info, toGroup: group)
    }
    return 0
  }

  /// The number is looked at when there is somebody to send it to (check_kill_permission()).
  @inline(__always)
  private func send(
    _ info: SignalInfo, to target: KernelPointer<Task<B>>, shared: Bool
  ) throws(Errno) {
    guard info.signal.rawValue <= Signal.count else { throw .EINVAL }
    try kernel.sendAsUser(info, to: target, shared: shared)
  }

  /// tkill(thread, signal), and tgkill(process, thread, signal).
  func threadKill(group: Int32?, thread: Int32, number: UInt32) throws(Errno) -> UInt64 {
    guard thread > 0, group ?? 1 > 0 else { throw .EINVAL }
    let info = kernel.senderInfo(Signal(rawValue: number), code: SignalCode.threadKill)
    try sendSpecific(info, group: group, thread: thread)
    return 0
  }

  func threadGroupKill() throws(Errno) -> UInt64 {
    try threadKill(group: int(0), thread: int(1), number: word(2))
  }

  /// Sends to one thread, which must be of a process if one is given (do_send_specific()).
  private func sendSpecific(
    _ info: SignalInfo, group: Int32?, thread: Int32
  ) throws(Errno) {
    guard let target = kernel.task(thread), group == nil || target.pointee.threadGroup == group
    else { throw .ESRCH }
    try send(info, to: target, shared: false)
  }

  /// What a program wants to tell with a signal (__copy_siginfo_from_user()).
  ///
  /// More than the kernel knows the meaning of must be zero: E2BIG.
  func loadInfo(at place: VirtualAddress, signal: UInt32?) throws(Errno) -> SignalInfo {
    var info = try space.pointee.copyIn(SignalInfo.self, from: place)
    if let signal { info.number = Int32(bitPattern: signal) }
    if !info.hasKnownLayout {
      for index in 0..<10 as Range<UInt64> {
        let word = try space.pointee.copyIn(
          UInt64.self, from: place + ByteCount(48 &+ index &* 8))
        guard word == 0 else { throw .E2BIG }
      }
    }
    return info
  }

  /// rt_sigqueueinfo(process, signal, information).
  func queueSignal() throws(Errno) -> UInt64 {
    let info = try loadInfo(at: address(2), signal: word(1))
    // Nobody else is to believe that the kernel or tgkill sent it.
    guard !info.claimsKernel || task.pointee.pid == int(0) else { throw .EPERM }
    guard let target = kernel.task(int(0)) else { throw .ESRCH }
    try send(info, to: target, shared: true)
    return 0
  }

  /// rt_tgsigqueueinfo(process, thread, signal, information).
  func queueThreadSignal() throws(Errno) -> UInt64 {
    let info = try loadInfo(at: address(3), signal: word(2))
    guard int(0) > 0, int(1) > 0 else { throw .EINVAL }
    guard !info.claimsKernel || task.pointee.pid == int(1) else { throw .EPERM }
    try sendSpecific(info, group: int(0), thread: int(1))
    return 0
  }
}
