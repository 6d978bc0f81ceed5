import AddressSpaces
import Arm64
import Files
import MemoryTypes
import Tasks

/// From file to file without a program's memory between (fs/splice.c, fs/read_write.c).
extension SystemCall {
  /// Moves bytes from one file to another, a piece at a time; how many.
  ///
  /// Pieces of the one's pages go straight to the other. What the target did not take of a piece
  /// is not taken from the source either.
  func transfer(
    _ input: KernelPointer<OpenFile>, from: UInt64?, _ output: KernelPointer<OpenFile>,
    to: UInt64?, _ count: UInt64, waits: Bool = true
  ) throws(Errno) -> UInt64 {
    files.pointee.retain(input)
    files.pointee.retain(output)
    defer {
      files.pointee.release(input)
      files.pointee.release(output)
    }
    var done: UInt64 = 0
    var blocked = output
    do throws(Errno) {
      while done < count {
        do throws(Errno) {
          blocked = input
          let place = to.map { $0 &+ done }
          let moved = try files.pointee.read(
            input, at: from.map { $0 &+ done },
            ByteCount(min(count &- done, kernel.board.pageSize.bytes.rawValue))
          ) { (piece) throws(Errno) in
            blocked = output
            var taken = 0
            return try files.pointee.write(output, at: place, ByteCount(UInt64(piece.count))) {
              room in
              let part = room.copy(piece[taken..<piece.count])
              taken &+= part
              return part
            }
          }
          if moved == 0 { return done }
          done &+= UInt64(moved)
          if kernel.wantsRoom, !kernel.makeRoom(orFail: true) { return done }
        } catch {
          if error == .ENOMEM, kernel.wantsRoom, kernel.makeRoom(orFail: true) { continue }
          guard error == .EAGAIN, waits, mayWait(blocked) else { throw error }
          // What a pipe gave is enough.
          if done > 0, blocked == input { return done }
          _ = try kernel.wait(at: blocked.pointee.inode)
        }
      }
      return done
    } catch {
      if error == .EPIPE { kernel.sendBrokenPipe() }
      if done > 0 { return done }
      throw error
    }
  }

  /// sendfile(out, in, offset, count).
  func sendFile() throws(Errno) -> UInt64 {
    let output = try readyFile(0)
    let input = try readyFile(1)
    guard input.pointee.flags.mayRead, output.pointee.flags.mayWrite else { throw .EBADF }
    let offset = try loadOffset(2)
    if offset != nil { try checkSeekable(input) }
    guard !output.pointee.flags.contains(.append) else { throw .EINVAL }
    guard input.pointee.inode.pointee.isRegular || !files.pointee.isStream(input) else {
      throw .EINVAL
    }
    let done = try transfer(
      input, from: offset, output, to: nil, min(argument(3), most))
    try storeOffset(2, offset, done)
    return done
  }

  /// A position that a call reads and moves on; nil for a null pointer, which means the file's.
  private func loadOffset(_ index: Int) throws(Errno) -> UInt64? {
    guard argument(index) != 0 else { return nil }
    let offset = try space.pointee.copyIn(Int64.self, from: address(index))
    guard offset >= 0 else { throw .EINVAL }
    return UInt64(offset)
  }

  private func storeOffset(_ index: Int, _ offset: UInt64?, _ done: UInt64) throws(Errno) {
    if let offset { try space.pointee.copyOut(offset &+ done, to: address(index)) }
  }

