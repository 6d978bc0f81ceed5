import Arm64
import KernelHeap
public import MemoryTypes
import PageFrames

extension FileSystem {
  /// Writes where the file stands, or at its end if it was opened for appending, and moves that on.
  public func write(
    _ file: KernelPointer<OpenFile>, _ count: ByteCount, _ source: ByteSource
  ) throws(Errno) -> Int {
    try write(file, at: nil, count, source)
  }

  /// Writes at a position (pwrite64), or where the file stands, into the page cache itself.
  @inline(__always)
  public func write(
    _ file: KernelPointer<OpenFile>, at position: UInt64?, _ count: ByteCount,
    _ source: ByteSource
  ) throws(Errno) -> Int {
    if let position { return try write(file, from: position, count, source) }
    let inode = file.pointee.inode
    let appends = file.pointee.flags.contains(.append) && inode.pointee.isRegular
    let start = appends ? inode.pointee.size : file.pointee.position
    let done = try write(file, from: start, count, source)
    if inode.pointee.hasPositions { file.pointee.position = start &+ UInt64(done) }
    return done
  }

  private func write(
    _ file: KernelPointer<OpenFile>, from position: UInt64, _ count: ByteCount,
    _ source: ByteSource
  ) throws(Errno) -> Int {
    guard file.pointee.flags.mayWrite else { throw .EBADF }
    let inode = file.pointee.inode
    let wanted = min(count.rawValue, maximumTransfer)
    switch inode.pointee.kind {
    case .regular:
      guard wanted > 0 else { return 0 }
      guard position < Self.maximumSize else { throw .EFBIG }
      dropSetIDs(of: inode)
      let start =
        file.pointee.flags.contains(.append) ? inode.pointee.size : position
      return try copyIn(inode, start, min(wanted, Self.maximumSize &- start), source)
    case .device(.kernelMessages): return try writeLog(inode, wanted, source)
    case .device(let device):
      return try write(device, wanted, source)
    case .procedural(let node):
      return try store(node, at: position, wanted, source)
    case .pipe(let address):
      return try writePipe(address, wanted, source, file)
    case .eventCounter(let address):
      return try writeCounter(address, wanted, source, inode)
    case .socket(let address): return try writeSocket(address, wanted, source)
    case .directory, .symbolicLink, .special, .watcher, .supplied: throw .EINVAL
    }
  }

  /// Takes bytes from a source into a file's pages (mm/filemap.c: generic_perform_write()).
  private func copyIn(
    _ inode: KernelPointer<Inode>, _ position: UInt64, _ count: UInt64, _ source: ByteSource
  ) throws(Errno) -> Int {
    var done: UInt64 = 0
    while done < count {
      // A safe point: the caller makes room and goes on.
      if done > 0 && frames.pointee.shortage != nil { break }
      let place = position &+ done
      let offset = place & pageSize.offsetMask
      let length = min(count &- done, pageSize.bytes.rawValue &- offset)
      let taken: Int
      do throws(Errno) {
        try checkSeals(of: inode, writingUpTo: place &+ length)
        let frame = try writablePage(of: inode, at: place &>> pageSize.shift)
        frames.pointee.frame(frame).pointee.referenceCount &+= 1
        markWritten(frame)
        defer { frames.pointee.release(frame) }
        // SAFETY: the piece lies within the frame, which is held.
        taken = try source(
          unsafe ByteRoom(
            board.pointer(to: frame.address(pageSize)) + Int(offset), count: Int(length)))
      } catch {
        dropBeyondEnd(of: inode)
        if done > 0 { break }
        throw error
      }
      done &+= UInt64(taken)
      if taken > 0 { inode.pointee.size = max(inode.pointee.size, place &+ UInt64(taken)) }
      guard taken == Int(length) else {
        dropBeyondEnd(of: inode)
        if done == 0 { throw .EFAULT }
        break
      }
    }
    let time = now
    inode.pointee.modified = time
    inode.pointee.changed = time
    inode.pointee.isChanged = true
    return Int(done)
  }

