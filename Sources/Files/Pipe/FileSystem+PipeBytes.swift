import Arm64
public import MemoryTypes
import PageFrames

/// Bytes through pipes (fs/pipe.c: pipe_read(), pipe_write()).
extension FileSystem {
  /// Reads what there is; 0 at the end, when nobody can write any more.
  func readPipe(
    _ address: UInt, _ count: UInt64, _ sink: ByteSink, _ inode: KernelPointer<Inode>
  ) throws(Errno) -> Int {
    guard let pipe = Self.pipe(at: address), count > 0 else { return 0 }
    if pipe.pointee.isEmpty {
      if pipe.pointee.writers == 0 { return 0 }
      throw .EAGAIN
    }
    let wasFull = pipe.pointee.isFull
    var done = 0
    while UInt64(done) < count, !pipe.pointee.isEmpty {
      let slot = unsafe pipe.slot(pipe.pointee.tail)
      let buffer = unsafe slot.pointee
      let part = Int(min(UInt64(buffer.length), count &- UInt64(done)))
      // SAFETY: the bytes lie in the slot's page, which the pipe holds.
      let taken = try sink(
        unsafe ByteString(
          UnsafeRawBufferPointer(
            start: board.pointer(to: buffer.frame.address(pageSize)) + Int(buffer.offset),
            count: part)))
      done &+= taken
      unsafe slot.pointee.offset &+= UInt32(taken)
      unsafe slot.pointee.length &-= UInt32(taken)
      if taken < part { break }
      // What is left of a packet is lost.
      if buffer.isPacket || part == Int(buffer.length) {
        pipe.pointee.tail &+= 1
        putAside(buffer.frame, pipe)
      }
      if buffer.isPacket { break }
    }
    if done == 0 { throw .EFAULT }
    if wasFull { happened(to: inode, [.output, .normalOutput]) }
    return done
  }

  /// Keeps an emptied page for the next write, if nobody else has it.
  private func putAside(_ frame: PageFrameNumber, _ pipe: KernelPointer<Pipe>) {
    if pipe.pointee.spare == 0, frames.pointee.frame(frame).pointee.referenceCount == 1 {
      pipe.pointee.spare = frame.rawValue
    } else {
      frames.pointee.release(frame)
    }
  }

  /// Writes what there is room for; EPIPE when nobody can read any more.
  func writePipe(
    _ address: UInt, _ count: UInt64, _ source: ByteSource, _ file: KernelPointer<OpenFile>
  ) throws(Errno) -> Int {
    guard let pipe = Self.pipe(at: address), count > 0 else { return 0 }
    guard pipe.pointee.readers > 0 else { throw .EPIPE }
    let inode = file.pointee.inode
    let wasEmpty = pipe.pointee.isEmpty
    let isPacket = file.pointee.flags.contains(.direct)
    var done = try wasEmpty || isPacket ? 0 : extendLast(pipe, count, source)
    let page = pageSize.bytes.rawValue
    do throws(Errno) {
      while UInt64(done) < count, !pipe.pointee.isFull {
        let frame = try takePage(pipe)
        let part = Int(min(page, count &- UInt64(done)))
        let taken: Int
        do throws(Errno) {
          // SAFETY: a whole page, which is this pipe's alone.
          taken = try source(
            unsafe ByteRoom(board.pointer(to: frame.address(pageSize)), count: part))
        } catch {
          putAside(frame, pipe)
          throw error
        }
        guard taken > 0 else {
          putAside(frame, pipe)
          throw Errno.EFAULT
        }
        unsafe pipe.slot(pipe.pointee.head).pointee = PipeBuffer(
          frame: frame, offset: 0, length: UInt32(taken), mayGrow: !isPacket, isPacket: isPacket)
        pipe.pointee.head &+= 1
        done &+= taken
        if taken < part { break }
      }
      if done == 0 { throw Errno.EAGAIN }
    } catch {
      if done == 0 { throw error }
    }
    // Whoever watches is told of each write (`poll_usage`).
    if wasEmpty || inode.pointee.watches != nil { happened(to: inode, [.input, .normalInput]) }
    return done
  }

