import Arm64
public import MemoryTypes

/// How a rename treats what has the new name already (RENAME_*).
public struct RenameFlags: OptionSet, BitwiseCopyable, Sendable {
  public var rawValue: UInt32
  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }
  @inlinable public static var noReplace: RenameFlags { RenameFlags(rawValue: 1) }
  @inlinable public static var exchange: RenameFlags { RenameFlags(rawValue: 2) }
}

extension FileSystem {
  /// Removes a name that is no folder's (do_unlinkat()).
  public func unlink(_ path: ByteString, from base: KernelPointer<Dentry>) throws(Errno) {
    guard !path.isEmpty else { throw .ENOENT }
    let last = try walk(path, from: base, links: 0)
    defer { release(last.folder) }
    guard !last.isSpecial else { throw .EISDIR }
    try checkMount(of: last.folder)
    guard let victim = try step(last.name, from: last.folder) else { throw .ENOENT }
    defer { release(victim) }
    let inode = victim.pointee.inode
    guard !last.hasTrailingSlash else {
      throw inode.pointee.isDirectory ? .EISDIR : .ENOTDIR
    }
    try checkDeletion(of: victim, from: last.folder)
    guard victim.pointee.isLinked else { throw .EPERM }
    guard !inode.pointee.isDirectory else { throw .EISDIR }
    remove(victim, from: last.folder)
  }

  /// Removes an empty folder (do_rmdir()).
  public func removeDirectory(_ path: ByteString, from base: KernelPointer<Dentry>) throws(Errno) {
    guard !path.isEmpty else { throw .ENOENT }
    let last = try walk(path, from: base, links: 0)
    defer { release(last.folder) }
    if last.name.isEmpty { throw .EBUSY }
    if last.isDot { throw .EINVAL }
    if last.isDotDot { throw .ENOTEMPTY }
    try checkMount(of: last.folder)
    guard let victim = try step(last.name, from: last.folder) else { throw .ENOENT }
    defer { release(victim) }
    try checkDeletion(of: victim, from: last.folder)
    if let node = victim.pointee.inode.pointee.node, !victim.pointee.isLinked {
      guard let surroundings else { throw .EPERM }
      guard victim.pointee.inode.pointee.isDirectory else { throw .ENOTDIR }
      return try surroundings.pointee.texts.removeFolder(surroundings.pointee.context, node)
    }
    guard victim.pointee.inode.pointee.isDirectory else { throw .ENOTDIR }
    guard !victim.pointee.isMountPoint else { throw .EBUSY }
    guard victim.pointee.firstChild == nil else { throw .ENOTEMPTY }
    remove(victim, from: last.folder)
  }

  /// Takes a name out of the tree for ever.
  private func remove(_ victim: KernelPointer<Dentry>, from folder: KernelPointer<Dentry>) {
    let inode = victim.pointee.inode
    unlink(victim)
    victim.pointee.isDeleted = true
    if inode.pointee.isDirectory {
      inode.pointee.links = 0
      folder.pointee.inode.pointee.links &-= 1
    } else {
      inode.pointee.links &-= 1
    }
    inode.pointee.changed = now
    touch(folder)
    release(victim)
  }

