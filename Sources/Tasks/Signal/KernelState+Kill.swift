import Arm64
import Files
public import MemoryTypes

/// Signals that programs send each other, and who may (kernel/signal.c: kill_something_info() and
/// its like).
extension KernelState {
  /// Sends a signal in the name of the current task; 0 only asks whether it could be
  /// (group_send_sig_info(), do_send_specific()).
  public func sendAsUser(
    _ info: SignalInfo, to task: KernelPointer<Task<B>>, shared: Bool
  ) throws(Errno) {
    try checkPermission(info, task)
    guard info.number != 0 else { return }
    // A zombie has no handlers any more (lock_task_sighand()).
    guard task.pointee.state != .zombie || shared else { return }
    guard post(info, task, shared: shared) else { throw .EAGAIN }
  }

  /// Who may signal whom: real or effective user equal to real or saved user, or user 0; anybody
  /// his own process, and SIGCONT in his session (check_kill_permission()).
  private func checkPermission(
    _ info: SignalInfo, _ target: KernelPointer<Task<B>>
  ) throws(Errno) {
    let own = current.pointee.process
    let process = target.pointee.process
    if process == own { return }
    let mine = current.pointee.credentials
    let theirs = target.pointee.credentials
    if mine.effectiveUser == 0 || mine.effectiveUser == theirs.savedUser
      || mine.effectiveUser == theirs.user || mine.user == theirs.savedUser
      || mine.user == theirs.user
    {
      return
    }
    if info.number == 18 && process.pointee.session == own.pointee.session { return }
    throw .EPERM
  }

  /// Sends a signal to every member of a process group: fine if one could be sent
  /// (__kill_pgrp_info()).
  public func sendAsUser(_ info: SignalInfo, toGroup number: KernelPointer<PID<B>>) throws(Errno) {
    var isSent = false
    var failure = Errno.ESRCH
    var member = number.pointee.firstOfGroup
    while let process = member {
      member = process.pointee.nextInGroup
      do throws(Errno) {
        try sendAsUser(info, to: process.pointee.leader, shared: true)
        isSent = true
      } catch { failure = error }
    }
    if !isSent { throw failure }
  }

  /// Sends a signal to every process but process 1 and the current one.
  public func sendAsUserToAll(_ info: SignalInfo) throws(Errno) {
    var found = false
    var failure: Errno?
    var process = store.pointee.firstProcess
    while let other = process {
      process = other.pointee.nextProcess
      guard other != initProcess, other != current.pointee.process else { continue }
      found = true
      do throws(Errno) {
        try sendAsUser(info, to: other.pointee.leader, shared: true)
        failure = nil
      } catch {
        if error != .EPERM { failure = error }
      }
    }
    guard found else { throw .ESRCH }
    if let failure { throw failure }
  }

  /// Sends every member of a process group a signal of the kernel's.
  func send(_ signal: Signal, toGroup number: KernelPointer<PID<B>>) {
    var member = number.pointee.firstOfGroup
    while let process = member {
      member = process.pointee.nextInGroup
      send(signal, to: process)
    }
  }

  /// What a signal by `kill` or its family tells of the current task.
  @inline(__always)
  public func senderInfo(_ signal: Signal, code: Int32) -> SignalInfo {
    SignalInfo(
      signal, code: code, from: current.pointee.threadGroup,
      user: current.pointee.credentials.user)
  }
}
