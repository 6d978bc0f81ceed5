import Arm64
import KernelHeap
public import MemoryTypes
import PageFrames

/// Pipes (fs/pipe.c). Nothing here waits: what cannot go on answers EAGAIN, and who may wait does
/// so above and tries again.
extension FileSystem {
  /// Makes a pipe; its reading and its writing end, one reference each.
  ///
  /// Of the flags, O_NONBLOCK and O_DIRECT stay.
  public func makePipe(
    _ flags: OpenFlags
  ) throws(Errno) -> (reader: KernelPointer<OpenFile>, writer: KernelPointer<OpenFile>) {
    let pipe = try makePipeObject()
    let kept = flags.intersection([.nonBlocking, .direct])
    let reader: KernelPointer<OpenFile>
    do throws(Errno) {
      reader = try makeNameless(
        .pipe(address: pipe.address), "pipe", mode: FileMode(.fifo, permissions: 0o600), kept)
    } catch {
      freePipe(pipe.address)
      throw error
    }
    pipe.pointee.readers = 1
    retain(reader.pointee.dentry)
    let writer: KernelPointer<OpenFile>
    do throws(Errno) {
      writer = try makeOpenFile(reader.pointee.dentry, kept.union(.writeOnly))
    } catch {
      release(reader)
      throw error
    }
    pipe.pointee.writers = 1
    return (reader, writer)
  }

  private func makePipeObject() throws(Errno) -> KernelPointer<Pipe> {
    let slots = try makeSlots(Pipe.defaultSlots)
    guard let pipe = caches.pipes.allocate(Pipe(slots: slots, slotCount: Pipe.defaultSlots))
    else {
      freeSlots(slots, Pipe.defaultSlots)
      throw .ENOMEM
    }
    return pipe
  }

  func makeSlots(_ count: UInt32) throws(Errno) -> UInt {
    guard
      let memory = unsafe slab.pointee.allocateBytes(
        Self.slotBytes(count), [.kernel, .account])
    else {
      throw .ENOMEM
    }
    let slots = unsafe memory.bindMemory(to: PipeBuffer.self, capacity: Int(count))
    for index in 0..<Int(count) { unsafe (slots + index).initialize(to: PipeBuffer()) }
    return UInt(bitPattern: slots)
  }

  func freeSlots(_ address: UInt, _ count: UInt32) {
    guard let memory = unsafe UnsafeMutableRawPointer(bitPattern: address) else { return }
    unsafe slab.pointee.freeBytes(memory, Self.slotBytes(count))
  }

  private static func slotBytes(_ count: UInt32) -> ByteCount {
    ByteCount(UInt64(count) &* UInt64(MemoryLayout<PipeBuffer>.stride))
  }

  /// Opens a FIFO by its name; takes over the caller's reference of it, but not when it fails
  /// (fs/pipe.c: fifo_open()).
  ///
  /// Whoever may wait for the other side does so above: see ``hasPartner(_:)``.
  func openFIFO(
    _ dentry: KernelPointer<Dentry>, _ flags: OpenFlags
  ) throws(Errno) -> KernelPointer<OpenFile> {
    let inode = dentry.pointee.inode
    let pipe: KernelPointer<Pipe>
    if let there = self.pipe(of: inode) {
      pipe = there
    } else {
      pipe = try makePipeObject()
      inode.pointee.kind = .pipe(address: pipe.address)
    }
    let reads = flags.mayRead
    let writes = flags.mayWrite
    do throws(Errno) {
      if writes, !reads, flags.contains(.nonBlocking), pipe.pointee.readers == 0 {
        throw Errno.ENXIO
      }
      retain(dentry)
      let file = try makeOpenFile(
        dentry, flags.subtracting([.create, .exclusive, .noControllingTerminal, .truncate]))
      release(dentry)
      // What the other side's counter was, where nobody is there yet.
      file.pointee.position = reads ? pipe.pointee.writerOpenings : pipe.pointee.readerOpenings
      let hadPartner = reads ? pipe.pointee.writers > 0 : pipe.pointee.readers > 0
      if hadPartner { file.pointee.position &-= 1 }
      if reads {
        pipe.pointee.readers &+= 1
        pipe.pointee.readerOpenings &+= 1
      }
      if writes {
        pipe.pointee.writers &+= 1
        pipe.pointee.writerOpenings &+= 1
      }
      happened(to: inode)
      return file
    } catch {
      freeIfUnused(pipe, inode)
      throw error
    }
  }