  /// Gives a file or folder another name, replacing what has it (vfs_rename()).
  public func rename(
    _ oldPath: ByteString, from oldBase: KernelPointer<Dentry>, to newPath: ByteString,
    from newBase: KernelPointer<Dentry>, _ flags: RenameFlags = []
  ) throws(Errno) {
    guard !oldPath.isEmpty, !newPath.isEmpty else { throw .ENOENT }
    guard flags.rawValue & ~3 == 0, flags.rawValue & 3 != 3 else { throw .EINVAL }
    let old = try walk(oldPath, from: oldBase, links: 0)
    defer { release(old.folder) }
    let new = try walk(newPath, from: newBase, links: 0)
    defer { release(new.folder) }
    guard old.folder.pointee.inode.pointee.mount == new.folder.pointee.inode.pointee.mount else {
      throw .EXDEV
    }
    guard !old.isSpecial, !new.isSpecial else {
      throw flags.contains(.noReplace) && new.isSpecial ? .EEXIST : .EBUSY
    }
    try checkMount(of: old.folder)
    guard let source = try step(old.name, from: old.folder) else { throw .ENOENT }
    defer { release(source) }
    let target = try step(new.name, from: new.folder)
    defer { if let target { release(target) } }
    if flags.contains(.noReplace), target != nil { throw .EEXIST }
    if flags.contains(.exchange), target == nil { throw .ENOENT }
    let isFolder = source.pointee.inode.pointee.isDirectory
    if !isFolder {
      if old.hasTrailingSlash { throw .ENOTDIR }
      if !flags.contains(.exchange), new.hasTrailingSlash { throw .ENOTDIR }
    }
    // A folder cannot go below itself, nor replace one that it lies in.
    if isFolder, isAncestor(source, of: new.folder) { throw .EINVAL }
    if let target, isAncestor(target, of: old.folder) {
      throw flags.contains(.exchange) ? .EINVAL : .ENOTEMPTY
    }
    guard source.pointee.isLinked, target?.pointee.isLinked ?? true,
      new.folder.pointee.inode.pointee.node == nil
    else { throw .EPERM }
    guard !new.folder.pointee.isDeleted else { throw .ENOENT }
    if let target, target.pointee.inode == source.pointee.inode { return }
    try checkDeletion(of: source, from: old.folder)
    if let target {
      try checkDeletion(of: target, from: new.folder)
    } else {
      try checkCreation(in: new.folder)
    }
    // A folder that moves gets another "..", which is a change of itself (vfs_rename()).
    if old.folder != new.folder {
      if isFolder { try check(.write, of: source.pointee.inode) }
      if flags.contains(.exchange), let target, target.pointee.inode.pointee.isDirectory {
        try check(.write, of: target.pointee.inode)
      }
    }
    guard !source.pointee.isMountPoint, !(target?.pointee.isMountPoint ?? false) else {
      throw .EBUSY
    }
    if let target {
      let replacesFolder = target.pointee.inode.pointee.isDirectory
      if flags.contains(.exchange) {
        try exchange(source, target)
        return
      }
      if isFolder, !replacesFolder { throw .ENOTDIR }
      if !isFolder, replacesFolder { throw .EISDIR }
      if replacesFolder, target.pointee.firstChild != nil { throw .ENOTEMPTY }
    }
    try move(source, to: new.folder, new.name, replacing: target)
  }

  private func move(
    _ source: KernelPointer<Dentry>, to folder: KernelPointer<Dentry>, _ name: ByteString,
    replacing target: KernelPointer<Dentry>?
  ) throws(Errno) {
    guard let origin = source.pointee.parent else { throw .EBUSY }
    let isFolder = source.pointee.inode.pointee.isDirectory
    // The new name's storage first: afterwards nothing can fail.
    let copy = unsafe try longCopy(of: name)
    if let target { remove(target, from: folder) }
    unlink(source)
    dropName(of: source)
    unsafe setName(name, copy: copy, of: source)
    if origin != folder {
      source.pointee.parent = folder
      retain(folder)
      release(origin)
    }
    link(source, into: folder)
    if isFolder {
      origin.pointee.inode.pointee.links &-= 1
      folder.pointee.inode.pointee.links &+= 1
    }
    source.pointee.inode.pointee.changed = now
    touch(origin)
    touch(folder)
  }

  /// Lets two names change places (RENAME_EXCHANGE).
  private func exchange(_ a: KernelPointer<Dentry>, _ b: KernelPointer<Dentry>) throws(Errno) {
    guard let folderA = a.pointee.parent, let folderB = b.pointee.parent else { throw .EBUSY }
    let difference =
      (a.pointee.inode.pointee.isDirectory ? 1 : 0) - (b.pointee.inode.pointee.isDirectory ? 1 : 0)
    unlink(a)
    unlink(b)
    let storage = a.pointee.nameStorage
    let length = a.pointee.nameLength
    a.pointee.nameStorage = b.pointee.nameStorage
    a.pointee.nameLength = b.pointee.nameLength
    b.pointee.nameStorage = storage
    b.pointee.nameLength = length
    // Each parent loses one child and gains one: their references stay.
    a.pointee.parent = folderB
    b.pointee.parent = folderA
    link(a, into: folderB)
    link(b, into: folderA)
    folderA.pointee.inode.pointee.links &-= UInt32(bitPattern: Int32(difference))
    folderB.pointee.inode.pointee.links &+= UInt32(bitPattern: Int32(difference))
    touch(folderA)
    touch(folderB)
  }

  /// Whether a name lies on the way from another up to the root, or is it.
  private func isAncestor(
    _ candidate: KernelPointer<Dentry>, of dentry: KernelPointer<Dentry>
  ) -> Bool {
    var current: KernelPointer<Dentry>? = dentry
    while let here = current {
      if here == candidate { return true }
      current = here.pointee.parent
    }
    return false
  }
}
