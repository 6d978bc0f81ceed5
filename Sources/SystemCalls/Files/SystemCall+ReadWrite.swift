import AddressSpaces
import Arm64
import Files
import KernelLayout
import MemoryTypes
import Tasks

/// Moving bytes between files and programs (fs/read_write.c): one way for all, whichever call asks.
extension SystemCall {
  /// The most that one call moves (MAX_RW_COUNT).
  var most: UInt64 { 0x7fff_ffff & ~kernel.board.pageSize.offsetMask }

  func read() throws(Errno) -> UInt64 {
    try read(readyFile(0), at: nil, address(1), argument(2))
  }

  func write() throws(Errno) -> UInt64 {
    try write(readyFile(0), at: nil, address(1), argument(2))
  }

  /// pread64(fd, buffer, count, position).
  func readAt() throws(Errno) -> UInt64 {
    guard signed(3) >= 0 else { throw .EINVAL }
    let file = try readyFile(0)
    try checkSeekable(file)
    return try read(file, at: argument(3), address(1), argument(2))
  }

  func writeAt() throws(Errno) -> UInt64 {
    guard signed(3) >= 0 else { throw .EINVAL }
    let file = try readyFile(0)
    try checkSeekable(file)
    return try write(file, at: argument(3), address(1), argument(2))
  }

  @inline(__always)
  func checkSeekable(_ file: KernelPointer<OpenFile>) throws(Errno) {
    if file.pointee.inode.pointee.isRegular { return }
    switch file.pointee.inode.pointee.kind {
    // They can be sought in, to no effect, and not read so (FMODE_PREAD).
    case .eventCounter, .watcher, .supplied: throw .ESPIPE
    default: if files.pointee.isStream(file) { throw .ESPIPE }
    }
  }

  @inline(__always)
  func read(
    _ file: KernelPointer<OpenFile>, at position: UInt64?, _ buffer: VirtualAddress,
    _ count: UInt64, waits: Bool = true
  ) throws(Errno) -> UInt64 {
    guard file.pointee.flags.mayRead else { throw .EBADF }
    try checkRange(buffer, count)
    let length = ByteCount(min(count, most))
    var place = buffer
    do throws(Errno) {
      let done = try UInt64(
        files.pointee.read(file, at: position, length) { piece in store(piece, &place) })
      guard done < length.rawValue, done > 0, kernel.wantsRoom else { return done }
      return readOn(file, at: position, length.rawValue, done, buffer)
    } catch {
      guard error == .EAGAIN, waits, mayWait(file) else { throw error }
    }
    return try readWaiting(file, length, buffer)
  }

  /// Goes on with a read that stopped at a safe point because memory was short.
  @inline(never)
  private func readOn(
    _ file: KernelPointer<OpenFile>, at position: UInt64?, _ count: UInt64, _ begun: UInt64,
    _ buffer: VirtualAddress
  ) -> UInt64 {
    guard file.pointee.inode.pointee.isRegular else { return begun }
    return goOn(file, count, begun) { (done) throws(Errno) in
      var place = buffer + ByteCount(done)
      return try files.pointee.read(
        file, at: position.map { $0 &+ done }, ByteCount(count &- done)
      ) { piece in store(piece, &place) }
    }
  }

  /// The same of a write.
  @inline(never)
  private func writeOn(
    _ file: KernelPointer<OpenFile>, at position: UInt64?, _ count: UInt64, _ begun: UInt64,
    _ buffer: VirtualAddress
  ) -> UInt64 {
    goOn(file, count, begun) { (done) throws(Errno) in
      var place = buffer + ByteCount(done)
      return try files.pointee.write(
        file, at: position.map { $0 &+ done }, ByteCount(count &- done)
      ) { room in load(room, &place) }
    }
  }

  /// Goes on with what moved some bytes already: room is made, as Linux would have done for the page
  /// that came next, and `more` asked for what is left; how much was done in all.
  private func goOn(
    _ file: KernelPointer<OpenFile>, _ count: UInt64, _ begun: UInt64,
    _ more: (UInt64) throws(Errno) -> Int
  ) -> UInt64 {
    // Another thread may close the descriptor meanwhile.
    files.pointee.retain(file)
    defer { files.pointee.release(file) }
    var done = begun
    var fruitless = 0
    while done < count, kernel.wantsRoom,
      kernel.makeRoom(orFail: true, isHopeless: fruitless >= Self.mostAttempts)
    {
      do throws(Errno) {
        let part = try UInt64(more(done))
        if part == 0 { return done }
        done &+= part
        fruitless = 0
      } catch {
        // A program's page, or the file's, that could not be had: room is made for it, too.
        guard error == .EFAULT || error == .ENOMEM else { return done }
        fruitless &+= 1
      }
    }
    return done
  }

