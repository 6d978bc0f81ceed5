import AddressSpaces
import Arm64
import Files
import MemoryTypes
import Tasks

/// Many buffers in one call (fs/read_write.c: do_readv(), do_preadv(); lib/iov_iter.c).
extension SystemCall {
  /// readv, writev, preadv, pwritev, preadv2, pwritev2.
  func vector(writes: Bool, hasPosition: Bool, hasFlags: Bool) throws(Errno) -> UInt64 {
    let file = try readyFile(0)
    var position: UInt64?
    if hasPosition {
      // On arm64 the low half has all of it; preadv2 takes -1 for the file's own.
      if !(hasFlags && signed(3) == -1) {
        guard signed(3) >= 0 else { throw .EINVAL }
        position = argument(3)
        try checkSeekable(file)
      }
    }
    let flags = hasFlags ? word(5) : 0
    return try vector(file, writes: writes, at: position, address(1), argument(2), flags)
  }

  func vector(
    _ file: KernelPointer<OpenFile>, writes: Bool, at position: UInt64?, _ entries: VirtualAddress,
    _ count: UInt64, _ flags: UInt32
  ) throws(Errno) -> UInt64 {
    let mode = file.pointee.flags
    guard writes ? mode.mayWrite : mode.mayRead else { throw .EBADF }
    let noWait = try waiting(flags, file, writes: writes)
    guard count <= 1024 else { throw .EINVAL }  // UIO_MAXIOV
    // RWF_APPEND (16): at the end, whatever position was asked for.
    var position = position
    if writes, flags & 16 != 0 {
      position = file.pointee.inode.pointee.size
    }
    try checkEntries(entries, count)
    var done: UInt64 = 0
    for index in 0..<count {
      let entry = entries + ByteCount(index &* 16)
      do throws(Errno) {
        let start = VirtualAddress(try space.pointee.copyIn(UInt64.self, from: entry))
        let length = try space.pointee.copyIn(UInt64.self, from: entry + ByteCount(8))
        let part = min(length, most &- done)
        if part == 0, count > 1 { continue }
        // Once something has come, what is not there yet is not waited for.
        let waits = !noWait && (writes || done == 0)
        let moved =
          try writes
          ? write(file, at: position, start, part, waits: waits)
          : read(file, at: position, start, part, waits: waits)
        done &+= moved
        if position != nil { position = position.map { $0 &+ moved } }
        if moved < length { break }
      } catch {
        if done > 0 { break }
        throw error
      }
    }
    return done
  }

  /// The whole vector is checked before anything moves (import_iovec()).
  private func checkEntries(_ entries: VirtualAddress, _ count: UInt64) throws(Errno) {
    for index in 0..<count {
      let entry = entries + ByteCount(index &* 16)
      let start = try space.pointee.copyIn(UInt64.self, from: entry)
      let length = try space.pointee.copyIn(UInt64.self, from: entry + ByteCount(8))
      guard length >> 63 == 0 else { throw .EINVAL }
      try checkRange(VirtualAddress(start), length)
    }
  }

  /// Whether RWF_NOWAIT was asked for; EOPNOTSUPP for what a file does not know
  /// (kiocb_set_rw_flags()).
  private func waiting(
    _ flags: UInt32, _ file: KernelPointer<OpenFile>, writes: Bool
  ) throws(Errno) -> Bool {
    // RWF_HIPRI 1, DSYNC 2, SYNC 4, NOWAIT 8, APPEND 16.
    guard flags & ~0x1f == 0 else { throw .EOPNOTSUPP }
    guard flags & 8 != 0 else { return false }
    // FMODE_NOWAIT: pipes and sockets, not tmpfs.
    guard file.pointee.inode.pointee.isPipe || files.pointee.isSocket(file) else {
      throw .EOPNOTSUPP
    }
    return true
  }
}
