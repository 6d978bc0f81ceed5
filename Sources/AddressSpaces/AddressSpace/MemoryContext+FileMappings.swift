import Arm64
public import Files
public import MemoryTypes

extension MemoryContext {
  /// Unmaps a file's pages from an index on, wherever they are mapped: it was truncated
  /// (mm/memory.c:unmap_mapping_range()).
  ///
  /// Private copies of those pages go too, as on Linux.
  public func unmapFile(_ inode: KernelPointer<Inode>, from first: UInt64) {
    var space = firstSpace
    while let here = space {
      here.pointee.unmapFile(inode, from: first)
      space = here.pointee.nextSpace
    }
  }
}

extension AddressSpace {
  mutating func unmapFile(_ inode: KernelPointer<Inode>, from first: UInt64) {
    var area = areas.first
    while let here = area {
      area = here.pointee.next
      guard let file = here.pointee.file, !here.pointee.isAnonymous,
        file.pointee.inode == inode
      else { continue }
      let offset = here.pointee.pageOffset
      let pages = pageCount(of: here)
      guard first < offset &+ pages else { continue }
      let skipped = first > offset ? PageCount(first &- offset).bytes(of: pageSize) : ByteCount(0)
      drop(pagesOf: here, here.pointee.start + skipped, here.pointee.end)
    }
  }
}
