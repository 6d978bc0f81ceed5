import AddressSpaces
import Arm64
import Files
import MemoryTypes
import Tasks

/// Making, moving and removing names; changing what belongs to a file (fs/namei.c, fs/attr.c).
extension SystemCall {

  func makeDirectory() throws(Errno) -> UInt64 {
    try withPath(1) { (path) throws(Errno) in
      try files.pointee.makeDirectory(
        path, from: base(0, path), permissions: word(2) & 0o7777 & ~umask)
    }
    return 0
  }

  func makeNode() throws(Errno) -> UInt64 {
    let mode = FileMode(rawValue: word(2) & ~umask)
    if mode.type == .directory { throw .EPERM }
    let device = argument(3)
    let number = DeviceNumber(
      UInt32(truncatingIfNeeded: (device >> 8) & 0xfff),
      UInt32(truncatingIfNeeded: (device & 0xff) | ((device >> 12) & 0xfff00)))
    try withPath(1) { (path) throws(Errno) in
      try files.pointee.makeNode(path, from: base(0, path), mode: mode, device: number)
    }
    return 0
  }

  func unlink() throws(Errno) -> UInt64 {
    guard word(2) & ~0x200 == 0 else { throw .EINVAL }
    try withPath(1) { (path) throws(Errno) in
      if word(2) != 0 {
        try files.pointee.removeDirectory(path, from: base(0, path))
      } else {
        try files.pointee.unlink(path, from: base(0, path))
      }
    }
    return 0
  }

  /// symlinkat(target, dirfd, path).
  func makeSymbolicLink() throws(Errno) -> UInt64 {
    try withPath(0, buffer: 1) { (target) throws(Errno) in
      try withPath(2) { (path) throws(Errno) in
        try files.pointee.makeSymbolicLink(path, from: base(1, path), to: target)
      }
    }
    return 0
  }

  /// linkat(old dirfd, old path, new dirfd, new path, flags): follows only with
  /// AT_SYMLINK_FOLLOW.
  func makeLink() throws(Errno) -> UInt64 {
    let flags = word(4)
    guard flags & ~0x1400 == 0 else { throw .EINVAL }
    var options: LookupOptions = flags & 0x400 == 0 ? .noFollow : []
    if flags & 0x1000 != 0 { options.insert(.emptyPath) }
    try withPlace(0, 1, options) { (target) throws(Errno) in
      try withPath(3, buffer: 1) { (path) throws(Errno) in
        try files.pointee.makeLink(path, from: base(2, path), to: target)
      }
    }
    return 0
  }

  func rename(hasFlags: Bool) throws(Errno) -> UInt64 {
    let flags = RenameFlags(rawValue: hasFlags ? word(4) : 0)
    try withPath(1, buffer: 1) { (old) throws(Errno) in
      try withPath(3) { (new) throws(Errno) in
        try files.pointee.rename(
          old, from: base(0, old), to: new, from: base(2, new), flags)
      }
    }
    return 0
  }

  func changeFolder() throws(Errno) -> UInt64 {
    try withPath(0) { (path) throws(Errno) in
      let folder = try files.pointee.resolve(path, from: workingDirectory, .directory)
      do throws(Errno) {
        try files.pointee.check(.execute, of: folder.pointee.inode)
      } catch {
        files.pointee.release(folder)
        throw error
      }
      setFolder(folder)
    }
    return 0
  }

  func changeFolderOpen() throws(Errno) -> UInt64 {
    let dentry = try file(0).pointee.dentry
    guard dentry.pointee.inode.pointee.isDirectory else { throw .ENOTDIR }
    try files.pointee.check(.execute, of: dentry.pointee.inode)
    files.pointee.retain(dentry)
    setFolder(dentry)
    return 0
  }

  /// Takes over a reference.
  private func setFolder(_ dentry: KernelPointer<Dentry>) {
    kernel.setWorkingDirectory(dentry)
  }

  /// truncate(path, length).
  func truncate() throws(Errno) -> UInt64 {
    guard signed(1) >= 0 else { throw .EINVAL }
    try withPath(0) { (path) throws(Errno) in
      let dentry = try files.pointee.resolve(path, from: workingDirectory)
      defer { files.pointee.release(dentry) }
      let inode = dentry.pointee.inode
      if inode.pointee.isRegular { try files.pointee.check(.write, of: inode) }
      try setSize(inode)
    }
    return 0
  }

