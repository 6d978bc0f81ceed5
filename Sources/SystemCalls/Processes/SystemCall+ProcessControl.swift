import AddressSpaces
import Arm64
import Files
import MemoryTypes
import Tasks

/// prctl: what a thread says of itself and of its process (kernel/sys.c, security/commoncap.c).
extension SystemCall {
  /// prctl(option, …).
  ///
  /// What is not here is configured out: seccomp, and what other architectures have.
  func processControl() throws(Errno) -> UInt64 {
    switch int(0) {
    case 15: return try setName()  // PR_SET_NAME
    case 16:  // PR_GET_NAME
      let name = task.pointee.name.words
      try space.pointee.copyOut(name.0, to: address(1))
      try space.pointee.copyOut(name.1, to: address(1) + ByteCount(8))
      return 0
    case 3: return space.pointee.isDumpable ? 1 : 0  // PR_GET_DUMPABLE
    case 4:  // PR_SET_DUMPABLE
      guard argument(1) <= 1 else { throw .EINVAL }
      space.pointee.isDumpable = argument(1) == 1
      return 0
    case 1:  // PR_SET_PDEATHSIG
      guard argument(1) <= UInt64(Signal.count) else { throw .EINVAL }
      task.pointee.deathSignal = Signal(rawValue: word(1))
      return 0
    case 2:  // PR_GET_PDEATHSIG
      try space.pointee.copyOut(task.pointee.deathSignal.rawValue, to: address(1))
      return 0
    case 13: return 0  // PR_GET_TIMING: PR_TIMING_STATISTICAL
    case 14:  // PR_SET_TIMING
      guard argument(1) == 0 else { throw .EINVAL }
      return 0
    case 29:  // PR_SET_TIMERSLACK
      task.pointee.timerSlack = signed(1) <= 0 ? task.pointee.defaultTimerSlack : argument(1)
      return 0
    case 30:  // PR_GET_TIMERSLACK
      return min(task.pointee.timerSlack, UInt64(Int64.max))
    case 36:  // PR_SET_CHILD_SUBREAPER
      kernel.setSubreaper(argument(1) != 0)
      return 0
    case 37:  // PR_GET_CHILD_SUBREAPER
      let isOne: UInt32 = task.pointee.process.pointee.isSubreaper ? 1 : 0
      try space.pointee.copyOut(isOne, to: address(1))
      return 0
    default: return try privilegeControl()
    }
  }

  /// Those about what the thread may have and do.
  private func privilegeControl() throws(Errno) -> UInt64 {
    switch int(0) {
    case 7: return task.pointee.capabilities.staysPermitted ? 1 : 0  // PR_GET_KEEPCAPS
    case 8:  // PR_SET_KEEPCAPS
      guard argument(1) <= 1 else { throw .EINVAL }
      task.pointee.capabilities.staysPermitted = argument(1) == 1
      return 0
    case 23:  // PR_CAPBSET_READ
      guard argument(1) <= 40 else { throw .EINVAL }
      return 1
    case 27: return task.pointee.capabilities.staysPermitted ? 16 : 0  // PR_GET_SECUREBITS
    case 34:  // PR_MCE_KILL_GET: PR_MCE_KILL_DEFAULT
      try noMore(from: 1)
      return 2
    case 38:  // PR_SET_NO_NEW_PRIVS: for good
      guard argument(1) == 1 else { throw .EINVAL }
      try noMore(from: 2)
      task.pointee.forbidsPrivileges = true
      return 0
    case 39:  // PR_GET_NO_NEW_PRIVS
      try noMore(from: 1)
      return task.pointee.forbidsPrivileges ? 1 : 0
    case 41:  // PR_SET_THP_DISABLE
      try noMore(from: 2)
      space.pointee.forbidsHugePages = argument(1) != 0
      return 0
    case 42:  // PR_GET_THP_DISABLE
      try noMore(from: 1)
      return space.pointee.forbidsHugePages ? 1 : 0
    case 47:  // PR_CAP_AMBIENT: PR_CAP_AMBIENT_IS_SET, of a set that is always empty
      guard argument(1) == 1, argument(2) <= 40 else { throw .EINVAL }
      try noMore(from: 3)
      return 0
    default: throw .EINVAL
    }
  }

  /// EINVAL where one of the last arguments says anything.
  private func noMore(from index: Int) throws(Errno) {
    for index in index...4 where argument(index) != 0 { throw .EINVAL }
  }

  /// Up to 15 bytes and a zero; the name may end before an unreadable page.
  private func setName() throws(Errno) -> UInt64 {
    var place = address(1)
    var name = InlineArray<16, UInt8>(repeating: 0)
    for index in 0..<15 {
      let byte = try space.pointee.copyIn(UInt8.self, from: place)
      if byte == 0 { break }
      name[index] = byte
      place += ByteCount(1)
    }
    task.pointee.name = TaskName(bytes: name)
    return 0
  }
}
