import Arm64
import KernelHeap
public import MemoryTypes

/// What `stat` answers, byte for byte (include/uapi/asm-generic/stat.h, 128 bytes).
public struct Metadata: BitwiseCopyable, Sendable {
  public var device: UInt64 = 0
  public var inodeNumber: UInt64 = 0
  public var mode: UInt32 = 0
  public var links: UInt32 = 0
  public var owner: UInt32 = 0
  public var group: UInt32 = 0
  public var representedDevice: UInt64 = 0
  var padding1: UInt64 = 0
  public var size: UInt64 = 0
  public var blockSize: UInt32 = 0
  var padding2: UInt32 = 0
  /// In units of 512 bytes.
  public var blocks: UInt64 = 0
  public var accessedSeconds: Int64 = 0
  public var accessedNanoseconds: UInt64 = 0
  public var modifiedSeconds: Int64 = 0
  public var modifiedNanoseconds: UInt64 = 0
  public var changedSeconds: Int64 = 0
  public var changedNanoseconds: UInt64 = 0
  var unused: UInt64 = 0
}

/// What `statfs` answers, byte for byte (include/uapi/asm-generic/statfs.h, 120 bytes).
public struct MountMetadata: BitwiseCopyable, Sendable {
  public var magic: UInt64 = 0
  public var blockSize: UInt64 = 0
  public var blocks: UInt64 = 0
  public var freeBlocks: UInt64 = 0
  public var availableBlocks: UInt64 = 0
  public var files: UInt64 = 0
  public var freeFiles: UInt64 = 0
  public var identifier: UInt64 = 0
  public var maximumName: UInt64 = 255
  public var fragmentSize: UInt64 = 0
  public var flags: UInt64 = 0
  var spare = InlineArray<4, UInt64>(repeating: 0)
}

extension FileSystem {
  public func metadata(of inode: KernelPointer<Inode>) -> Metadata {
    var result = Metadata()
    result.device = inode.pointee.mount.device.encoded
    result.inodeNumber = inode.pointee.number
    result.mode = inode.pointee.mode.rawValue
    result.links = inode.pointee.links
    result.owner = inode.pointee.owner
    result.group = inode.pointee.group
    result.size = inode.pointee.size
    result.blockSize = UInt32(pageSize.bytes.rawValue)
    switch inode.pointee.kind {
    case .regular(.sharedMemory):
      result.blocks =
        (inode.pointee.pages.count &+ inode.pointee.swapped) &<< (pageSize.shift &- 9)
    case .regular(.disk):
      result.blocks = ((inode.pointee.size &+ 4095) &>> 12) &<< 3
      result.blockSize = 4096
    case .device(let device): result.representedDevice = device.number.encoded
    case .procedural: result.blockSize = inode.pointee.mount == .system ? 4096 : 1024
    case .special: result.representedDevice = inode.pointee.unknownDevice.encoded
    default: break
    }
    result.accessedSeconds = inode.pointee.accessed.seconds
    result.accessedNanoseconds = UInt64(inode.pointee.accessed.nanoseconds)
    result.modifiedSeconds = inode.pointee.modified.seconds
    result.modifiedNanoseconds = UInt64(inode.pointee.modified.nanoseconds)
    result.changedSeconds = inode.pointee.changed.seconds
    result.changedNanoseconds = UInt64(inode.pointee.changed.nanoseconds)
    return result
  }

  public func mountMetadata(of inode: KernelPointer<Inode>) -> MountMetadata {
    let mount = inode.pointee.mount
    let figures = state.pointee.mounts[Int(mount.rawValue)]
    var result = MountMetadata()
    result.magic = mount.magic
    result.blockSize = pageSize.bytes.rawValue
    result.fragmentSize = result.blockSize
    result.blocks = figures.pageLimit
    result.freeBlocks = figures.pageLimit &- min(figures.pages, figures.pageLimit)
    result.availableBlocks = result.freeBlocks
    result.files = figures.inodeLimit
    result.freeFiles = figures.inodeLimit &- min(figures.inodes, figures.inodeLimit)
    // ST_VALID, and of the mount's flags those that statfs names alike; ST_RELATIME is 0x1000
    // (fs/statfs.c: flags_by_mnt()).
    result.flags = 0x20 | UInt64(figures.flags.rawValue & 0xf)
    if figures.flags.contains(.noAccessTime) { result.flags |= 0x400 }
    if figures.flags.contains(.relativeAccessTime) { result.flags |= 0x1000 }
    return result
  }

