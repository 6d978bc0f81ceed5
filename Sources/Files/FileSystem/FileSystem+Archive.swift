import Arm64
import BoardFormat
public import MemoryTypes
import PageFrames

extension FileSystem {
  /// What is there before any file of the archive: mount points and devices, as the init of an
  /// initramfs leaves them.
  func populate() throws(Errno) {
    let devices = try addMount("dev", in: root, .devices)
    try addMount("proc", in: root, kind: .procedural(.processes), .processes, 0o555)
    try addMount("sys", in: root, kind: .procedural(.system), .system, 0o555)
    try addMount("tmp", in: root, .temporary, 0o1777)
    try addMount("run", in: root, .run)
    try addMount("shm", in: devices, .sharedMemory, 0o1777)
    try addDevice("null", .null, in: devices)
    try addDevice("zero", .zero, in: devices)
    try addDevice("full", .full, in: devices)
    try addDevice("random", .random, in: devices)
    try addDevice("urandom", .urandom, in: devices)
    try addDevice("console", .console, in: devices)
    try addDevice("kmsg", .kernelMessages, in: devices)
    try addDevice("tty", .terminal, in: devices)
    try addLink("fd", to: "/proc/self/fd", in: devices)
    try addLink("stdin", to: "/proc/self/fd/0", in: devices)
    try addLink("stdout", to: "/proc/self/fd/1", in: devices)
    try addLink("stderr", to: "/proc/self/fd/2", in: devices)
  }

  @discardableResult
  private func addMount(
    _ name: ByteString, in folder: KernelPointer<Dentry>, kind: Inode.Kind = .directory,
    _ mount: Mount, _ permissions: UInt32 = 0o755
  ) throws(Errno) -> KernelPointer<Dentry> {
    let top = try create(name, in: folder) { (_) throws(Errno) in
      let inode = try makeInode(
        kind, on: mount, mode: FileMode(.directory, permissions: permissions))
      inode.pointee.links = 2
      return inode
    }
    top.pointee.isMountPoint = true
    state.pointee.mounts[Int(mount.rawValue)].top = top
    return top
  }

  private func addDevice(
    _ name: ByteString, _ device: CharacterDevice, in folder: KernelPointer<Dentry>
  ) throws(Errno) {
    try create(name, in: folder) { (_) throws(Errno) in
      let inode = try makeInode(
        .device(device), on: .devices,
        mode: FileMode(.characterDevice, permissions: device.permissions))
      inode.pointee.links = 1
      return inode
    }
  }

  /// Makes a block device's node in `/dev`; nobody opens it, and swapon finds it.
  public func makeBlockDevice(
    _ name: ByteString, _ number: DeviceNumber
  ) throws(Errno) -> KernelPointer<Inode> {
    let folder = try resolve("/dev", from: root)
    defer { release(folder) }
    let dentry = try create(name, in: folder) { (_) throws(Errno) in
      let inode = try makeInode(
        .special, on: .devices, mode: FileMode(.blockDevice, permissions: 0o600))
      inode.pointee.links = 1
      inode.pointee.unknownDevice = number
      return inode
    }
    return dentry.pointee.inode
  }

  private func addLink(
    _ name: ByteString, to target: ByteString, in folder: KernelPointer<Dentry>
  ) throws(Errno) {
    try create(name, in: folder) { (_) throws(Errno) in
      try makeLinkInode(to: target, on: .devices)
    }
  }

  /// Makes names and inodes of what the archive holds.
  ///
  /// An entry's folder must come before it, its path must be absolute and plain (no `.`, `..`,
  /// empty or overlong names), no other entry may have its name, and it can lie in no link.
  /// Entries below `/proc` and `/sys` are hidden by what is mounted there, as on any machine.
  func mountArchive(_ header: ArchiveHeader) throws(Errno) {
    // Most entries lie in the same folder as the one before.
    var lastFolder = root
    var lastPath: ByteString = ""
    var index: UInt64 = 0
    while index < header.count {
      let entry = try archive.entry(index, of: header)
      let path = try archive.name(of: entry, header)
      index &+= 1
      guard path.first == 0x2F, path.count <= Self.maximumPath else { throw .EINVAL }
      if path.count == 1 {
        guard entry.fileMode.type == .directory else { throw .EINVAL }
        root.pointee.inode.pointee.adopt(entry)
        continue
      }
      let slash = path.lastIndex(of: 0x2F) ?? 0
      let folderPath = path[0..<slash]
      let name = path[slash + 1..<path.count]
      guard name.isPlainName else { throw .EINVAL }
      if !(folderPath == lastPath) {
        guard let folder = try folder(at: folderPath) else { continue }
        lastFolder = folder
        lastPath = folderPath
      }
      try add(entry, index, name, in: lastFolder)
    }
  }

