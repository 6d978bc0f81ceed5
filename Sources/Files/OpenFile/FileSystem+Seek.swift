import Arm64
import KernelHeap
public import MemoryTypes

extension FileSystem {
  /// Moves a file's position (lseek); whence as SEEK_*.
  public func seek(
    _ file: KernelPointer<OpenFile>, to offset: Int64, whence: UInt32
  ) throws(Errno) -> UInt64 {
    let inode = file.pointee.inode
    if isStream(file) { throw .ESPIPE }
    if case .device(.kernelMessages) = inode.pointee.kind {
      return try seekLog(file, to: offset, whence: whence)
    }
    if case .device = inode.pointee.kind {
      // lseek on /dev/null and its like answers 0 (drivers/char/mem.c: null_lseek()).
      file.pointee.position = 0
      return 0
    }
    if let node = inode.pointee.node, inode.pointee.mode.type == .regular {
      return try seekText(file, node, to: offset, whence: whence)
    }
    let size = inode.pointee.size
    let base: UInt64
    switch whence {
    case 0: base = 0
    case 1: base = file.pointee.position
    case 2: base = size
    case 3, 4:
      guard offset >= 0, UInt64(offset) < size else { throw .ENXIO }
      file.pointee.position = try seekData(inode, UInt64(offset), findsHole: whence == 4)
      return file.pointee.position
    default: throw .EINVAL
    }
    let (target, overflow) = Int64(bitPattern: base).addingReportingOverflow(offset)
    guard !overflow, target >= 0 else { throw overflow ? .EOVERFLOW : .EINVAL }
    file.pointee.position = UInt64(target)
    return UInt64(target)
  }

  /// The next byte of data, or of a hole, at or after a position below the end (mm/shmem.c:
  /// shmem_file_llseek()).
  ///
  /// A page that is there is data, unless it was only made room for, and so is one in a slot. A disk
  /// file has data everywhere up to its end, and one hole behind it (generic_file_llseek_size()).
  private func seekData(
    _ inode: KernelPointer<Inode>, _ offset: UInt64, findsHole: Bool
  ) throws(Errno) -> UInt64 {
    let size = inode.pointee.size
    guard inode.pointee.isSharedMemory else { return findsHole ? size : offset }
    let end = pageCount(of: inode)
    let first = offset &>> pageSize.shift
    var place = first
    if findsHole {
      while place < end, isData(place, of: inode) { place &+= 1 }
    } else {
      let found = trees.first(in: inode.pointee.pages, from: first) { isData($0) }
      guard let found, found < end else { throw .ENXIO }
      place = found
    }
    if place == first { return offset }
    return min(place &<< pageSize.shift, size)
  }

  private func isData(_ index: UInt64, of inode: KernelPointer<Inode>) -> Bool {
    isData(trees.entry(at: index, in: inode.pointee.pages))
  }

  /// Whether what stands in the place of a page of a file in memory is data
  /// (folio_seek_hole_data()).
  private func isData(_ entry: PageTree.Entry) -> Bool {
    switch entry {
    case .none: false
    case .frame(let number): isData(number)
    case .value: true
    }
  }
}
