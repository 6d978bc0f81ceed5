import Arm64
import KernelHeap
public import MemoryTypes
import PageFrames

/// Pipes (fs/pipe.c). Nothing here waits: what cannot go on answers EAGAIN, and who may wait does
/// so above and tries again.
extension FileSystem {
  /// Makes a pipe; its reading and its writing end, one reference each.
  ///
  /// Of the flags, O_NONBLOCK stays.
  public func makePipe(
    _ flags: OpenFlags
  ) throws(Errno) -> (reader: KernelPointer<OpenFile>, writer: KernelPointer<OpenFile>) {
    guard let block = frames.pointee.allocate(pipeOrder, .kernel) else { throw .ENOMEM }
    guard let pipe = caches.pipes.allocate(Pipe(block: block)) else {
      frames.pointee.free(block, pipeOrder)
      throw .ENOMEM
    }
    let dentry: KernelPointer<Dentry>
    do throws(Errno) {
      let inode = try makeInode(
        .pipe(address: pipe.address), on: .kernelSharedMemory,
        mode: FileMode(.fifo, permissions: 0o600))
      dentry = try makeDentry("pipe", in: nil, inode)
    } catch {
      frames.pointee.free(block, pipeOrder)
      caches.pipes.free(pipe)
      throw error
    }
    let kept = flags.intersection([.nonBlocking, .direct])
    retain(dentry)
    let reader: KernelPointer<OpenFile>
    do throws(Errno) {
      reader = try makeOpenFile(dentry, kept)
    } catch {
      release(dentry)
      throw error
    }
    do throws(Errno) {
      return (reader, try makeOpenFile(dentry, kept.union(.writeOnly)))
    } catch {
      release(reader)
      throw error
    }
  }

  /// What an end of a pipe is ready for; nil for any other file.
  public func pipeReadiness(of file: KernelPointer<OpenFile>) -> PipeReadiness? {
    guard let pipe = pipe(of: file.pointee.inode) else { return nil }
    return PipeReadiness(
      hasBytes: pipe.pointee.length > 0,
      hasRoom: Pipe.capacity &- pipe.pointee.length >= Pipe.atomicLength,
      isCut: (file.pointee.flags.mayWrite ? pipe.pointee.readers : pipe.pointee.writers) == 0)
  }

  /// How often an end of a pipe was closed: those who wait at a pipe look again when it changes.
  public var closedPipeEnds: UInt64 { state.pointee.closedPipeEnds }

  /// Reads what there is; 0 at the end, when nobody can write any more.
  func readPipe(_ address: UInt, _ count: UInt64, _ sink: ByteSink) throws(Errno) -> Int {
    guard let pipe = Self.pipe(at: address), count > 0 else { return 0 }
    if pipe.pointee.length == 0 {
      if pipe.pointee.writers == 0 { return 0 }
      throw .EAGAIN
    }
    var done = 0
    while UInt64(done) < count && pipe.pointee.length > 0 {
      let (offset, available) = pipe.pointee.readable
      let part = min(available, Int(min(count, UInt64(Pipe.capacity))) &- done)
      guard part > 0 else { break }
      let taken = try sink(unsafe ByteRoom(bytes(pipe) + offset, count: part).contents)
      pipe.pointee.consume(taken)
      done &+= taken
      if taken < part { break }
    }
    if done == 0 { throw .EFAULT }
    return done
  }

  /// Writes what there is room for; EPIPE when nobody can read any more.
  func writePipe(_ address: UInt, _ count: UInt64, _ source: ByteSource) throws(Errno) -> Int {
    guard let pipe = Self.pipe(at: address), count > 0 else { return 0 }
    guard pipe.pointee.readers > 0 else { throw .EPIPE }
    let room = Pipe.capacity &- pipe.pointee.length
    // What is small is written whole or not yet.
    guard room > 0, count > UInt64(Pipe.atomicLength) || count <= UInt64(room) else {
      throw .EAGAIN
    }
    var done = 0
    while UInt64(done) < count && pipe.pointee.length < Pipe.capacity {
      let (offset, free) = pipe.pointee.writable
      let part = Int(min(UInt64(free), count &- UInt64(done)))
      let taken = try source(unsafe ByteRoom(bytes(pipe) + offset, count: part))
      pipe.pointee.length &+= taken
      done &+= taken
      if taken < part { break }
    }
    if done == 0 { throw .EFAULT }
    return done
  }

  /// Counts an end as closed.
  func closePipeEnd(_ file: KernelPointer<OpenFile>) {
    guard let pipe = pipe(of: file.pointee.inode) else { return }
    if file.pointee.flags.mayWrite {
      pipe.pointee.writers &-= 1
    } else {
      pipe.pointee.readers &-= 1
    }
    state.pointee.closedPipeEnds &+= 1
  }

  /// Frees a pipe that has no end any more.
  func freePipe(_ address: UInt) {
    guard let pipe = Self.pipe(at: address) else { return }
    frames.pointee.free(pipe.pointee.block, pipeOrder)
    caches.pipes.free(pipe)
  }

  private var pipeOrder: Order {
    Order(holding: ByteCount(UInt64(Pipe.capacity)).pagesNeeded(of: pageSize))
  }

  private func pipe(of inode: KernelPointer<Inode>) -> KernelPointer<Pipe>? {
    guard case .pipe(let address) = inode.pointee.kind else { return nil }
    return Self.pipe(at: address)
  }

  private static func pipe(at address: UInt) -> KernelPointer<Pipe>? {
    // SAFETY: the address was taken from the pipe that its inode owns.
    guard let pointer = unsafe UnsafeMutablePointer<Pipe>(bitPattern: address) else { return nil }
    return unsafe KernelPointer(pointer)
  }

  private func bytes(_ pipe: KernelPointer<Pipe>) -> UnsafeMutableRawPointer {
    unsafe board.pointer(to: pipe.pointee.block.address(pageSize))
  }
}
