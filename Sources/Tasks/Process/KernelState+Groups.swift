import Arm64
public import MemoryTypes

/// Process groups and sessions: which processes stand under a number (kernel/pid.c:attach_pid()).
/// The rules of who may join what are the system calls'.
extension KernelState {
  /// Moves a process into the group of a number, which may be new.
  public func setGroup(
    of process: KernelPointer<Process<B>>, to number: KernelPointer<PID<B>>
  ) {
    guard process.pointee.group != number else { return }
    leaveGroup(process)
    process.pointee.group = number
    number.pointee.group.prepend(process) { Process.groupLinks($0) }
  }

  /// Moves a process into the session of a number, which may be new.
  public func setSession(
    of process: KernelPointer<Process<B>>, to number: KernelPointer<PID<B>>
  ) {
    guard process.pointee.session != number else { return }
    leaveSession(process)
    process.pointee.session = number
    number.pointee.session.prepend(process) { Process.sessionLinks($0) }
  }

  func leaveGroup(_ process: KernelPointer<Process<B>>) {
    guard let number = process.pointee.group else { return }
    process.pointee.group = nil
    number.pointee.group.remove(process) { Process.groupLinks($0) }
    dropIfUnused(number)
  }

  func leaveSession(_ process: KernelPointer<Process<B>>) {
    guard let number = process.pointee.session else { return }
    process.pointee.session = nil
    number.pointee.session.remove(process) { Process.sessionLinks($0) }
    dropIfUnused(number)
  }
}
