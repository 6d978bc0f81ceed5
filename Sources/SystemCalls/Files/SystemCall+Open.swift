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
    try open(1, OpenFlags(rawValue: word(2)), permissions: word(3) & 0o7777, [])
  }

  /// openat2(dirfd, path, how, size).
  func openExtended() throws(Errno) -> UInt64 {
    let size = argument(3)
    // OPEN_HOW_SIZE_VER0; what is longer must be zeros (copy_struct_from_user()).
    guard size >= 24 else { throw .EINVAL }
    guard size <= kernel.board.pageSize.bytes.rawValue else { throw .E2BIG }
    let flags = try space.pointee.copyIn(UInt64.self, from: address(2))
    let mode = try space.pointee.copyIn(UInt64.self, from: address(2) + ByteCount(8))
    let resolve = try space.pointee.copyIn(UInt64.self, from: address(2) + ByteCount(16))
    var offset: UInt64 = 24
    while offset < size {
      guard try space.pointee.copyIn(UInt8.self, from: address(2) + ByteCount(offset)) == 0
      else { throw .E2BIG }
      offset &+= 1
    }
    let known: UInt64 = 0o37777703 | 0o4010000  // VALID_OPEN_FLAGS
    guard flags & ~known == 0, resolve & ~0x3f == 0, resolve & 0x18 != 0x18 else { throw .EINVAL }
    let opened = OpenFlags(rawValue: UInt32(truncatingIfNeeded: flags))
    let makes = opened.contains(.create) || opened.contains(.temporary)
    guard mode & ~0o7777 == 0, mode == 0 || makes else { throw .EINVAL }
    if opened.contains(.path) {
      let allowed: OpenFlags = [.path, .directory, .noFollow, .closeOnExec]
      guard opened.subtracting(allowed).isEmpty else { throw .EINVAL }
    }
    // RESOLVE_CACHED (0x20): what would have to wait is EAGAIN, and nothing here would.
    guard resolve & 0x20 == 0 || !makes && !opened.contains(.truncate) else { throw .EAGAIN }
    return try open(
      1, opened, permissions: UInt32(mode),
      WalkRules(rawValue: UInt32(truncatingIfNeeded: resolve & 0x1f)))
  }

  private func open(
    _ index: Int, _ flags: OpenFlags, permissions: UInt32, _ rules: WalkRules
  ) throws(Errno) -> UInt64 {
    // O_TMPFILE comes with O_DIRECTORY, or is none (build_open_flags()).
    if flags.contains(.temporary), !flags.contains(.directory) { throw .EINVAL }
    let file = try withPath(index) { (path) throws(Errno) in
      try files.pointee.open(
        path, from: base(0, path), flags, permissions: permissions & ~umask, rules)
    }
    do throws(Errno) {
      // A FIFO waits for its other end (fifo_open()).
      while !files.pointee.hasPartner(file) { _ = try kernel.wait(at: file.pointee.inode) }
    } catch {
      files.pointee.release(file)
      throw error
    }
    return try install(file, closeOnExec: flags.contains(.closeOnExec))
  }

  func close() throws(Errno) -> UInt64 {
    try files.pointee.close(UInt64(word(0)), in: table)
    return 0
  }

  /// close_range(first, last, flags).
  func closeRange() throws(Errno) -> UInt64 {
    // CLOSE_RANGE_UNSHARE 2, CLOSE_RANGE_CLOEXEC 4.
    guard word(2) & ~6 == 0, word(0) <= word(1) else { throw .EINVAL }
    if word(2) & 2 != 0 { try kernel.unshareFiles() }
    try files.pointee.closeRange(
      UInt64(word(0))...UInt64(word(1)), in: table, onExec: word(2) & 4 != 0)
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
    let (reader, writer) = try files.pointee.makePipe(flags)
    try installPair(
      reader, writer, closeOnExec: flags.contains(.closeOnExec), to: address(0))
    return 0
  }

  /// Gives two new files numbers and stores those; takes over both references.
  func installPair(
    _ reader: KernelPointer<OpenFile>, _ writer: KernelPointer<OpenFile>, closeOnExec closes: Bool,
    to place: VirtualAddress
  ) throws(Errno) {
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
        try space.pointee.copyOut(second &<< 32 | first, to: place)
      } catch {
        try files.pointee.close(second, in: table)
        throw error
      }
    } catch {
      try files.pointee.close(first, in: table)
      throw error
    }
  }
}
