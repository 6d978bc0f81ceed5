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
}