  /// A page for writing: a new one is zeros, also beyond the end of the file.
  private func writablePage(
    of inode: KernelPointer<Inode>, at index: UInt64
  ) throws(Errno) -> PageFrameNumber {
    let isShared = inode.pointee.isSharedMemory
    if let frame = trees.find(index, in: inode.pointee.pages) {
      if isShared { frames.pointee.markAccessed(frame) }
      return frame
    }
    if let page = try swappedPage(of: inode, at: index, forWriting: true) { return page.frame }
    let frame =
      index < pageCount(of: inode)
      ? try bringIn(index, of: inode).frame : try addZeroPage(at: index, of: inode)
    // To write to a file in memory is to use it (shmem_get_folio_gfp(), SGP_WRITE).
    if isShared { frames.pointee.frame(frame).pointee.flags.insert(.referenced) }
    return frame
  }

  /// Takes back a page that was made for bytes that never came.
  private func dropBeyondEnd(of inode: KernelPointer<Inode>) {
    dropPages(from: pageCount(of: inode), of: inode)
  }

  /// Sets a file's size (ftruncate): what is cut off is gone, what is added reads as zeros.
  public func setSize(
    of inode: KernelPointer<Inode>, to size: UInt64
  ) throws(Errno) {
    switch inode.pointee.kind {
    case .regular: break
    case .directory: throw .EISDIR
    default: throw .EINVAL
    }
    guard size <= Self.maximumSize else { throw .EFBIG }
    try checkSeals(of: inode, newSize: size)
    let old = inode.pointee.size
    if size < old {
      // The page that is cut has to be there: asked for before anything is changed.
      if size & pageSize.offsetMask != 0 { try bringForCut(size, of: inode) }
      inode.pointee.size = size
      // Out of every program's tables first, so that a page beyond the end is a SIGBUS there.
      surroundings?.pointee.unmap(inode, from: pageCount(of: inode))
      dropPages(from: pageCount(of: inode), of: inode)
      cut(inode, at: size)
      // What the archive had behind the new end must not come back when the file grows again.
      inode.pointee.forget(beyond: size)
    }
    inode.pointee.size = size
    let time = now
    inode.pointee.modified = time
    inode.pointee.changed = time
    inode.pointee.isChanged = true
    dropSetIDs(of: inode)
  }

  /// Zeros the last page behind the end (truncate_inode_pages(): the partial page).
  private func cut(_ inode: KernelPointer<Inode>, at size: UInt64) {
    let offset = size & pageSize.offsetMask
    if offset != 0 { clear(inode, size, pageSize.bytes.rawValue &- offset) }
  }

  /// Brings the page of a byte back that is to be zeroed in part (shmem_get_partial_folio()); one
  /// whose bytes are lost has none to zero.
  func bringForCut(_ start: UInt64, of inode: KernelPointer<Inode>) throws(Errno) {
    do throws(Errno) {
      _ = try swappedPage(of: inode, at: start &>> pageSize.shift)
    } catch {
      guard error == .EIO else { throw error }
    }
  }

  /// Zeros bytes of one page, if that is there.
  func clear(_ inode: KernelPointer<Inode>, _ start: UInt64, _ count: UInt64) {
    let offset = start & pageSize.offsetMask
    precondition(offset &+ count <= pageSize.bytes.rawValue)
    let index = start &>> pageSize.shift
    guard let frame = trees.find(index, in: inode.pointee.pages) else {
      guard !inode.pointee.isSharedMemory, let block = storedBlock(index, of: inode) else { return }
      // SAFETY: a part of a block, which is a page long.
      unsafe (state.pointee.disk.bytes(of: block) + Int(offset)).initializeMemory(
        as: UInt8.self, repeating: 0, count: Int(count))
      return
    }
    // What was written back is not what the page has any more.
    if !inode.pointee.isSharedMemory, frames.pointee.frame(frame).pointee.privateWord != 0 {
      frames.pointee.setDirty(frame, counted: true)
    }
    // SAFETY: a part of a frame that the cache holds.
    unsafe (board.pointer(to: frame.address(pageSize)) + Int(offset)).initializeMemory(
      as: UInt8.self, repeating: 0, count: Int(count))
  }
}
