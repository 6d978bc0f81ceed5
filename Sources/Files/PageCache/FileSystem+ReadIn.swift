import Arm64
import KernelHeap
import MemoryTypes
import PageFrames

extension FileSystem {
  /// Reads a page of a disk file from the archive.
  func readIn(
    _ index: UInt64, of inode: KernelPointer<Inode>, offset: UInt64, bytes: UInt64
  ) throws(Errno) -> PageFrameNumber {
    try charge(pages: 1, to: inode.pointee.mount)
    guard let frame = frames.pointee.allocate(.highUserMovable) else {
      uncharge(pages: 1, from: inode.pointee.mount)
      throw .ENOMEM
    }
    frames.pointee.chargeInAdvance(frame)
    var length = pageSize.bytes.rawValue
    if let block = storedBlock(index, of: inode) {
      readBlock(block, into: frame)
    } else {
      length = copy(frame, index, offset: offset, bytes: bytes)
    }
    // What was read, in the 512-byte sectors that a block device would count (submit_bio()).
    frames.pointee.count(.pgpgin, by: Int((length &+ 511) &>> 9))
    try add(frame, at: index, to: inode)
    return frame
  }

  /// Copies what the archive has of a page into a frame, and zeros behind it; answers the bytes
  /// that it had.
  @discardableResult
  func copy(
    _ frame: PageFrameNumber, _ index: UInt64, offset: UInt64, bytes: UInt64
  ) -> UInt64 {
    let address = frame.address(pageSize)
    let size = pageSize.bytes.rawValue
    let start = index &<< pageSize.shift
    guard start < bytes else {
      board.clearPages(at: address, PageCount(1), pageSize)
      return 0
    }
    let length = min(bytes &- start, size)
    // SAFETY: the archive was checked to hold `bytes` from `offset` on; the frame is a page long.
    unsafe (board.pointer(to: address)).copyMemory(
      from: archive.bytes(at: offset &+ start), byteCount: Int(length))
    if length < size {
      unsafe (board.pointer(to: address) + Int(length)).initializeMemory(
        as: UInt8.self, repeating: 0, count: Int(size &- length))
    }
    return length
  }

  /// The pages that are read at once: 128 KiB, Linux's default (VM_READAHEAD_PAGES).
  private var window: UInt64 {
    max(ByteCount.kibibytes(128).rawValue &>> pageSize.shift, 1)
  }

  /// Reads the next pages of a file that is read in order, in one go once the reader comes where
  /// the last one ended; the start of a file counts as in order (mm/readahead.c:
  /// ondemand_readahead()).
  func readAhead(after index: UInt64, of inode: KernelPointer<Inode>) {
    guard index == 0 || index == inode.pointee.readAheadIndex else {
      inode.pointee.readAheadIndex = index &+ 1
      return
    }
    inode.pointee.readAheadIndex = readIn(index &+ 1..<index &+ window, of: inode)
  }

  /// Reads the pages around one that a fault brought in (mm/filemap.c:
  /// do_sync_mmap_readahead()): programs jump about, but not far.
  @inline(never)
  func readAround(_ index: UInt64, of inode: KernelPointer<Inode>) {
    let start = index > window / 2 ? index &- window / 2 : 0
    _ = readIn(start..<start &+ window, of: inode)
  }

  /// Reads those pages of a range that the file has and RAM has not, while there is memory; where it
  /// stopped.
  private func readIn(_ range: Range<UInt64>, of inode: KernelPointer<Inode>) -> UInt64 {
    guard case .regular(.disk(let offset, let bytes)) = inode.pointee.kind else {
      return range.upperBound
    }
    let end = min(range.upperBound, pageCount(of: inode))
    var next = range.lowerBound
    while next < end {
      // Reading ahead is not worth anybody's page (readahead_gfp_mask(): __GFP_NORETRY).
      if frames.pointee.shortage != nil { return next }
      if trees.find(next, in: inode.pointee.pages) == nil {
        do throws(Errno) {
          _ = try readIn(next, of: inode, offset: offset, bytes: bytes)
        } catch { return next }
      }
      next &+= 1
    }
    return range.upperBound
  }
}
