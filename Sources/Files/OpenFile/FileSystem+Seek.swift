import Arm64
public import MemoryTypes

extension FileSystem {
  /// Moves a file's position (lseek); whence as SEEK_*.
  public func seek(
    _ file: KernelPointer<OpenFile>, to offset: Int64, whence: UInt32
  ) throws(Errno) -> UInt64 {
    let inode = file.pointee.inode
    if case .pipe = inode.pointee.kind { throw .ESPIPE }
    if case .device(let device) = inode.pointee.kind {
      if device.isConsole { throw .ESPIPE }
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
      // Data everywhere up to the end, one hole behind it (generic_file_llseek_size()).
      guard offset >= 0, UInt64(offset) < size else { throw .ENXIO }
      file.pointee.position = whence == 3 ? UInt64(offset) : size
      return file.pointee.position
    default: throw .EINVAL
    }
    let (target, overflow) = Int64(bitPattern: base).addingReportingOverflow(offset)
    guard !overflow, target >= 0 else { throw overflow ? .EOVERFLOW : .EINVAL }
    file.pointee.position = UInt64(target)
    return UInt64(target)
  }
}