  /// Whether the other side of a FIFO has been opened, or need not be waited for.
  public func hasPartner(_ file: KernelPointer<OpenFile>) -> Bool {
    guard let pipe = pipe(of: file.pointee.inode) else { return true }
    let flags = file.pointee.flags
    if flags.contains(.nonBlocking) || flags.mayRead && flags.mayWrite { return true }
    let seen = file.pointee.position
    return flags.mayRead
      ? pipe.pointee.writers > 0 || pipe.pointee.writerOpenings != seen
      : pipe.pointee.readers > 0 || pipe.pointee.readerOpenings != seen
  }

  /// What an end of a pipe is ready for (pipe_poll()).
  func pipeReadiness(_ address: UInt, _ file: KernelPointer<OpenFile>) -> Readiness {
    guard let pipe = Self.pipe(at: address) else { return .failed }
    var ready: Readiness = []
    if file.pointee.flags.mayRead {
      if !pipe.pointee.isEmpty { ready.formUnion([.input, .normalInput]) }
      if pipe.pointee.writers == 0,
        pipe.pointee.writerOpenings != file.pointee.position
          || file.pointee.dentry.pointee.parent == nil
      {
        ready.formUnion(.hungUp)
      }
    }
    if file.pointee.flags.mayWrite {
      if !pipe.pointee.isFull { ready.formUnion([.output, .normalOutput]) }
      if pipe.pointee.readers == 0 { ready.formUnion(.failed) }
    }
    return ready
  }

  /// Counts an end as closed.
  func closePipeEnd(_ file: KernelPointer<OpenFile>) {
    let inode = file.pointee.inode
    guard let pipe = pipe(of: inode) else { return }
    if file.pointee.flags.mayWrite { pipe.pointee.writers &-= 1 }
    if file.pointee.flags.mayRead { pipe.pointee.readers &-= 1 }
    happened(to: inode)
    freeIfUnused(pipe, inode)
  }

  /// A FIFO that nobody has open holds nothing.
  private func freeIfUnused(_ pipe: KernelPointer<Pipe>, _ inode: KernelPointer<Inode>) {
    guard pipe.pointee.readers == 0, pipe.pointee.writers == 0 else { return }
    inode.pointee.kind = .special
    freePipe(pipe.address)
  }

  /// Frees a pipe that has no end any more.
  func freePipe(_ address: UInt) {
    guard let pipe = Self.pipe(at: address) else { return }
    while !pipe.pointee.isEmpty {
      frames.pointee.release(unsafe pipe.slot(pipe.pointee.tail).pointee.frame)
      pipe.pointee.tail &+= 1
    }
    if pipe.pointee.spare != 0 { frames.pointee.release(PageFrameNumber(pipe.pointee.spare)) }
    freeSlots(pipe.pointee.slots, pipe.pointee.slotCount)
    caches.pipes.free(pipe)
  }

  func pipe(of inode: KernelPointer<Inode>) -> KernelPointer<Pipe>? {
    guard case .pipe(let address) = inode.pointee.kind else { return nil }
    return Self.pipe(at: address)
  }

  @inline(__always)
  static func pipe(at address: UInt) -> KernelPointer<Pipe>? {
    // SAFETY: the address was taken from the pipe that its inode owns.
    guard let pointer = unsafe UnsafeMutablePointer<Pipe>(bitPattern: address) else { return nil }
    return unsafe KernelPointer(pointer)
  }
}
