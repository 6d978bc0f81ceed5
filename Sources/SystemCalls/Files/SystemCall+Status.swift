import AddressSpaces
import Arm64
import Files
import MemoryTypes
import Tasks

/// What a file is (fs/stat.c, fs/statfs.c, fs/open.c).
extension SystemCall {
  /// newfstatat(dirfd, path, buffer, flags).
  func status() throws(Errno) -> UInt64 {
    let flags = word(3)
    guard flags & ~0x1900 == 0 else { throw .EINVAL }
    try withPlace(0, 1, lookupOptions(flags)) { (dentry) throws(Errno) in
      try storeStatus(dentry.pointee.inode)
    }
    return 0
  }

  func statusOpen() throws(Errno) -> UInt64 {
    let file = try file(0)
    try space.pointee.copyOut(
      files.pointee.metadata(of: file.pointee.inode), to: address(1))
    return 0
  }

  private func storeStatus(_ inode: KernelPointer<Inode>) throws(Errno) {
    try space.pointee.copyOut(files.pointee.metadata(of: inode), to: address(2))
  }

  /// statx(dirfd, path, flags, mask, buffer).
  func extendedStatus() throws(Errno) -> UInt64 {
    let flags = word(2)
    // STATX__RESERVED, and AT_STATX_SYNC_TYPE with both bits.
    guard word(3) & 0x8000_0000 == 0, flags & 0x6000 != 0x6000 else { throw .EINVAL }
    guard flags & ~0x7900 == 0 else { throw .EINVAL }
    try withPlace(0, 1, lookupOptions(flags)) { (dentry) throws(Errno) in
      let metadata = files.pointee.metadata(of: dentry.pointee.inode)
      try space.pointee.copyOut(ExtendedMetadata(metadata), to: address(4))
    }
    return 0
  }

  /// faccessat(dirfd, path, mode) and faccessat2, which has flags.
  func checkAccess(hasFlags: Bool) throws(Errno) -> UInt64 {
    let flags = hasFlags ? word(3) : 0
    let access = FileAccess(rawValue: word(2))
    guard word(2) & ~7 == 0, flags & ~0x1300 == 0 else { throw .EINVAL }
    // Asked in the name of the real user and group, but with AT_EACCESS
    // (access_override_creds()).
    let who = Task.credentialsPointer(task)
    let own = (user: who.pointee.fileUser, group: who.pointee.fileGroup)
    if flags & 0x200 == 0 {
      who.pointee.fileUser = who.pointee.user
      who.pointee.fileGroup = who.pointee.group
    }
    defer {
      who.pointee.fileUser = own.user
      who.pointee.fileGroup = own.group
    }
    try withPlace(0, 1, lookupOptions(flags)) { (dentry) throws(Errno) in
      let inode = dentry.pointee.inode
      if access.contains(.execute), inode.pointee.isRegular,
        files.pointee.flags(of: inode.pointee.mount).contains(.noExecution)
      {
        throw .EACCES
      }
      guard !access.isEmpty else { return }
      try files.pointee.check(access, of: inode)
    }
    return 0
  }

  /// statfs(path, buffer) and fstatfs(fd, buffer).
  func mountFigures(byPath: Bool) throws(Errno) -> UInt64 {
    if byPath {
      try withPath(0, mayBeEmpty: false) { (path) throws(Errno) in
        let dentry = try files.pointee.resolve(path, from: workingDirectory)
        defer { files.pointee.release(dentry) }
        try space.pointee.copyOut(
          files.pointee.mountMetadata(of: dentry.pointee.inode), to: address(1))
      }
    } else {
      let file = try file(0)
      try space.pointee.copyOut(
        files.pointee.mountMetadata(of: file.pointee.inode), to: address(1))
    }
    return 0
  }

  /// readlinkat(dirfd, path, buffer, size).
  func readLink() throws(Errno) -> UInt64 {
    guard int(3) > 0 else { throw .EINVAL }
    var place = address(2)
    return try withPlace(0, 1, [.noFollow, .emptyPath]) { (dentry) throws(Errno) in
      UInt64(
        try files.pointee.readLink(dentry, ByteCount(UInt64(int(3)))) { piece in
          store(piece, &place)
        })
    }
  }

  /// getcwd(buffer, size): the path and its zero; the length with the zero.
  func currentFolder() throws(Errno) -> UInt64 {
    var writer = TextWriter<B>(files)
    defer { writer.discard() }
    files.pointee.writePath(of: workingDirectory, &writer)
    writer.byte(0)
    guard !writer.hasFailed else { throw .ENOMEM }
    let length = writer.count
    guard length <= argument(1) else { throw .ERANGE }
    var place = address(0)
    var stored: UInt64 = 0
    writer.forEachPiece { piece in
      stored &+= UInt64(store(piece, &place))
    }
    guard stored == length else { throw .EFAULT }
    return length
  }

  /// getdents64(fd, buffer, size).
  func listFolder() throws(Errno) -> UInt64 {
    let file = try readyFile(0)
    var place = address(1)
    return UInt64(
      try files.pointee.list(file, ByteCount(UInt64(word(2)))) { piece in
        store(piece, &place)
      })
  }
}

/// What `statx` answers (include/uapi/linux/stat.h, 256 bytes).
struct ExtendedMetadata: BitwiseCopyable {
  /// STATX_BASIC_STATS.
  var mask: UInt32 = 0x7ff
  var blockSize: UInt32
  var attributes: UInt64 = 0
  var links: UInt32
  var owner: UInt32
  var group: UInt32
  var mode: UInt16
  private var padding: UInt16 = 0
  var inodeNumber: UInt64
  var size: UInt64
  var blocks: UInt64
  var attributesMask: UInt64 = 0
  var accessed: Stamp
  var born = Stamp()
  var changed: Stamp
  var modified: Stamp
  var representedMajor: UInt32
  var representedMinor: UInt32
  var deviceMajor: UInt32
  var deviceMinor: UInt32
  private var spare = InlineArray<14, UInt64>(repeating: 0)

  /// A moment: seconds, nanoseconds, padding.
  struct Stamp: BitwiseCopyable {
    var seconds: Int64 = 0
    var nanoseconds: UInt32 = 0
    private var padding: UInt32 = 0

    init() {}
    init(_ seconds: Int64, _ nanoseconds: UInt64) {
      self.seconds = seconds
      self.nanoseconds = UInt32(truncatingIfNeeded: nanoseconds)
    }
  }

  init(_ metadata: Metadata) {
    blockSize = metadata.blockSize
    links = metadata.links
    owner = metadata.owner
    group = metadata.group
    mode = UInt16(truncatingIfNeeded: metadata.mode)
    inodeNumber = metadata.inodeNumber
    size = metadata.size
    blocks = metadata.blocks
    accessed = Stamp(metadata.accessedSeconds, metadata.accessedNanoseconds)
    changed = Stamp(metadata.changedSeconds, metadata.changedNanoseconds)
    modified = Stamp(metadata.modifiedSeconds, metadata.modifiedNanoseconds)
    (deviceMajor, deviceMinor) = Self.numbers(metadata.device)
    (representedMajor, representedMinor) = Self.numbers(metadata.representedDevice)
  }

  /// Takes apart what new_encode_dev() put together.
  private static func numbers(_ device: UInt64) -> (UInt32, UInt32) {
    (
      UInt32(truncatingIfNeeded: (device >> 8) & 0xfff),
      UInt32(truncatingIfNeeded: (device & 0xff) | ((device >> 12) & 0xfff00))
    )
  }
}
