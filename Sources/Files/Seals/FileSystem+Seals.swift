public import MemoryTypes

extension FileSystem {
  /// Adds seals (mm/memfd.c:memfd_add_seals()).
  ///
  /// - Parameter isMappedForWriting: whether the file has a shared mapping that may be, or become,
  ///   writable: that forbids `.write`. Asked only where it matters.
  public func addSeals(
    _ seals: FileSeals, to file: KernelPointer<OpenFile>, isMappedForWriting: () -> Bool
  ) throws(Errno) {
    guard file.pointee.flags.mayWrite else { throw .EPERM }
    guard seals.isSubset(of: .all) else { throw .EINVAL }
    let inode = file.pointee.inode
    guard inode.pointee.isSharedMemory else { throw .EINVAL }
    guard !inode.pointee.seals.contains(.seal) else { throw .EPERM }
    if seals.contains(.write), !inode.pointee.seals.contains(.write), isMappedForWriting() {
      throw .EBUSY
    }
    inode.pointee.seals.formUnion(seals)
  }

  /// The seals of a file; EINVAL for one that is not in memory (memfd_get_seals()).
  public func seals(of file: KernelPointer<OpenFile>) throws(Errno) -> FileSeals {
    guard file.pointee.inode.pointee.isSharedMemory else { throw .EINVAL }
    return file.pointee.inode.pointee.seals
  }

  /// EPERM for a write of bytes up to `end` that a seal forbids (shmem_write_begin(),
  /// shmem_fallocate()).
  @inline(__always)
  func checkSeals(of inode: KernelPointer<Inode>, writingUpTo end: UInt64) throws(Errno) {
    let seals = inode.pointee.seals
    if seals.isDisjoint(with: [.grow, .write, .futureWrite]) { return }
    guard seals.isDisjoint(with: .anyWrite),
      !seals.contains(.grow) || end <= inode.pointee.size
    else { throw .EPERM }
  }

  /// EPERM for a size that a seal forbids (shmem_setattr()).
  func checkSeals(of inode: KernelPointer<Inode>, newSize: UInt64) throws(Errno) {
    let seals = inode.pointee.seals
    let size = inode.pointee.size
    if newSize < size && seals.contains(.shrink) || newSize > size && seals.contains(.grow) {
      throw .EPERM
    }
  }
}
