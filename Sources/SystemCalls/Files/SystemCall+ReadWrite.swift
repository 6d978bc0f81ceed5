import AddressSpaces
import Arm64
import Files
import KernelLayout
import MemoryTypes
import Tasks

/// Moving bytes (fs/read_write.c).
extension SystemCall {
  /// The most that one call moves (MAX_RW_COUNT).
  private var most: UInt64 { 0x7fff_ffff & ~kernel.board.pageSize.offsetMask }

  func read() throws(Errno) -> UInt64 {
    let file = try readyFile(0)
    return try read(file, at: nil, address(1), argument(2))
  }

  func write() throws(Errno) -> UInt64 {
    let file = try readyFile(0)
    return try write(file, at: nil, address(1), argument(2))
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

  private func checkSeekable(_ file: KernelPointer<OpenFile>) throws(Errno) {
    if file.pointee.inode.pointee.isPipe { throw .ESPIPE }
    if case .device(let device) = file.pointee.inode.pointee.kind, device.isConsole {
      throw .ESPIPE
    }
  }

  /// readv(fd, vector, count) and writev: one piece after the other, until one is short.
  func readVector() throws(Errno) -> UInt64 { try vector(writes: false) }
  func writeVector() throws(Errno) -> UInt64 { try vector(writes: true) }

  private func vector(writes: Bool) throws(Errno) -> UInt64 {
    let file = try readyFile(0)
    let flags = file.pointee.flags
    guard writes ? flags.mayWrite : flags.mayRead else { throw .EBADF }
    let count = argument(2)
    guard count <= 1024 else { throw .EINVAL }  // UIO_MAXIOV
    var done: UInt64 = 0
    for index in 0..<count {
      // lib/iov_iter.c:import_iovec(): the whole vector is read before anything moves; a bad
      // entry behind good ones can only be met here after those have moved.
      let entry = address(1) + ByteCount(index &* 16)
      do throws(Errno) {
        let start = try space.pointee.copyIn(UInt64.self, from: entry)
        let length = try space.pointee.copyIn(UInt64.self, from: entry + ByteCount(8))
        guard length >> 63 == 0 else { throw .EINVAL }
        let part = min(length, most &- done)
        let moved =
          try writes
          ? write(file, at: nil, VirtualAddress(start), part)
          : read(file, at: nil, VirtualAddress(start), part)
        done &+= moved
        if moved < length { break }
      } catch {
        if done > 0 { break }
        throw error
      }
    }
    return done
  }

  func read(
    _ file: KernelPointer<OpenFile>, at position: UInt64?, _ buffer: VirtualAddress,
    _ count: UInt64
  ) throws(Errno) -> UInt64 {
    guard file.pointee.flags.mayRead else { throw .EBADF }
    try checkRange(buffer, count)
    if file.pointee.inode.pointee.isPipe { return try readPipe(file, buffer, count) }
    let length = ByteCount(min(count, most))
    var place = buffer
    let done: Int
    if let position {
      done = try files.pointee.read(file, at: position, length) { piece in
        store(piece, &place)
      }
    } else {
      done = try files.pointee.read(file, length) { piece in
        store(piece, &place)
      }
    }
    return UInt64(done)
  }

  func write(
    _ file: KernelPointer<OpenFile>, at position: UInt64?, _ buffer: VirtualAddress,
    _ count: UInt64
  ) throws(Errno) -> UInt64 {
    guard file.pointee.flags.mayWrite else { throw .EBADF }
    try checkRange(buffer, count)
    if file.pointee.inode.pointee.isPipe { return try writePipe(file, buffer, count) }
    let length = ByteCount(min(count, most))
    var place = buffer
    let done: Int
    if let position {
      done = try files.pointee.write(file, at: position, length) { piece in
        load(piece, &place)
      }
    } else {
      done = try files.pointee.write(file, length) { piece in
        load(piece, &place)
      }
    }
    return UInt64(done)
  }

  /// access_ok(): a buffer that is not all in the user half is EFAULT before anything moves.
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

  /// sendfile(out, in, offset, count): through a page of the kernel's own.
  func sendFile() throws(Errno) -> UInt64 {
    let output = try readyFile(0)
    let input = try readyFile(1)
    guard input.pointee.flags.mayRead, output.pointee.flags.mayWrite else { throw .EBADF }
    guard input.pointee.inode.pointee.isRegular else { throw .EINVAL }
    guard !output.pointee.flags.contains(.append) else { throw .EINVAL }
    let hasOffset = argument(2) != 0
    var position = input.pointee.position
    if hasOffset {
      let offset = try space.pointee.copyIn(Int64.self, from: address(2))
      guard offset >= 0 else { throw .EINVAL }
      position = UInt64(offset)
    }
    var place = position
    var left = min(argument(3), most)
    var failure: Errno?
    while left > 0 {
      let moved: Int
      do {
        // Pieces of the page cache go straight to the other file.
        moved = try files.pointee.read(
          input, at: place, ByteCount(min(left, kernel.board.pageSize.bytes.rawValue))
        ) { (piece) throws(Errno) in
          var taken = 0
          return try files.pointee.write(output, ByteCount(UInt64(piece.count))) { room in
            let part = room.copy(piece[taken..<piece.count])
            taken &+= part
            return part
          }
        }
      } catch {
        failure = error
        break
      }
      if moved == 0 { break }
      place &+= UInt64(moved)
      left &-= UInt64(moved)
    }
    if let failure, place == position { throw failure }
    if hasOffset {
      try space.pointee.copyOut(place, to: address(2))
    } else {
      _ = try files.pointee.seek(input, to: Int64(bitPattern: place), whence: 0)
    }
    return place &- position
  }
}
