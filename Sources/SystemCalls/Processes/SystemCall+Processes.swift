import AddressSpaces
import Arm64
import Files
import MemoryTypes
import Tasks

/// Processes: making, replacing, waiting for them (kernel/fork.c, fs/exec.c, kernel/exit.c).
extension SystemCall {
  /// The parent's number, as this process may know it.
  @inline(__always)
  var parentID: UInt64 {
    guard let parent = task.pointee.process.pointee.parent else { return 0 }
    return UInt64(UInt32(bitPattern: parent.pointee.id))
  }

  /// execve(path, arguments, environment).
  @inline(never)
  func execute() throws(Errno) -> UInt64 {
    try withPath(0) { (path) throws(Errno) in
      try kernel.execute(path, arguments: address(1), environment: address(2), from: space)
    }
    // The new program begins with all registers zero.
    return 0
  }

  func exchangeMask() -> UInt64 {
    guard let folders = task.pointee.folders else { return 0 }
    let old = folders.pointee.umask
    folders.pointee.umask = word(0) & 0o777
    return UInt64(old)
  }

  /// prctl(option, …): names, and what can be answered without doing anything.
  func processControl() throws(Errno) -> UInt64 {
    switch int(0) {
    case 15:  // PR_SET_NAME
      // Up to 15 bytes and a zero; the name may end before an unreadable page.
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
    case 16:  // PR_GET_NAME
      let name = task.pointee.name.words
      try space.pointee.copyOut(name.0, to: address(1))
      try space.pointee.copyOut(name.1, to: address(1) + ByteCount(8))
      return 0
    case 3: return 1  // PR_GET_DUMPABLE
    case 1:  // PR_SET_PDEATHSIG
      guard argument(1) <= UInt64(Signal.count) else { throw .EINVAL }
      task.pointee.deathSignal = Signal(rawValue: word(1))
      return 0
    case 2:  // PR_GET_PDEATHSIG
      try space.pointee.copyOut(task.pointee.deathSignal.rawValue, to: address(1))
      return 0
    case 36:  // PR_SET_CHILD_SUBREAPER
      kernel.setSubreaper(argument(1) != 0)
      return 0
    case 37:  // PR_GET_CHILD_SUBREAPER
      let isOne: UInt32 = task.pointee.process.pointee.isSubreaper ? 1 : 0
      try space.pointee.copyOut(isOne, to: address(1))
      return 0
    case 4, 38: return 0  // PR_SET_DUMPABLE, _NO_NEW_PRIVS
    case 39: return 0  // PR_GET_NO_NEW_PRIVS
    case 23: return word(1) <= 40 ? 1 : 0  // PR_CAPBSET_READ
    default: throw .EINVAL
    }
  }
}