  /// Adds what is over whole pages of a write to the last page, if it fits there.
  private func extendLast(
    _ pipe: KernelPointer<Pipe>, _ count: UInt64, _ source: ByteSource
  ) throws(Errno) -> Int {
    let part = count & pageSize.offsetMask
    let slot = unsafe pipe.slot(pipe.pointee.head &- 1)
    let last = unsafe slot.pointee
    let end = UInt64(last.offset) &+ UInt64(last.length)
    guard part > 0, last.mayGrow, end &+ part <= pageSize.bytes.rawValue else { return 0 }
    // SAFETY: the room lies behind the bytes of the last page, which is this pipe's alone.
    let taken = try source(
      unsafe ByteRoom(
        board.pointer(to: last.frame.address(pageSize)) + Int(end), count: Int(part)))
    guard taken > 0 else { throw .EFAULT }
    unsafe slot.pointee.length &+= UInt32(taken)
    return taken
  }

  private func takePage(_ pipe: KernelPointer<Pipe>) throws(Errno) -> PageFrameNumber {
    if pipe.pointee.spare != 0 {
      let frame = PageFrameNumber(pipe.pointee.spare)
      pipe.pointee.spare = 0
      return frame
    }
    guard let frame = frames.pointee.allocate(.kernel) else { throw .ENOMEM }
    return frame
  }

  /// The bytes in a pipe (FIONREAD); nil for any other file.
  public func bytesInPipe(_ file: KernelPointer<OpenFile>) -> UInt64? {
    guard let pipe = pipe(of: file.pointee.inode) else { return nil }
    var bytes: UInt64 = 0
    var index = pipe.pointee.tail
    while index != pipe.pointee.head {
      bytes &+= unsafe UInt64(pipe.slot(index).pointee.length)
      index &+= 1
    }
    return bytes
  }

  /// How many bytes a pipe can hold (F_GETPIPE_SZ); EBADF for any other file.
  public func pipeSize(_ file: KernelPointer<OpenFile>) throws(Errno) -> UInt64 {
    guard let pipe = pipe(of: file.pointee.inode) else { throw .EBADF }
    return UInt64(pipe.pointee.slotCount) &<< pageSize.shift
  }

  /// Changes that, to a power of two of pages (pipe_set_size()).
  public func setPipeSize(
    _ file: KernelPointer<OpenFile>, to bytes: UInt64
  ) throws(Errno) -> UInt64 {
    guard let pipe = pipe(of: file.pointee.inode) else { throw .EBADF }
    guard bytes <= 1 &<< 31 else { throw .EINVAL }
    let pages = max(ByteCount(bytes).pagesNeeded(of: pageSize).rawValue, 1)
    var count: UInt32 = 1
    while UInt64(count) < pages { count &*= 2 }
    let size = UInt64(count) &<< pageSize.shift
    if count > pipe.pointee.slotCount, size > Pipe.maximumSize, !isPrivileged { throw .EPERM }
    let used = pipe.pointee.head &- pipe.pointee.tail
    guard used <= count else { throw .EBUSY }
    let new = try makeSlots(count)
    let old = (address: pipe.pointee.slots, count: pipe.pointee.slotCount)
    for index in 0..<used {
      // SAFETY: the new buffer has room for `count` slots.
      unsafe UnsafeMutablePointer<PipeBuffer>(bitPattern: new).unsafelyUnwrapped[Int(index)] =
        pipe.slot(pipe.pointee.tail &+ index).pointee
    }
    pipe.pointee.slots = new
    pipe.pointee.slotCount = count
    pipe.pointee.tail = 0
    pipe.pointee.head = used
    freeSlots(old.address, old.count)
    happened(to: file.pointee.inode)
    return size
  }
}
