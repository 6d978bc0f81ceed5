import Arm64
import KernelHeap
public import MemoryTypes
import PageFrames

/// Where bytes that were read go: takes a piece of kernel memory and answers how much of it could
/// be taken.
///
/// Less than offered ends the read.
public typealias ByteSink = (ByteString) throws(Errno) -> Int

/// Where bytes to be written come from: fills a piece of kernel memory and answers how much of it
/// was filled.
///
/// Less than asked for ends the write.
public typealias ByteSource = (ByteRoom) throws(Errno) -> Int

extension FileSystem {
  /// The most that one call moves (MAX_RW_COUNT).
  var maximumTransfer: UInt64 { 0x7fff_ffff & ~pageSize.offsetMask }

  /// Reads from where the file stands, and moves that on.
  public func read(
    _ file: KernelPointer<OpenFile>, _ count: ByteCount, _ sink: ByteSink
  ) throws(Errno) -> Int {
    try read(file, at: nil, count, sink)
  }

  /// Reads from a position (pread64), or from where the file stands, which is moved on.
  ///
  /// Pieces of the page cache itself are handed to the sink.
  @inline(__always)
  public func read(
    _ file: KernelPointer<OpenFile>, at position: UInt64?, _ count: ByteCount, _ sink: ByteSink
  ) throws(Errno) -> Int {
    if let position { return try read(file, from: position, count, sink) }
    let done = try read(file, from: file.pointee.position, count, sink)
    // What has no positions keeps what it is (FIFOs count there).
    if file.pointee.inode.pointee.hasPositions { file.pointee.position &+= UInt64(done) }
    return done
  }

  private func read(
    _ file: KernelPointer<OpenFile>, from position: UInt64, _ count: ByteCount, _ sink: ByteSink
  ) throws(Errno) -> Int {
    guard file.pointee.flags.mayRead else { throw .EBADF }
    let inode = file.pointee.inode
    let wanted = min(count.rawValue, maximumTransfer)
    switch inode.pointee.kind {
    case .regular:
      guard position <= Self.maximumSize else { throw .EINVAL }
      guard wanted > 0 else { return 0 }
      guard position <= Self.maximumSize else { throw .EINVAL }
      let uses = PageUses(of: file, from: position, pageSize)
      let done = try copyOut(position, wanted, sink, size: { inode.pointee.size }) {
        (index) throws(Errno) in
        let frame = try readablePage(of: inode, at: index)
        if let frame, index != uses.except { noteUse(frame) }
        return frame
      }
      if done > 0 { file.pointee.lastRead = position &+ UInt64(done) }
      if done > 0, !file.pointee.flags.contains(.noAccessTime) { touchAccessed(inode) }
      return done
    case .device(.kernelMessages): return try readLog(file, wanted, sink)
    case .device(let device):
      return try read(device, wanted, sink)
    case .procedural:
      return try readText(file, at: position, wanted, sink)
    case .directory, .symbolicLink: throw .EISDIR
    case .pipe(let address): return try readPipe(address, wanted, sink, inode)
    case .eventCounter(let address):
      return try readCounter(address, wanted, sink, inode)
    case .socket(let address): return try readSocket(address, wanted, sink)
    case .supplied(let supplied):
      guard let surroundings else { throw .EINVAL }
      return try surroundings.pointee.supplied.read(
        surroundings.pointee.context, supplied, wanted, sink)
    case .watcher, .special: throw .EINVAL
    }
  }

  /// A page is read: the second time it becomes active (filemap_read(), shmem_file_read_iter()).
  @inline(__always)
  private func noteUse(_ number: PageFrameNumber) {
    // What is both already stays so.
    if frames.pointee.frame(number).pointee.flags.contains([.referenced, .active]) { return }
    frames.pointee.markAccessed(number)
  }

  /// Stamps a file as read, if it was written since (relatime: fs/inode.c: relatime_need_update()).
  private func touchAccessed(_ inode: KernelPointer<Inode>) {
    let accessed = inode.pointee.accessed
    if accessed <= inode.pointee.modified || accessed <= inode.pointee.changed {
      inode.pointee.accessed = now
    }
  }

