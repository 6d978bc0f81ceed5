import Arm64
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
    let length = copy(frame, index, offset: offset, bytes: bytes)
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

  /// Reads the next pages of a file that is read in order: a window of 128 KiB, Linux's default
  /// (VM_READAHEAD_PAGES), in one go once the reader comes where the last one ended.
  func readAhead(
    after index: UInt64, of inode: KernelPointer<Inode>, offset: UInt64, bytes: UInt64
  ) {
    let expected = inode.pointee.readAheadIndex
    let window = max(ByteCount.kibibytes(128).rawValue &>> pageSize.shift, 1)
    // The start of a file counts as sequential (mm/readahead.c: ondemand_readahead()).
    guard index == 0 || index == expected else {
      inode.pointee.readAheadIndex = index &+ 1
      return
    }
    let end = min(index &+ window, pageCount(of: inode))
    var next = index &+ 1
    while next < end {
      if find(next, in: inode.pointee.pages) == nil {
        do throws(Errno) {
          _ = try readIn(next, of: inode, offset: offset, bytes: bytes)
        } catch {
          break
        }
      }
      next &+= 1
    }
    inode.pointee.readAheadIndex = next
  }
}
