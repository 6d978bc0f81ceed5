import AddressSpaces
import Arm64
import Files
import MemoryTypes
import Tasks

/// What is asked of open files as such (fs/fcntl.c, fs/ioctl.c).
extension SystemCall {
  /// fcntl(fd, command, argument).
  func fileControl() throws(Errno) -> UInt64 {
    let file = try file(0)
    let number = UInt64(word(0))
    // Of one that only names a place little can be asked (check_fcntl_cmd()).
    if file.pointee.flags.contains(.path) {
      switch word(1) {
      case 0, 1, 2, 3, 1030: break
      default: throw .EBADF
      }
    }
    switch word(1) {
    case 0, 1030:  // F_DUPFD, F_DUPFD_CLOEXEC
      let limit = task.pointee.process.pointee.limits[.openFiles].soft
      guard UInt64(word(2)) < limit else { throw .EINVAL }
      files.pointee.retain(file)
      return try files.pointee.install(
        file, in: table, atLeast: UInt64(word(2)), limit: limit, closeOnExec: word(1) == 1030)
    case 1:  // F_GETFD
      return try files.pointee.closesOnExec(number, in: table) ? 1 : 0
    case 2:  // F_SETFD
      try files.pointee.setClosesOnExec(argument(2) & 1 != 0, number, in: table)
      return 0
    case 3:  // F_GETFL
      return UInt64(file.pointee.flags.rawValue)
    case 4: return try changeFlags(file)
    case 5: return try findLock(ofOpenFile: false)
    case 6, 7: return try setLock(ofOpenFile: false, waits: word(1) == 7)
    case 36: return try findLock(ofOpenFile: true)
    case 37, 38: return try setLock(ofOpenFile: true, waits: word(1) == 38)
    case 8:  // F_SETOWN: a process, or a group as a negative number
      guard int(2) != .min else { throw .EINVAL }
      guard int(2) <= 0 || kernel.task(int(2)) != nil else { throw .ESRCH }
      file.pointee.signalOwner = int(2)
      return 0
    case 9: return UInt64(bitPattern: Int64(file.pointee.signalOwner))  // F_GETOWN
    case 10:  // F_SETSIG
      guard word(2) <= 64 else { throw .EINVAL }
      file.pointee.signalNumber = int(2)
      return 0
    case 11: return UInt64(file.pointee.signalNumber)  // F_GETSIG
    case 15:  // F_SETOWN_EX: 0 a thread, 1 a process, 2 a group
      let type = try space.pointee.copyIn(Int32.self, from: address(2))
      let pid = try space.pointee.copyIn(Int32.self, from: address(2) + ByteCount(4))
      guard type >= 0, type <= 2 else { throw .EINVAL }
      guard pid <= 0 || kernel.task(pid) != nil else { throw .ESRCH }
      file.pointee.signalOwner = type == 2 ? 0 &- pid : pid
      return 0
    case 16:  // F_GETOWN_EX
      let owner = file.pointee.signalOwner
      try space.pointee.copyOut(Int32(owner < 0 ? 2 : 1), to: address(2))
      try space.pointee.copyOut(abs(owner), to: address(2) + ByteCount(4))
      return 0
    case 1025: return 2  // F_GETLEASE: none (F_UNLCK)
    case 1031: return try files.pointee.setPipeSize(file, to: UInt64(word(2)))
    case 1032: return try files.pointee.pipeSize(file)
    case 1033: return try addSeals(to: file)
    case 1034: return try seals(of: file)
    default: throw .EINVAL
    }
  }

  /// F_SETFL (setfl()).
  private func changeFlags(_ file: KernelPointer<OpenFile>) throws(Errno) -> UInt64 {
    let flags = OpenFlags(rawValue: word(2))
    if flags.contains(.noAccessTime), !file.pointee.flags.contains(.noAccessTime),
      !files.pointee.owns(file.pointee.inode)
    {
      throw .EPERM
    }
    if flags.contains(.direct), !file.pointee.inode.pointee.mayBypassCache { throw .EINVAL }
    files.pointee.setFlags(of: file, to: flags)
    return 0
  }

  /// ioctl(fd, request, argument).
  func deviceControl() throws(Errno) -> UInt64 {
    let file = try readyFile(0)
    switch word(1) {
    case 0x5450:  // FIONCLEX
      try files.pointee.setClosesOnExec(false, UInt64(word(0)), in: table)
      return 0
    case 0x5451:  // FIOCLEX
      try files.pointee.setClosesOnExec(true, UInt64(word(0)), in: table)
      return 0
    case 0x5421:  // FIONBIO
      let on = try space.pointee.copyIn(Int32.self, from: address(2)) != 0
      let flags = file.pointee.flags
      files.pointee.setFlags(
        of: file, to: on ? flags.union(.nonBlocking) : flags.subtracting(.nonBlocking))
      return 0
    case 0x541b:  // FIONREAD
      if let bytes = try readableBytes(file) {
        try space.pointee.copyOut(Int32(truncatingIfNeeded: bytes), to: address(2))
        return 0
      }
    case 2:  // FIGETBSZ
      if file.pointee.inode.pointee.isRegular {
        let size = files.pointee.metadata(of: file.pointee.inode).blockSize
        try space.pointee.copyOut(size, to: address(2))
        return 0
      }
    default: break
    }
    return try terminalControl(file)
  }

  /// The bytes that can be read at once, where that can be said.
  private func readableBytes(_ file: KernelPointer<OpenFile>) throws(Errno) -> UInt64? {
    if let bytes = files.pointee.bytesInPipe(file) { return bytes }
    if files.pointee.isSocket(file) { return try files.pointee.bytesInSocket(file) }
    let inode = file.pointee.inode
    guard inode.pointee.isRegular else { return nil }
    let (size, position) = (inode.pointee.size, file.pointee.position)
    return size > position ? size &- position : 0
  }

  private func terminalControl(_ file: KernelPointer<OpenFile>) throws(Errno) -> UInt64 {
    guard files.pointee.isTerminal(file) else { throw .ENOTTY }
    switch word(1) {
    case 0x5401:  // TCGETS: a raw terminal, as the tool's serial line is
      var settings = InlineArray<36, UInt8>(repeating: 0)
      settings[8] = 0xb0  // c_cflag: CS8, CREAD and 9600 baud
      settings[9] = 0x0c
      let span = settings.span
      // SAFETY: the settings are a local that outlives the call.
      try unsafe span.withUnsafeBytes { (bytes) throws(Errno) in
        guard let start = bytes.baseAddress else { return }
        try unsafe space.pointee.copyOut(start, to: address(2), 36)
      }
      return 0
    case 0x5402, 0x5403, 0x5404:  // TCSETS, TCSETSW, TCSETSF
      return 0
    case 0x5413:  // TIOCGWINSZ: 24 lines of 80
      try space.pointee.copyOut(UInt64(80) &<< 16 | 24, to: address(2))
      return 0
    case 0x540f:  // TIOCGPGRP
      try space.pointee.copyOut(task.pointee.process.pointee.groupNumber, to: address(2))
      return 0
    case 0x5410: return 0  // TIOCSPGRP
    default: throw .ENOTTY
    }
  }
}
