import Arm64
import KernelHeap
public import MemoryTypes
import PageFrames

extension FileSystem {
  /// Makes a folder (fs/namei.c: do_mkdirat()).
  public func makeDirectory(
    _ path: ByteString, from base: KernelPointer<Dentry>, permissions: UInt32
  ) throws(Errno) {
    try make(path, from: base, mayHaveSlash: true) { (folder) throws(Errno) in
      let inode = try makeInode(
        .directory, on: folder.pointee.inode.pointee.mount,
        mode: FileMode(.directory, permissions: permissions & 0o1777))
      inode.pointee.links = 2
      giveToCaller(inode, in: folder)
      return inode
    }
  }

  /// Makes a symbolic link.
  public func makeSymbolicLink(
    _ path: ByteString, from base: KernelPointer<Dentry>, to target: ByteString
  ) throws(Errno) {
    guard !target.isEmpty else { throw .ENOENT }
    guard target.count <= Self.maximumPath else { throw .ENAMETOOLONG }
    try make(path, from: base, mayHaveSlash: false) { (folder) throws(Errno) in
      let inode = try makeLinkInode(to: target, on: folder.pointee.inode.pointee.mount)
      giveToCaller(inode, in: folder)
      return inode
    }
  }

  /// Makes the inode of a symbolic link, with one name to come.
  func makeLinkInode(
    to target: ByteString, on mount: Mount
  ) throws(Errno) -> KernelPointer<Inode> {
    let size = ByteCount(UInt64(target.count))
    guard let copy = unsafe slab.pointee.allocateBytes(size) else { throw .ENOMEM }
    // SAFETY: the buffer was allocated with the target's size.
    unsafe UnsafeMutableRawBufferPointer(start: copy, count: target.count)
      .copyBytes(from: target.bytes)
    do throws(Errno) {
      let inode = try makeInode(
        .symbolicLink(.heap(address: UInt(bitPattern: copy))), on: mount,
        mode: FileMode(.symbolicLink, permissions: 0o777), size: size.rawValue)
      inode.pointee.links = 1
      return inode
    } catch {
      unsafe slab.pointee.freeBytes(copy, size)
      throw error
    }
  }

  /// Makes a regular file or a node without contents (mknod); character devices that the machine
  /// has work.
  public func makeNode(
    _ path: ByteString, from base: KernelPointer<Dentry>, mode: FileMode, device: DeviceNumber
  ) throws(Errno) {
    guard let type = mode.type ?? (mode.rawValue &>> 12 == 0 ? .regular : nil) else {
      throw .EINVAL
    }
    let kind: Inode.Kind
    switch type {
    case .regular: kind = .regular(.sharedMemory)
    case .characterDevice:
      // Any number can have a name; opening one that nothing answers to is ENXIO.
      kind = CharacterDevice.with(device).map { .device($0) } ?? .special
    case .blockDevice:
      kind = .special
    case .fifo, .socket: kind = .special
    case .directory: throw .EPERM
    case .symbolicLink: throw .EINVAL
    }
    try make(path, from: base, mayHaveSlash: false) { (folder) throws(Errno) in
      // Asked last, when the name is known to be free (vfs_mknod()).
      if type == .characterDevice || type == .blockDevice, !isPrivileged { throw Errno.EPERM }
      let mount = folder.pointee.inode.pointee.mount
      let inode = try makeInode(
        type == .regular ? newFile(on: mount) : kind, on: mount,
        mode: FileMode(type, permissions: mode.permissions))
      inode.pointee.links = 1
      inode.pointee.unknownDevice = device
      giveToCaller(inode, in: folder)
      return inode
    }
  }

  /// Gives a file one more name.
  public func makeLink(
    _ path: ByteString, from base: KernelPointer<Dentry>, to target: KernelPointer<Dentry>
  ) throws(Errno) {
    let inode = target.pointee.inode
    guard !inode.pointee.isDirectory else { throw .EPERM }
    try make(path, from: base, mayHaveSlash: false) { (folder) throws(Errno) in
      guard folder.pointee.inode.pointee.node == nil, inode.pointee.node == nil else {
        throw Errno.EXDEV
      }
      let home = target.pointee.parent?.pointee.inode.pointee.mount ?? inode.pointee.mount
      guard folder.pointee.inode.pointee.mount == home else { throw Errno.EXDEV }
      guard inode.pointee.links > 0 || target.pointee.isTemporary else { throw Errno.ENOENT }
      inode.pointee.links &+= 1
      inode.pointee.changed = now
      retain(inode)
      return inode
    }
  }

  /// The common part: a new name in the folder of a path, for an inode that the closure makes.
  private func make(
    _ path: ByteString, from base: KernelPointer<Dentry>, mayHaveSlash: Bool,
    _ inode: (KernelPointer<Dentry>) throws(Errno) -> KernelPointer<Inode>
  ) throws(Errno) {
    guard !path.isEmpty else { throw .ENOENT }
    let last = try walk(path, from: base, links: 0)
    defer { release(last.folder) }
    guard !last.isSpecial else { throw .EEXIST }
    if let there = try step(last.name, from: last.folder) {
      release(there)
      throw .EEXIST
    }
    // A name that is to be no folder cannot end in a slash (filename_create()).
    guard mayHaveSlash || !last.hasTrailingSlash else { throw .ENOENT }
    try checkCreation(in: last.folder)
    if let node = last.folder.pointee.inode.pointee.node, mayHaveSlash, let surroundings {
      return try surroundings.pointee.texts.makeFolder(
        surroundings.pointee.context, node, last.name)
    }
    try create(last.name, in: last.folder, inode)
  }

  /// Makes a name that is not there yet and links it.
  ///
  /// Does not touch references of the folder's.
  @discardableResult
  func create(
    _ name: ByteString, in folder: KernelPointer<Dentry>,
    _ make: (KernelPointer<Dentry>) throws(Errno) -> KernelPointer<Inode>
  ) throws(Errno) -> KernelPointer<Dentry> {
    guard folder.pointee.inode.pointee.node == nil else { throw .EPERM }
    guard !folder.pointee.isDeleted else { throw .ENOENT }
    let inode = try make(folder)
    let isFolder = inode.pointee.isDirectory
    let dentry: KernelPointer<Dentry>
    do throws(Errno) {
      // A hard link's count goes back down if there is no memory for the name.
      retain(inode)
      dentry = try makeDentry(name, in: folder, inode)
      release(inode)
    } catch {
      inode.pointee.links &-= 1
      release(inode)
      throw error
    }
    link(dentry, into: folder)
    if isFolder { folder.pointee.inode.pointee.links &+= 1 }
    touch(folder)
    return dentry
  }

  /// What a new regular file is in a file system: pages that count as shared memory, or as those of
  /// a disk file that has nothing on the disk yet.
  func newFile(on mount: Mount) -> Inode.Kind {
    .regular(mount.isMemory ? .sharedMemory : .disk(offset: 0, bytes: 0))
  }

  /// Stamps a folder whose names changed.
  func touch(_ folder: KernelPointer<Dentry>) {
    let time = now
    folder.pointee.inode.pointee.modified = time
    folder.pointee.inode.pointee.changed = time
  }
}

extension CharacterDevice {
  /// The device with a number, nil where the machine has none.
  static func with(_ number: DeviceNumber) -> CharacterDevice? {
    var raw: UInt8 = 0
    while let device = CharacterDevice(rawValue: raw) {
      if device.number == number { return device }
      raw &+= 1
    }
    return nil
  }
}
