import AddressSpaces
import Arm64
import Files
import MemoryTypes
import Tasks

/// Mounting, and the folder that a process takes for `/` (fs/namespace.c, fs/open.c).
extension SystemCall {
  /// mount(source, target, type, flags, data): tmpfs, and changes of what is mounted.
  func mount() throws(Errno) -> UInt64 {
    // MS_MGC_VAL in the upper half is from days when it had to be there.
    var flags = argument(3)
    if flags & 0xffff_0000 == 0xc0ed_0000 { flags &= 0xffff }
    let type = try mountType()
    var source = ShortName("none" as StaticString)
    if argument(0) != 0 {
      source = try withPath(0) { (name) throws(Errno) in ShortName(name) }
    }
    return try withPath(1, mayBeEmpty: false) { (path) throws(Errno) in
      let place = try files.pointee.resolve(path, from: workingDirectory)
      files.pointee.release(place)
      guard isAdministrator else { throw .EPERM }
      let kept = mountFlags(flags)
      return try withMountData { (options) throws(Errno) in
        if flags & 32 != 0 {  // MS_REMOUNT
          try files.pointee.remount(path, from: workingDirectory, options: options, kept)
          return 0
        }
        // MS_BIND, MS_MOVE: the tree has one place for each file.
        guard flags & (4096 | 8192) == 0 else { throw .EINVAL }
        // MS_SHARED, MS_PRIVATE, MS_SLAVE, MS_UNBINDABLE: there is one namespace.
        if flags & (1 << 20 | 1 << 18 | 1 << 19 | 1 << 17) != 0 { return 0 }
        guard let type else { throw .EINVAL }
        if type == .controlGroups {
          let top = try files.pointee.resolve("/sys/fs/cgroup", from: workingDirectory)
          defer { files.pointee.release(top) }
          guard let node = top.pointee.inode.pointee.node else { throw Errno.ENODEV }
          try source.withName { (source) throws(Errno) in
            try files.pointee.mountControlGroups(
              on: path, from: workingDirectory, source: source, top: node, kept)
          }
          return 0
        }
        guard type == .memory else { throw type == .unknown ? .ENODEV : .EBUSY }
        try source.withName { (source) throws(Errno) in
          try files.pointee.mountMemory(
            on: path, from: workingDirectory, source: source, options: options, kept)
        }
        return 0
      }
    }
  }

  private enum MountType { case memory, controlGroups, known, unknown }

  private func mountType() throws(Errno) -> MountType? {
    guard argument(2) != 0 else { return nil }
    return try withPath(2) { (name) throws(Errno) in
      if name == "tmpfs" || name == "ramfs" { return .memory }
      if name == "cgroup2" { return .controlGroups }
      return name == "cgroup" || name == "proc" || name == "sysfs" || name == "devtmpfs"
        ? .known : .unknown
    }
  }

  /// The options, a string of at most a page (copy_mount_options()).
  private func withMountData<T>(
    _ body: (ByteString) throws(Errno) -> T
  ) throws(Errno) -> T {
    guard argument(4) != 0 else { return try body("") }
    return try withPath(4, buffer: 1, body)
  }

  /// What of MS_* stays with the mount (path_mount()).
  private func mountFlags(_ flags: UInt64) -> MountFlags {
    var kept = MountFlags(rawValue: UInt32(truncatingIfNeeded: flags)).intersection([
      .readOnly, .noSetID, .noDevices, .noExecution, .noAccessTime,
    ])
    if !kept.contains(.noAccessTime) { kept.formUnion(.relativeAccessTime) }
    return kept
  }

  /// umount2(target, flags).
  func unmountFolder() throws(Errno) -> UInt64 {
    // MNT_FORCE 1, MNT_DETACH 2, MNT_EXPIRE 4, UMOUNT_NOFOLLOW 8.
    guard word(1) & ~15 == 0 else { throw .EINVAL }
    guard isAdministrator else { throw .EPERM }
    guard word(1) & 4 == 0 || word(1) & 3 == 0 else { throw .EINVAL }
    try withPath(0, mayBeEmpty: false) { (path) throws(Errno) in
      try files.pointee.unmount(path, from: workingDirectory, follows: word(1) & 8 == 0)
    }
    return 0
  }

  /// pivot_root(new root, put old): the root of an initramfs cannot be moved.
  func pivotRoot() throws(Errno) -> UInt64 {
    guard isAdministrator else { throw .EPERM }
    for index in 0..<2 {
      try withPath(index, mayBeEmpty: false) { (path) throws(Errno) in
        files.pointee.release(
          try files.pointee.resolve(path, from: workingDirectory, .directory))
      }
    }
    throw .EINVAL
  }

  /// chroot(path).
  func changeRoot() throws(Errno) -> UInt64 {
    try withPath(0) { (path) throws(Errno) in
      let folder = try files.pointee.resolve(path, from: workingDirectory, .directory)
      do throws(Errno) {
        try files.pointee.check(.execute, of: folder.pointee.inode)
        guard isAdministrator else { throw Errno.EPERM }
      } catch {
        files.pointee.release(folder)
        throw error
      }
      kernel.setRoot(folder)
    }
    return 0
  }
}