  /// Waits until there is something, and reads it.
  @inline(never)
  private func readWaiting(
    _ file: KernelPointer<OpenFile>, _ length: ByteCount, _ buffer: VirtualAddress
  ) throws(Errno) -> UInt64 {
    // Another thread may close the descriptor meanwhile.
    files.pointee.retain(file)
    defer { files.pointee.release(file) }
    while true {
      if files.pointee.isLog(file) {
        try kernel.waitForLog()
      } else {
        _ = try kernel.wait(at: file.pointee.inode)
      }
      var place = buffer
      do throws(Errno) {
        return try UInt64(
          files.pointee.read(file, at: nil, length) { piece in store(piece, &place) })
      } catch {
        guard error == .EAGAIN else { throw error }
      }
    }
  }

  /// Whether a call on a file may make the program wait.
  func mayWait(_ file: KernelPointer<OpenFile>) -> Bool {
    !file.pointee.flags.contains(.nonBlocking) && !file.pointee.inode.pointee.isRegular
  }

  @inline(__always)
  func write(
    _ file: KernelPointer<OpenFile>, at position: UInt64?, _ buffer: VirtualAddress,
    _ count: UInt64, waits: Bool = true
  ) throws(Errno) -> UInt64 {
    guard file.pointee.flags.mayWrite else { throw .EBADF }
    try checkRange(buffer, count)
    guard file.pointee.inode.pointee.isRegular else {
      return try writeWaiting(
        file, at: position, min(count, most), buffer, waits: waits && mayWait(file))
    }
    let length = try limited(file, at: position, min(count, most))
    var place = buffer
    let done = try UInt64(
      files.pointee.write(file, at: position, ByteCount(length)) { room in load(room, &place) })
    guard done < length, done > 0, kernel.wantsRoom else { return done }
    return writeOn(file, at: position, length, done, buffer)
  }

  /// Writes everything, waiting for room; SIGPIPE where nobody reads any more.
  ///
  /// What is no stream takes of a write what it can, once.
  @inline(never)
  private func writeWaiting(
    _ file: KernelPointer<OpenFile>, at position: UInt64?, _ count: UInt64,
    _ buffer: VirtualAddress, waits: Bool
  ) throws(Errno) -> UInt64 {
    let isStream = files.pointee.isStream(file)
    files.pointee.retain(file)
    defer { files.pointee.release(file) }
    var place = buffer
    var done: UInt64 = 0
    do throws(Errno) {
      while true {
        do throws(Errno) {
          let part = UInt64(
            try files.pointee.write(file, at: position, ByteCount(count &- done)) { room in
              load(room, &place)
            })
          done &+= part
          if done >= count || part == 0 || !isStream { return done }
          continue
        } catch {
          // What a control group cannot give is not waited for (memory.reclaim).
          guard error == .EAGAIN, waits, file.pointee.inode.pointee.node == nil else {
            throw error
          }
        }
        _ = try kernel.wait(at: file.pointee.inode)
      }
    } catch {
      if error == .EPIPE { kernel.sendBrokenPipe() }
      if done > 0 { return done }
      throw error
    }
  }

  /// What of a write lies below the largest size that the process may make a file (RLIMIT_FSIZE);
  /// SIGXFSZ and EFBIG where nothing does (generic_write_checks_count()).
  @inline(__always)
  private func limited(
    _ file: KernelPointer<OpenFile>, at position: UInt64?, _ count: UInt64
  ) throws(Errno) -> UInt64 {
    let limit = fileSizeLimit
    guard limit != ResourceLimits.infinity, count > 0 else { return count }
    let start =
      file.pointee.flags.contains(.append)
      ? file.pointee.inode.pointee.size : position ?? file.pointee.position
    try checkFileSize(start)
    return min(count, limit &- start)
  }

  /// The largest size that the process may make a file.
  @inline(__always)
  var fileSizeLimit: UInt64 { task.pointee.process.pointee.limits[.fileSize].soft }

  func checkFileSize(_ start: UInt64) throws(Errno) {
    guard start >= fileSizeLimit else { return }
    kernel.sendFileSizeExceeded()
    throw .EFBIG
  }

  /// access_ok(): a buffer that is not all in the user half is EFAULT before anything moves.
  @inline(__always)
  func checkRange(_ start: VirtualAddress, _ count: UInt64) throws(Errno) {
    let address = start.rawValue
    let end = space.pointee.user.accessEnd.rawValue
    guard count <= end, address <= end &- count else { throw .EFAULT }
    // A count above SSIZE_MAX is no count (rw_verify_area()).
    guard count >> 63 == 0 else { throw .EINVAL }
  }

  /// lseek(fd, offset, whence).
  func seek() throws(Errno) -> UInt64 {
    let file = try readyFile(0)
    guard word(2) <= 4 else { throw .EINVAL }
    return try files.pointee.seek(file, to: signed(1), whence: word(2))
  }
}
