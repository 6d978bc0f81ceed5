import Arm64
import KernelHeap
public import MemoryTypes
import PageFrames

/// Writing pages of disk files back, and reading them again; see ``DiskBlocks``.
extension FileSystem {
  /// Copies a page to its block, which it gets if it has none, so that it can be taken and read
  /// again; false where the disk is full, or the file has none (fs/ext2: ext2_writepage()).
  ///
  /// Whoever calls it makes the page clean.
  @discardableResult
  public func writeToDisk(_ number: PageFrameNumber) -> Bool {
    let frame = frames.pointee.frame(number)
    guard let inode = owner(of: frame), case .regular(.disk) = inode.pointee.kind else {
      return false
    }
    inode.pointee.isChanged = true
    if frame.pointee.privateWord == 0 {
      guard let block = state.pointee.disk.allocate() else { return false }
      frame.pointee.privateWord = block &+ 1
    }
    let block = frame.pointee.privateWord &- 1
    // SAFETY: a block is a page long, and so is the frame.
    unsafe state.pointee.disk.bytes(of: block).copyMemory(
      from: board.pointer(to: number.address(pageSize)), byteCount: Int(pageSize.bytes.rawValue))
    frame.pointee.flags.remove(.unbacked)
    // In sectors, as submit_bio() counts.
    frames.pointee.count(.pgpgout, by: Int(pageSize.bytes.rawValue &>> 9))
    return true
  }

  /// Whose page a frame of the page cache is; nil where its file has dropped it.
  func owner(of frame: KernelPointer<Frame>) -> KernelPointer<Inode>? {
    guard frame.pointee.state == .pageCache else { return nil }
    // SAFETY: a frame of the page cache has its inode's address.
    return unsafe UnsafeMutablePointer<Inode>(bitPattern: UInt(frame.pointee.mapping))
      .map { unsafe KernelPointer($0) }
  }

  /// The block that a page was written back to which is not in RAM.
  func storedBlock(_ index: UInt64, of inode: KernelPointer<Inode>) -> UInt64? {
    guard state.pointee.disk.used != 0 else { return nil }
    return trees.entry(at: index, in: inode.pointee.pages).value.flatMap(DiskBlocks.block)
  }

  /// Copies a block into a frame.
  func readBlock(_ block: UInt64, into frame: PageFrameNumber) {
    // SAFETY: a block is a page long, and so is the frame.
    unsafe board.pointer(to: frame.address(pageSize)).copyMemory(
      from: state.pointee.disk.bytes(of: block), byteCount: Int(pageSize.bytes.rawValue))
  }

  /// A page's place says that it was in a block: it is the page's from now on; the shadow that was
  /// left with it.
  func takeBlock(_ value: UInt64, for frame: KernelPointer<Frame>) -> UInt64? {
    guard let block = DiskBlocks.block(value) else { return value }
    frame.pointee.privateWord = block &+ 1
    let shadow = state.pointee.disk.shadow(of: block)
    state.pointee.disk.setShadow(nil, of: block)
    return shadow
  }

  /// What stays in the place of a page that is evicted; nil for nothing.
  func remains(of frame: KernelPointer<Frame>, shadow: UInt64?) -> UInt64? {
    guard frame.pointee.privateWord != 0 else { return shadow }
    let block = frame.pointee.privateWord &- 1
    frame.pointee.privateWord = 0
    state.pointee.disk.setShadow(shadow, of: block)
    return block | DiskBlocks.flag
  }

  /// A file loses a page: its block is free.
  func freeBlock(of frame: KernelPointer<Frame>) {
    guard frame.pointee.privateWord != 0 else { return }
    state.pointee.disk.free(frame.pointee.privateWord &- 1)
    frame.pointee.privateWord = 0
  }

  /// The same of one that is not in RAM.
  func freeBlock(of value: UInt64) {
    if let block = DiskBlocks.block(value) { state.pointee.disk.free(block) }
  }
}
