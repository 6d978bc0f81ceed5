import Arm64
import MemoryTypes
import Tasks

/// Process groups and sessions (kernel/sys.c).
extension SystemCall {
  /// The thread with a number; 0 means the caller.
  private func existing(_ pid: Int32) throws(Errno) -> KernelPointer<Task<B>> {
    if pid == 0 { return task }
    guard let found = kernel.task(pid) else { throw .ESRCH }
    return found
  }

  func processGroup() throws(Errno) -> UInt64 {
    UInt64(UInt32(bitPattern: try existing(int(0)).pointee.process.pointee.groupNumber))
  }

  func session() throws(Errno) -> UInt64 {
    UInt64(UInt32(bitPattern: try existing(int(0)).pointee.process.pointee.sessionNumber))
  }

  /// setpgid(process, group).
  func setGroup() throws(Errno) -> UInt64 {
    let own = task.pointee.process
    let pid = int(0) == 0 ? own.pointee.id : int(0)
    let number = int(1) == 0 ? pid : int(1)
    guard number >= 0 else { throw .EINVAL }
    guard let target = kernel.task(pid) else { throw .ESRCH }
    let process = target.pointee.process
    guard process.pointee.leader == target else { throw .EINVAL }
    if process.pointee.parent == own {
      guard process.pointee.session == own.pointee.session else { throw .EPERM }
      guard !process.pointee.hasExecuted else { throw .EACCES }
    } else {
      guard process == own else { throw .ESRCH }
    }
    guard !process.pointee.isSessionLeader else { throw .EPERM }
    var group = target.pointee.number
    if number != pid {
      guard let found = kernel.number(number),
        let member = found.pointee.firstOfGroup,
        member.pointee.session == own.pointee.session
      else { throw .EPERM }
      group = found
    }
    kernel.setGroup(of: process, to: group)
    return 0
  }

  /// setsid().
  func makeSession() throws(Errno) -> UInt64 {
    let process = task.pointee.process
    let number = process.pointee.leader.pointee.number
    guard !process.pointee.isSessionLeader, number.pointee.firstOfGroup == nil else {
      throw .EPERM
    }
    process.pointee.isSessionLeader = true
    kernel.setSession(of: process, to: number)
    kernel.setGroup(of: process, to: number)
    return UInt64(UInt32(bitPattern: process.pointee.id))
  }
}