  /// splice(in, in offset, out, out offset, count, flags): one end at least is a pipe.
  func splice() throws(Errno) -> UInt64 {
    guard word(5) & ~15 == 0 else { throw .EINVAL }
    guard argument(4) > 0 else { return 0 }
    let input = try readyFile(0)
    let output = try readyFile(2)
    guard input.pointee.flags.mayRead, output.pointee.flags.mayWrite else { throw .EBADF }
    let (fromPipe, toPipe) = (
      input.pointee.inode.pointee.isPipe, output.pointee.inode.pointee.isPipe
    )
    guard fromPipe || toPipe else { throw .EINVAL }
    if fromPipe && argument(1) != 0 || toPipe && argument(3) != 0 { throw .ESPIPE }
    if fromPipe, toPipe, input.pointee.inode == output.pointee.inode { throw .EINVAL }
    let from = try loadOffset(1)
    let to = try loadOffset(3)
    if from != nil { try checkSeekable(input) }
    if to != nil { try checkSeekable(output) }
    guard !output.pointee.flags.contains(.append) || toPipe else { throw .EINVAL }
    // SPLICE_F_NONBLOCK 2.
    let done = try transfer(
      input, from: from, output, to: to, min(argument(4), most), waits: word(5) & 2 == 0)
    try storeOffset(1, from, done)
    try storeOffset(3, to, done)
    return done
  }

  /// tee(in, out, count, flags): copies what is in a pipe into another, and leaves it there.
  func tee() throws(Errno) -> UInt64 {
    guard word(3) & ~15 == 0 else { throw .EINVAL }
    guard argument(2) > 0 else { return 0 }
    let input = try readyFile(0)
    let output = try readyFile(1)
    guard input.pointee.flags.mayRead, output.pointee.flags.mayWrite else { throw .EBADF }
    guard input.pointee.inode.pointee.isPipe, output.pointee.inode.pointee.isPipe,
      input.pointee.inode != output.pointee.inode
    else { throw .EINVAL }
    let waits = word(3) & 2 == 0
    files.pointee.retain(input)
    files.pointee.retain(output)
    defer {
      files.pointee.release(input)
      files.pointee.release(output)
    }
    while true {
      do throws(Errno) {
        return UInt64(try files.pointee.tee(input, output, argument(2)))
      } catch {
        if error == .EPIPE { kernel.sendBrokenPipe() }
        guard error == .EAGAIN, waits else { throw error }
      }
      guard try kernel.waitForAnything(until: nil) else { throw .EAGAIN }
    }
  }

  /// vmsplice(fd, vector, count, flags): as writev to a pipe, or readv from one; pages are copied.
  func spliceMemory() throws(Errno) -> UInt64 {
    guard word(3) & ~15 == 0 else { throw .EINVAL }
    let file = try readyFile(0)
    guard file.pointee.inode.pointee.isPipe else { throw .EBADF }
    return try vector(
      file, writes: file.pointee.flags.mayWrite, at: nil, address(1), argument(2),
      word(3) & 2 != 0 ? 8 : 0)
  }

  /// copy_file_range(in, in offset, out, out offset, count, flags).
  func copyRange() throws(Errno) -> UInt64 {
    let input = try readyFile(0)
    let output = try readyFile(2)
    let from = try loadOffset(1)
    let to = try loadOffset(3)
    guard word(5) == 0 else { throw .EINVAL }
    guard input.pointee.flags.mayRead, output.pointee.flags.mayWrite,
      !output.pointee.flags.contains(.append)
    else { throw .EBADF }
    let (source, target) = (input.pointee.inode, output.pointee.inode)
    if source.pointee.isDirectory || target.pointee.isDirectory { throw .EISDIR }
    guard source.pointee.isRegular, target.pointee.isRegular else { throw .EINVAL }
    // generic_copy_file_checks(): within one file system, and not onto itself.
    guard source.pointee.mount == target.pointee.mount else { throw .EXDEV }
    let start = from ?? input.pointee.position
    let place = to ?? output.pointee.position
    let count = min(argument(4), most)
    let (_, overflow) = place.addingReportingOverflow(argument(4))
    guard !overflow, place &+ count >> 63 == 0 else { throw .EOVERFLOW }
    if source == target, start < place &+ count, place < start &+ count { throw .EINVAL }
    if count > 0, fileSizeLimit != ResourceLimits.infinity { try checkFileSize(place) }
    let done = try transfer(input, from: from, output, to: to, count)
    try storeOffset(1, from, done)
    try storeOffset(3, to, done)
    return done
  }
}