  func truncateOpen() throws(Errno) -> UInt64 {
    guard signed(1) >= 0 else { throw .EINVAL }
    let file = try file(0)
    guard file.pointee.flags.mayWrite, file.pointee.inode.pointee.isRegular else {
      throw .EINVAL
    }
    try setSize(file.pointee.inode)
    return 0
  }

  private func setSize(_ inode: KernelPointer<Inode>) throws(Errno) {
    if inode.pointee.isDirectory { throw .EISDIR }
    guard inode.pointee.isRegular else { throw .EINVAL }
    guard !inode.pointee.isBeingExecuted else { throw .ETXTBSY }
    // inode_newsize_ok().
    if argument(1) > inode.pointee.size, argument(1) > fileSizeLimit {
      kernel.sendFileSizeExceeded()
      throw .EFBIG
    }
    try files.pointee.setSize(of: inode, to: argument(1))
  }

  func changeModeOpen() throws(Errno) -> UInt64 {
    try files.pointee.setPermissions(of: readyFile(0).pointee.inode, to: word(1) & 0o7777)
    return 0
  }

  func changeMode() throws(Errno) -> UInt64 {
    try withPlace(0, 1) { (dentry) throws(Errno) in
      try files.pointee.setPermissions(of: dentry.pointee.inode, to: word(2) & 0o7777)
    }
    return 0
  }

  /// fchownat(dirfd, path, owner, group, flags).
  func changeOwner() throws(Errno) -> UInt64 {
    guard word(4) & ~0x1100 == 0 else { throw .EINVAL }
    try withPlace(0, 1, lookupOptions(word(4))) { (dentry) throws(Errno) in
      try setOwner(dentry.pointee.inode, word(2), word(3))
    }
    return 0
  }

  func changeOwnerOpen() throws(Errno) -> UInt64 {
    try setOwner(readyFile(0).pointee.inode, word(1), word(2))
    return 0
  }

  private func setOwner(
    _ inode: KernelPointer<Inode>, _ owner: UInt32, _ group: UInt32
  ) throws(Errno) {
    // -1 leaves one as it is.
    try files.pointee.setOwner(
      of: inode, to: owner == .max ? nil : owner, group: group == .max ? nil : group)
  }

  /// utimensat(dirfd, path, times, flags): a null path means the descriptor itself.
  func changeTimes() throws(Errno) -> UInt64 {
    guard word(3) & ~0x1100 == 0 else { throw .EINVAL }
    var times = InlineArray<2, FileTime?>(repeating: files.pointee.time)
    var isNow = true
    if argument(2) != 0 {
      for index in 0..<2 {
        let place = address(2) + ByteCount(UInt64(index) &* 16)
        let seconds = try space.pointee.copyIn(Int64.self, from: place)
        let nanoseconds = try space.pointee.copyIn(UInt64.self, from: place + ByteCount(8))
        switch nanoseconds {
        case 0x3fff_ffff: break  // UTIME_NOW
        case 0x3fff_fffe:  // UTIME_OMIT
          times[index] = nil
          isNow = false
        case 0..<1_000_000_000:
          isNow = false
          times[index] = FileTime(seconds: seconds, nanoseconds: UInt32(nanoseconds))
        default: throw .EINVAL
        }
      }
    }
    // Nothing to set, nothing to ask for (do_utimensat()).
    if argument(2) != 0, times[0] == nil, times[1] == nil { return 0 }
    if argument(1) == 0 && int(0) != Self.currentFolderMark {
      guard word(3) == 0 else { throw .EINVAL }
      try files.pointee.setTimes(
        of: readyFile(0).pointee.inode, accessed: times[0], modified: times[1], isNow: isNow)
    } else {
      try withPlace(0, 1, lookupOptions(word(3))) { (dentry) throws(Errno) in
        try files.pointee.setTimes(
          of: dentry.pointee.inode, accessed: times[0], modified: times[1], isNow: isNow)
      }
    }
    return 0
  }

  /// fsync and fdatasync: what is dirty of a file on a disk is clean then.
  func synchronize() throws(Errno) -> UInt64 {
    let file = try readyFile(0)
    let inode = file.pointee.inode
    // vfs_fsync_range(): of what could be written back, were there a disk.
    switch inode.pointee.kind {
    case .regular: writeBack(inode, from: 0, to: .max)
    case .directory: break
    default: throw .EINVAL
    }
    return 0
  }

  /// posix_fadvise: advice that changes nothing here.
  func adviseFile() throws(Errno) -> UInt64 {
    _ = try readyFile(0)
    guard word(3) <= 5, signed(2) >= 0 else { throw .EINVAL }
    return 0
  }
}