  /// Reads into kernel memory: what the ELF loader does (kernel_read()).
  public func read(
    _ file: KernelPointer<OpenFile>, at position: UInt64,
    into room: ByteRoom
  ) throws(Errno) -> Int {
    var place = 0
    // A read stops early where memory is short; this one is a whole.
    while place < room.count {
      let done = try read(
        file, at: position &+ UInt64(place), ByteCount(UInt64(room.count &- place))
      ) { piece in
        let taken = room.copy(piece, at: place)
        place &+= taken
        return taken
      }
      if done == 0 { break }
    }
    return place
  }

  /// A page for reading; nil for a hole of a file in memory, which reading does not fill
  /// (shmem_file_read_iter() reads the zero page there); what is in a slot comes back.
  private func readablePage(
    of inode: KernelPointer<Inode>, at index: UInt64
  ) throws(Errno) -> PageFrameNumber? {
    if let frame = trees.find(index, in: inode.pointee.pages) { return frame }
    if inode.pointee.isSharedMemory { return try swappedPage(of: inode, at: index)?.frame }
    let page = try bringIn(index, of: inode)
    if page.wasReadIn { readAhead(after: index, of: inode) }
    return page.frame
  }

  /// Hands a range of a paged object to a sink, piece by piece; the pieces lie in one page each.
  func copyOut(
    _ position: UInt64, _ count: UInt64, _ sink: ByteSink, size: () -> UInt64,
    _ page: (UInt64) throws(Errno) -> PageFrameNumber?
  ) throws(Errno) -> Int {
    var done: UInt64 = 0
    while done < count {
      // A safe point: the caller makes room and goes on.
      if done > 0 && frames.pointee.shortage != nil { break }
      let place = position &+ done
      // Each time anew: what the sink does may change the file.
      let end = size()
      guard place < end else { break }
      let offset = place & pageSize.offsetMask
      let length = min(count &- done, end &- place, pageSize.bytes.rawValue &- offset)
      let taken: Int
      do throws(Errno) {
        if let frame = try page(place &>> pageSize.shift) {
          // Held while the sink may fault and so allocate.
          frames.pointee.frame(frame).pointee.referenceCount &+= 1
          defer { frames.pointee.release(frame) }
          // SAFETY: the piece lies within the frame, which is held.
          taken = try sink(
            unsafe ByteString(
              UnsafeRawBufferPointer(
                start: board.pointer(to: frame.address(pageSize)) + Int(offset),
                count: Int(length))))
        } else {
          taken = try sinkZeros(Int(length), sink)
        }
      } catch {
        if done > 0 { break }
        throw error
      }
      done &+= UInt64(taken)
      guard taken == Int(length) else {
        if done == 0 { throw .EFAULT }
        break
      }
    }
    return Int(done)
  }

  /// Hands zeros to a sink.
  func sinkZeros(_ count: Int, _ sink: ByteSink) throws(Errno) -> Int {
    let zeros = InlineArray<64, UInt64>(repeating: 0)
    var done = 0
    while done < count {
      let length = min(count &- done, 512)
      let taken = try zeros.withBytes(length, sink)
      done &+= taken
      guard taken == length else { break }
    }
    return done
  }
}

/// Which pages of a read count as used: all but the first, if that was counted already.
private struct PageUses {
  /// The page that does not count, if there is one.
  let except: UInt64?

  /// Of a disk file a page counts once while it is read in pieces, one after the other; of a file in
  /// memory, when its beginning is read.
  @inline(__always)
  init(of file: KernelPointer<OpenFile>, from position: UInt64, _ size: PageSize) {
    let page = position &>> size.shift
    let isCounted =
      file.pointee.inode.pointee.isSharedMemory
      ? position & size.offsetMask != 0 : page == (file.pointee.lastRead &- 1) &>> size.shift
    except = isCounted ? page : nil
  }
}
