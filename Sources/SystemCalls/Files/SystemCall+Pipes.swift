import AddressSpaces
import Arm64
import Files
import MemoryTypes
import Tasks

/// Waiting at pipes (fs/pipe.c:pipe_read(), pipe_write()).
extension SystemCall {
  /// Reads what there is, waiting for the first byte.
  @inline(never)
  func readPipe(
    _ file: KernelPointer<OpenFile>, _ buffer: VirtualAddress, _ count: UInt64
  ) throws(Errno) -> UInt64 {
    let inode = file.pointee.inode
    while true {
      var place = buffer
      do throws(Errno) {
        let done = try files.pointee.read(file, ByteCount(count)) { piece in
          store(piece, &place)
        }
        kernel.wakeAtPipe(inode)
        return UInt64(done)
      } catch {
        guard error == .EAGAIN, !file.pointee.flags.contains(.nonBlocking) else { throw error }
      }
      try kernel.waitAtPipe(inode)
    }
  }

  /// Writes everything, waiting for room; SIGPIPE where nobody reads any more.
  @inline(never)
  func writePipe(
    _ file: KernelPointer<OpenFile>, _ buffer: VirtualAddress, _ count: UInt64
  ) throws(Errno) -> UInt64 {
    let inode = file.pointee.inode
    var place = buffer
    var done: UInt64 = 0
    while true {
      do throws(Errno) {
        done &+= UInt64(
          try files.pointee.write(file, ByteCount(count &- done)) { room in
            load(room, &place)
          })
        kernel.wakeAtPipe(inode)
        if done >= count { return done }
        continue
      } catch {
        if error == .EPIPE { kernel.sendBrokenPipe() }
        if error != .EAGAIN || file.pointee.flags.contains(.nonBlocking) {
          if done > 0 { return done }
          throw error
        }
      }
      do throws(Errno) {
        try kernel.waitAtPipe(inode)
      } catch {
        if done > 0 { return done }
        throw error
      }
    }
  }
}