  /// The folder with a plain path, nil where it lies in `/proc` or `/sys`.
  private func folder(at path: ByteString) throws(Errno) -> KernelPointer<Dentry>? {
    var rest = path
    var current = root
    while true {
      let name = rest.takeName()
      if name.isEmpty { return current }
      guard name.isPlainName, current.pointee.inode.pointee.isDirectory else { throw .EINVAL }
      if current.pointee.inode.pointee.node != nil { return nil }
      let hash = NameTable.hash(name, in: current)
      guard let next = names.find(name, in: current, hash: hash) else { throw .EINVAL }
      current = next
    }
  }

  /// Adds an entry; `number` is its index plus one.
  private func add(
    _ entry: ArchiveEntry, _ number: UInt64, _ name: ByteString, in folder: KernelPointer<Dentry>
  ) throws(Errno) {
    let inode = folder.pointee.inode
    guard inode.pointee.isDirectory, let type = entry.fileMode.type else { throw .EINVAL }
    guard inode.pointee.node == nil else { return }
    var mount = inode.pointee.mount
    switch entry.store {
    case .memory: break
    case .disk: if type != .directory { mount = .disk }
    case .bound: guard mount.isBound else { throw .EINVAL }
    case .boundTop: mount = try unusedBound()
    }
    if let there = names.find(name, in: folder, hash: NameTable.hash(name, in: folder)) {
      // What is mounted hides what was there, whatever it is; and the kernel's devices in /dev stay
      // what they are.
      guard there.pointee.isMountPoint || inode.pointee.mount == .devices else { throw .EINVAL }
      guard entry.store == .boundTop, there.pointee.isMountPoint else { return }
      // What is bound there hides what the kernel has there.
      unlink(there)
    }
    let dentry = try create(name, in: folder) { (_) throws(Errno) in
      let new: KernelPointer<Inode>
      switch type {
      case .directory:
        // Folders are in memory wherever they came from: names can be added to them.
        new = try makeInode(.directory, on: mount, mode: entry.fileMode)
        new.pointee.links = 2
      case .symbolicLink:
        guard entry.size > 0, entry.size <= UInt64(Self.maximumPath) else { throw Errno.EINVAL }
        new = try makeInode(
          .symbolicLink(.archive(offset: entry.data)), on: mount, mode: entry.fileMode,
          size: entry.size)
        new.pointee.links = 1
      case .regular:
        new = try makeRegular(entry, on: mount)
      case .fifo, .characterDevice, .blockDevice, .socket: throw Errno.EINVAL
      }
      new.pointee.stamp(entry.modified)
      if mount.isBound { new.pointee.origin = UInt32(truncatingIfNeeded: number) }
      return new
    }
    guard entry.store == .boundTop else { return }
    dentry.pointee.isMountPoint = true
    state.pointee.mounts[Int(mount.rawValue)].top = dentry
    state.pointee.mounts[Int(mount.rawValue)].flags = .relativeAccessTime
  }

  /// The next mount for a folder that the tool takes back.
  private func unusedBound() throws(Errno) -> Mount {
    for raw in Mount.firstBound..<Mount.maximum where state.pointee.mounts[Int(raw)].top == nil {
      return Mount(rawValue: raw)
    }
    throw .EINVAL
  }

  /// A regular file: on disk its pages come when used, in memory they are there at once.
  private func makeRegular(
    _ entry: ArchiveEntry, on mount: Mount
  ) throws(Errno) -> KernelPointer<Inode> {
    let kind: Inode.Kind =
      entry.store != .memory
      ? .regular(.disk(offset: entry.data, bytes: entry.size)) : .regular(.sharedMemory)
    let inode = try makeInode(kind, on: mount, mode: entry.fileMode, size: entry.size)
    inode.pointee.links = 1
    guard entry.store == .memory else { return inode }
    do throws(Errno) {
      for index in 0..<pageCount(of: inode) {
        try charge(pages: 1, to: mount)
        guard let frame = frames.pointee.allocate(.highUserMovable) else {
          uncharge(pages: 1, from: mount)
          throw Errno.ENOMEM
        }
        copy(frame, index, offset: entry.data, bytes: entry.size)
        try add(frame, at: index, to: inode)
        markWritten(frame)
        frames.pointee.frame(frame).pointee.flags.insert(.referenced)
      }
    } catch {
      release(inode)
      throw error
    }
    return inode
  }
}

extension ArchiveEntry {
  var fileMode: FileMode { FileMode(mode) }
}

extension Inode {
  /// Takes permissions and times of an entry for a folder that was there before it.
  mutating func adopt(_ entry: ArchiveEntry) {
    mode.permissions = entry.fileMode.permissions
    stamp(entry.modified)
  }

  mutating func stamp(_ seconds: UInt64) {
    let time = FileTime(seconds: Int64(bitPattern: seconds))
    accessed = time
    modified = time
    changed = time
  }
}

extension ByteString {
  func lastIndex(of byte: UInt8) -> Int? {
    var index = count
    while index > 0 {
      index &-= 1
      if self[index] == byte { return index }
    }
    return nil
  }

  /// Whether it can be a name in a folder.
  var isPlainName: Bool {
    !isEmpty && count <= Dentry.maximumName && !(self == ".") && !(self == "..")
      && firstIndex(of: 0x2F) == nil && firstIndex(of: 0) == nil
  }
}
