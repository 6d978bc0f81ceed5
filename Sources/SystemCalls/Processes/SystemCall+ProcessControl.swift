import AddressSpaces
import Arm64
import Files
import MemoryTypes
import Tasks

/// prctl (kernel/sys.c): what a thread asks about itself.
extension SystemCall {
  /// prctl(option, …).
  func processControl() throws(Errno) -> UInt64 {
    switch int(0) {
    case 1:  // PR_SET_PDEATHSIG
      guard argument(1) <= UInt64(Signal.count) else { throw .EINVAL }
      task.pointee.deathSignal = Signal(rawValue: word(1))
      return 0
    case 2:  // PR_GET_PDEATHSIG
      try space.pointee.copyOut(task.pointee.deathSignal.rawValue, to: address(1))
      return 0
    case 3: return space.pointee.isDumpable ? 1 : 0  // PR_GET_DUMPABLE
    case 4:  // PR_SET_DUMPABLE: suid_dumpable's third is not for programs
      guard argument(1) <= 1 else { throw .EINVAL }
      space.pointee.isDumpable = argument(1) == 1
      return 0
    case 13: return 0  // PR_GET_TIMING: statistical
    case 14:  // PR_SET_TIMING
      guard argument(1) == 0 else { throw .EINVAL }
      return 0
    case 15: return try setName()
    case 16:  // PR_GET_NAME
      let name = task.pointee.name.words
      try space.pointee.copyOut(name.0, to: address(1))
      try space.pointee.copyOut(name.1, to: address(1) + ByteCount(8))
      return 0
    case 29:  // PR_SET_TIMERSLACK
      guard !task.pointee.scheduling.policy.isRealtime else { return 0 }
      task.pointee.timerSlack = signed(1) <= 0 ? task.pointee.defaultTimerSlack : argument(1)
      return 0
    case 30:  // PR_GET_TIMERSLACK
      return min(task.pointee.timerSlack, UInt64(Int64.max))
    case 33, 34: return try memoryFailureControl()
    case 35: return try layoutControl()
    case 36:  // PR_SET_CHILD_SUBREAPER
      kernel.setSubreaper(argument(1) != 0)
      return 0
    case 37:  // PR_GET_CHILD_SUBREAPER
      let isOne: UInt32 = task.pointee.process.pointee.isSubreaper ? 1 : 0
      try space.pointee.copyOut(isOne, to: address(1))
      return 0
    case 38:  // PR_SET_NO_NEW_PRIVS
      guard argument(1) == 1, isZero(from: 2) else { throw .EINVAL }
      task.pointee.forbidsPrivileges = true
      return 0
    case 39:  // PR_GET_NO_NEW_PRIVS
      guard isZero(from: 1) else { throw .EINVAL }
      return task.pointee.forbidsPrivileges ? 1 : 0
    case 41:  // PR_SET_THP_DISABLE
      guard isZero(from: 2) else { throw .EINVAL }
      space.pointee.forbidsHugePages = argument(1) != 0
      return 0
    case 42:  // PR_GET_THP_DISABLE
      guard isZero(from: 1) else { throw .EINVAL }
      return space.pointee.forbidsHugePages ? 1 : 0
    case 52, 53: return try speculationControl()
    case 57, 58: return try flusherControl()
    case 7, 8, 23, 24, 27, 28, 47: return try capabilityControl()
    default: throw .EINVAL
    }
  }

  /// Whether the arguments from one on are zero, as options ask that may get more later.
  func isZero(from first: Int) -> Bool {
    for index in first..<5 where argument(index) != 0 { return false }
    return true
  }

  /// PR_SET_NAME: up to 15 bytes and a zero; the name may end before an unreadable page.
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

  /// PR_MCE_KILL and PR_MCE_KILL_GET.
  private func memoryFailureControl() throws(Errno) -> UInt64 {
    if int(0) == 34 {
      guard isZero(from: 1) else { throw .EINVAL }
      return UInt64(task.pointee.controls.memoryFailure)
    }
    guard isZero(from: 3) else { throw .EINVAL }
    switch argument(1) {
    case 0:
      guard argument(2) == 0 else { throw .EINVAL }
      task.pointee.controls.memoryFailure = 2
    case 1:
      guard argument(2) <= 2 else { throw .EINVAL }
      task.pointee.controls.memoryFailure = UInt8(truncatingIfNeeded: argument(2))
    default: throw .EINVAL
    }
    return 0
  }

  /// PR_SET_MM: the borders that `/proc` shows are the program's own (prctl_set_mm()).
  private func layoutControl() throws(Errno) -> UInt64 {
    guard argument(4) == 0, argument(3) == 0 || argument(1) == 12 || argument(1) == 14 else {
      throw .EINVAL
    }
    guard task.pointee.capabilities.has(1 << 24) else { throw .EPERM }  // CAP_SYS_RESOURCE
    throw .EINVAL
  }

  /// PR_GET_SPECULATION_CTRL and PR_SET_SPECULATION_CTRL (arch/arm64/kernel/proton-pack.c:
  /// arch_prctl_spec_ctrl_set()): of store bypass alone.
  private func speculationControl() throws(Errno) -> UInt64 {
    if int(0) == 52 {
      guard isZero(from: 2) else { throw .EINVAL }
      guard argument(1) == 0 else { throw .ENODEV }
      return UInt64(1 | task.pointee.controls.storeBypass)
    }
    guard isZero(from: 3) else { throw .EINVAL }
    guard argument(1) == 0 else { throw .ENODEV }
    switch argument(2) {
    case 2, 16: guard task.pointee.controls.storeBypass != 8 else { throw .EPERM }
    case 4, 8: break
    default: throw .ERANGE
    }
    if task.pointee.controls.storeBypass != 8 {
      task.pointee.controls.storeBypass = UInt32(truncatingIfNeeded: argument(2))
    }
    return 0
  }

  /// PR_SET_IO_FLUSHER and PR_GET_IO_FLUSHER.
  private func flusherControl() throws(Errno) -> UInt64 {
    guard task.pointee.capabilities.has(1 << 24) else { throw .EPERM }  // CAP_SYS_RESOURCE
    if int(0) == 58 {
      guard isZero(from: 1) else { throw .EINVAL }
      return task.pointee.controls.isFlusher ? 1 : 0
    }
    guard isZero(from: 2), argument(1) <= 1 else { throw .EINVAL }
    task.pointee.controls.isFlusher = argument(1) == 1
    return 0
  }
}
