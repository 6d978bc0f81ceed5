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

  /// wait4(pid, status, options, usage).
  func wait() throws(Errno) -> UInt64 {
    let options = word(2)
    // WNOHANG, WUNTRACED, WCONTINUED, __WNOTHREAD, __WCLONE, __WALL.
    guard options & ~0xe000_000b == 0 else { throw .EINVAL }
    let pid = int(0)
    guard pid != .min else { throw .ESRCH }
    let target: WaitTarget =
      pid > 0
      ? .child(pid)
      : pid == -1
        ? .any : .group(pid == 0 ? task.pointee.process.pointee.groupNumber : 0 &- pid)
    guard let found = try kernel.wait(target, noHang: options & 1 != 0) else { return 0 }
    if argument(1) != 0 {
      try space.pointee.copyOut(found.status.waitStatus, to: address(1))
    }
    if argument(3) != 0 {
      try space.pointee.copyOut(
        ResourceUsage(found.usage, kernel.board.pageSize), to: address(3))
    }
    return UInt64(UInt32(bitPattern: found.pid))
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
    case 4, 1, 36, 38: return 0  // PR_SET_DUMPABLE, _PDEATHSIG, _CHILD_SUBREAPER, _NO_NEW_PRIVS
    case 39: return 0  // PR_GET_NO_NEW_PRIVS
    case 23: return word(1) <= 40 ? 1 : 0  // PR_CAPBSET_READ
    default: throw .EINVAL
    }
  }
}
