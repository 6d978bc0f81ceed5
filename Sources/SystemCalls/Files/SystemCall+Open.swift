import AddressSpaces
import Arm64
import Files
import MemoryTypes
import Tasks

/// Opening, closing and duplicating (fs/open.c, fs/file.c, fs/fcntl.c).
extension SystemCall {
  /// The descriptors that a process may have.
  private var limit: UInt64 { task.pointee.process.pointee.limits[.openFiles].soft }

  /// openat(dirfd, path, flags, mode).
  func open() throws(Errno) -> UInt64 {
    let flags = OpenFlags(rawValue: word(2))
    let permissions = word(3) & 0o7777 & ~umask
    return try withPath(1) { (path) throws(Errno) in
      let file = try files.pointee.open(
        path, from: base(0, path), flags, permissions: permissions)
      return try files.pointee.install(
        file, in: table, limit: limit, closeOnExec: flags.contains(.closeOnExec))
    }
  }

  func close() throws(Errno) -> UInt64 {
    try files.pointee.close(UInt64(word(0)), in: table)
    return 0
  }

  func duplicate() throws(Errno) -> UInt64 {
    let file = try file(0)
    files.pointee.retain(file)
    return try files.pointee.install(file, in: table, limit: limit, closeOnExec: false)
  }

  /// dup3(old, new, flags).
  func duplicateTo() throws(Errno) -> UInt64 {
    let flags = OpenFlags(rawValue: word(2))
    guard flags.subtracting(.closeOnExec).isEmpty, word(0) != word(1) else { throw .EINVAL }
    guard UInt64(word(1)) < limit else { throw .EBADF }
    let file = try file(0)
    files.pointee.retain(file)
    try files.pointee.install(
      file, in: table, at: UInt64(word(1)), limit: limit,
      closeOnExec: flags.contains(.closeOnExec))
    return UInt64(word(1))
  }

  /// pipe2(descriptors, flags).
  func makePipe() throws(Errno) -> UInt64 {
    let flags = OpenFlags(rawValue: word(1))
    guard flags.subtracting([.closeOnExec, .nonBlocking, .direct]).isEmpty else { throw .EINVAL }
    let closes = flags.contains(.closeOnExec)
    let (reader, writer) = try files.pointee.makePipe(flags)
    let first: UInt64
    do throws(Errno) {
      first = try files.pointee.install(reader, in: table, limit: limit, closeOnExec: closes)
    } catch {
      files.pointee.release(writer)
      throw error
    }
    do throws(Errno) {
      let second = try files.pointee.install(
        writer, in: table, limit: limit, closeOnExec: closes)
      do throws(Errno) {
        try space.pointee.copyOut(second &<< 32 | first, to: address(0))
      } catch {
        try files.pointee.close(second, in: table)
        throw error
      }
    } catch {
      try files.pointee.close(first, in: table)
      throw error
    }
    return 0
  }

  /// fcntl(fd, command, argument).
  func fileControl() throws(Errno) -> UInt64 {
    let file = try file(0)
    let number = UInt64(word(0))
    switch word(1) {
    case 0, 1030:  // F_DUPFD, F_DUPFD_CLOEXEC
      guard argument(2) < limit else { throw .EINVAL }
      files.pointee.retain(file)
      return try files.pointee.install(
        file, in: table, atLeast: argument(2), limit: limit, closeOnExec: word(1) == 1030)
    case 1:  // F_GETFD
      return try files.pointee.closesOnExec(number, in: table) ? 1 : 0
    case 2:  // F_SETFD
      try files.pointee.setClosesOnExec(argument(2) & 1 != 0, number, in: table)
      return 0
    case 3:  // F_GETFL
      return UInt64(file.pointee.flags.union(.largeFile).rawValue)
    case 4:  // F_SETFL
      files.pointee.setFlags(of: file, to: OpenFlags(rawValue: word(2)))
      return 0
    case 5:  // F_GETLK: nobody holds a lock (l_type, the first field, becomes F_UNLCK)
      try space.pointee.copyOut(UInt16(2), to: address(2))
      return 0
    case 6, 7:  // F_SETLK, F_SETLKW: alone, everyone gets the lock
      _ = try space.pointee.copyIn(UInt16.self, from: address(2))
      return 0
    case 8, 10: return 0  // F_SETOWN, F_SETSIG
    case 9, 11: return 0  // F_GETOWN, F_GETSIG
    case 1033: return try addSeals(to: file)
    case 1034: return try seals(of: file)
    default: throw .EINVAL
    }
  }

  /// ioctl(fd, request, argument): terminals alone answer.
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
    default: break
    }
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
