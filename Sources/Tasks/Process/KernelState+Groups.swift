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
    let first = number.pointee.firstOfGroup
    leaveGroup(process)
    process.pointee.group = number
    process.pointee.nextInGroup = first
    first?.pointee.previousInGroup = process
    number.pointee.firstOfGroup = process
  }

  /// Moves a process into the session of a number, which may be new.
  public func setSession(
    of process: KernelPointer<Process<B>>, to number: KernelPointer<PID<B>>
  ) {
    guard process.pointee.session != number else { return }
    let first = number.pointee.firstOfSession
    leaveSession(process)
    process.pointee.session = number
    process.pointee.nextInSession = first
    first?.pointee.previousInSession = process
    number.pointee.firstOfSession = process
  }

  func leaveGroup(_ process: KernelPointer<Process<B>>) {
    guard let number = process.pointee.group else { return }
    let next = process.pointee.nextInGroup
    let previous = process.pointee.previousInGroup
    if let previous {
      previous.pointee.nextInGroup = next
    } else {
      number.pointee.firstOfGroup = next
    }
    next?.pointee.previousInGroup = previous
    process.pointee.group = nil
    process.pointee.nextInGroup = nil
    process.pointee.previousInGroup = nil
    dropIfUnused(number)
  }

  func leaveSession(_ process: KernelPointer<Process<B>>) {
    guard let number = process.pointee.session else { return }
    let next = process.pointee.nextInSession
    let previous = process.pointee.previousInSession
    if let previous {
      previous.pointee.nextInSession = next
    } else {
      number.pointee.firstOfSession = next
    }
    next?.pointee.previousInSession = previous
    process.pointee.session = nil
    process.pointee.nextInSession = nil
    process.pointee.previousInSession = nil
    dropIfUnused(number)
  }
}