  /// The pages, and the inodes, that a mount may hold (`size` and `nr_inodes` in /proc/mounts).
  public func pageLimit(of mount: Mount) -> UInt64 {
    state.pointee.mounts[Int(mount.rawValue)].pageLimit
  }

  public func inodeLimit(of mount: Mount) -> UInt64 {
    state.pointee.mounts[Int(mount.rawValue)].inodeLimit
  }

  /// Sets the permission bits (fchmod): the owner may, and the set-group-ID bit stays only for
  /// members of the group (setattr_prepare(), setattr_copy()).
  public func setPermissions(
    of inode: KernelPointer<Inode>, to permissions: UInt32
  ) throws(Errno) {
    try checkChange(of: inode)
    guard owns(inode) else { throw .EPERM }
    // No file system of Linux keeps permissions of a link.
    guard !inode.pointee.isSymbolicLink else { throw .EOPNOTSUPP }
    var bits = permissions & 0o7777
    if let who = caller?.credentials, who.pointee.fileUser != 0,
      !who.pointee.isMember(of: inode.pointee.group)
    {
      bits &= ~0o2000
    }
    try tell(inode, ProceduralChange(permissions: bits))
    inode.pointee.mode.permissions = bits
    inode.pointee.changed = now
  }

  /// Sets owner and group; nil leaves one as it is (fchown).
  ///
  /// Only user 0 gives files away; the owner may choose among its own groups. What the file could
  /// do in its owner's name, it no longer can.
  public func setOwner(
    of inode: KernelPointer<Inode>, to owner: UInt32?, group: UInt32?
  ) throws(Errno) {
    try checkChange(of: inode)
    if let who = caller?.credentials, who.pointee.fileUser != 0 {
      let user = who.pointee.fileUser
      if let owner, user != inode.pointee.owner || owner != user { throw .EPERM }
      if let group {
        guard user == inode.pointee.owner,
          who.pointee.isMember(of: group) || group == inode.pointee.group
        else { throw .EPERM }
      }
    }
    try tell(inode, ProceduralChange(owner: owner, group: group))
    if let owner { inode.pointee.owner = owner }
    if let group { inode.pointee.group = group }
    if !inode.pointee.isDirectory { dropSetIDsOfAnother(inode) }
    inode.pointee.changed = now
  }

  /// Sets the times; nil leaves one as it is (utimensat).
  ///
  /// To other moments than now only the owner may; to now, who may write (vfs_utimes()).
  public func setTimes(
    of inode: KernelPointer<Inode>, accessed: FileTime?, modified: FileTime?, isNow: Bool
  ) throws(Errno) {
    try checkChange(of: inode)
    if !owns(inode) {
      guard isNow else { throw .EPERM }
      try check(.write, of: inode)
    }
    if let accessed { inode.pointee.accessed = accessed }
    if let modified { inode.pointee.modified = modified }
    inode.pointee.changed = now
  }

  private func checkChange(of inode: KernelPointer<Inode>) throws(Errno) {
    guard !isReadOnly(inode.pointee.mount) else { throw .EROFS }
    // Texts have the modes that the kernel gives them (proc_setattr()); but whoever makes folders
    // may share them out (kernfs_iop_setattr()).
    try tell(inode, ProceduralChange())
  }

  /// Tells the room that has a procedural file of a change of it.
  private func tell(
    _ inode: KernelPointer<Inode>, _ change: ProceduralChange
  ) throws(Errno) {
    guard let node = inode.pointee.node else { return }
    guard let surroundings else { throw .EPERM }
    try surroundings.pointee.texts.change(surroundings.pointee.context, node, change)
  }

  /// The time of day, as files are stamped with it.
  public var time: FileTime { now }
}
