import Arm64
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
      result.blocks = inode.pointee.pages.count &<< (pageSize.shift &- 9)
    case .regular(.disk):
      result.blocks = ((inode.pointee.size &+ 4095) &>> 12) &<< 3
      result.blockSize = 4096
    case .device(let device): result.representedDevice = device.number.encoded
    case .procedural: result.blockSize = inode.pointee.mount == .system ? 4096 : 1024
    case .directory, .symbolicLink, .pipe, .special: break
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
    // ST_VALID; Linux adds ST_RELATIME where a mount has it.
    result.flags = 0x20
    return result
  }

  /// The pages, and the inodes, that a mount may hold (`size` and `nr_inodes` in /proc/mounts).
  public func pageLimit(of mount: Mount) -> UInt64 {
    state.pointee.mounts[Int(mount.rawValue)].pageLimit
  }

  public func inodeLimit(of mount: Mount) -> UInt64 {
    state.pointee.mounts[Int(mount.rawValue)].inodeLimit
  }

  /// Sets the permission bits (fchmod).
  public func setPermissions(of inode: KernelPointer<Inode>, to permissions: UInt32) {
    inode.pointee.mode.permissions = permissions & 0o7777
    inode.pointee.changed = now
  }

  /// Sets owner and group; nil leaves one as it is (fchown).
  public func setOwner(
    of inode: KernelPointer<Inode>, to owner: UInt32?, group: UInt32?
  ) {
    if let owner { inode.pointee.owner = owner }
    if let group { inode.pointee.group = group }
    inode.pointee.changed = now
  }

  /// Sets the times; nil leaves one as it is (utimensat).
  public func setTimes(
    of inode: KernelPointer<Inode>, accessed: FileTime?, modified: FileTime?
  ) {
    if let accessed { inode.pointee.accessed = accessed }
    if let modified { inode.pointee.modified = modified }
    inode.pointee.changed = now
  }

  /// The time of day, as files are stamped with it.
  public var time: FileTime { now }
}
