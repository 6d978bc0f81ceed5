import Arm64
public import MemoryTypes
import PageFrames

/// Mounting (fs/namespace.c).
///
/// A mounted tree takes the place of a name: its top gets the name's own parent and bytes, so that
/// a walk needs nothing to cross from one file system to the other, and `..` leads out of it. The
/// name that it hides, and all below, stays as it is for whoever is there already, and comes back
/// when the mount goes.
extension FileSystem {
  /// What is mounted somewhere.
  public struct MountDescription: BitwiseCopyable {
    public var mount: Mount
    public var flags: MountFlags
    public var top: KernelPointer<Dentry>
  }

  /// Whether nothing of a file system can be changed.
  @inline(__always)
  public func isReadOnly(_ mount: Mount) -> Bool {
    flags(of: mount).contains(.readOnly)
  }

  @inline(__always)
  public func flags(of mount: Mount) -> MountFlags {
    state.pointee.mounts[Int(mount.rawValue)].flags
  }

  /// Whether nothing of a file's mount may be executed (path_noexec()).
  @inline(__always)
  public func forbidsExecution(of inode: KernelPointer<Inode>) -> Bool {
    flags(of: inode.pointee.mount).contains(.noExecution)
  }

  /// What is mounted by a number below 32; nil where there is nothing.
  public func description(of mount: Mount) -> MountDescription? {
    let mounted = state.pointee.mounts[Int(mount.rawValue)]
    guard let top = mounted.top else { return nil }
    return MountDescription(mount: mount, flags: mounted.flags, top: top)
  }

  /// Lends the name of what was mounted.
  public func withSource(of mount: Mount, _ body: (ByteString) -> Void) {
    let source = state.pointee.mounts[Int(mount.rawValue)].source
    guard source.count > 0 else {
      body(mount == .disk || mount.isBound ? "/dev/vda" : ByteString(mount.typeName))
      return
    }
    let span = source.bytes.span
    // SAFETY: the bytes are this value's, which outlives the call.
    unsafe span.withUnsafeBytes { bytes in
      unsafe body(ByteString(UnsafeRawBufferPointer(rebasing: bytes.prefix(Int(source.count)))))
    }
  }

  /// Mounts a new tmpfs on a folder.
  public func mountMemory(
    on path: ByteString, from base: KernelPointer<Dentry>, source: ByteString,
    options: ByteString, _ flags: MountFlags
  ) throws(Errno) {
    let place = try resolve(path, from: base)
    defer { release(place) }
    var figures = MemoryMountOptions(half: frames.pointee.managed.rawValue / 2, pageSize)
    try figures.parse(options, all: frames.pointee.managed.rawValue)
    guard place.pointee.inode.pointee.isDirectory else { throw .ENOTDIR }
    guard let parent = place.pointee.parent else { throw .EBUSY }
    guard place.pointee.isLinked else { throw .ENOENT }
    var raw = Mount.firstMounted
    while raw < Mount.endMounted, state.pointee.mounts[Int(raw)].top != nil { raw &+= 1 }
    guard raw < Mount.endMounted else { throw .ENOSPC }
    let mount = Mount(rawValue: raw)
    var mounted = MountState()
    mounted.pageLimit = figures.pages
    mounted.inodeLimit = figures.inodes
    mounted.flags = flags
    mounted.source = MountSource(source)
    state.pointee.mounts[Int(raw)] = mounted
    let inode = try makeInode(
      .directory, on: mount, mode: FileMode(.directory, permissions: figures.mode))
    inode.pointee.links = 2
    inode.pointee.owner = figures.owner ?? caller?.credentials.pointee.fileUser ?? 0
    inode.pointee.group = figures.group ?? caller?.credentials.pointee.fileGroup ?? 0
    try cover(place, below: parent, by: inode)
  }

  /// Mounts the tree of control groups once more; `top` is its node, as it is seen where it is.
  public func mountControlGroups(
    on path: ByteString, from base: KernelPointer<Dentry>, source: ByteString,
    top: ProceduralNode, _ flags: MountFlags
  ) throws(Errno) {
    let place = try resolve(path, from: base)
    defer { release(place) }
    guard place.pointee.inode.pointee.isDirectory else { throw .ENOTDIR }
    let raw = Int(Mount.controlGroupsAgain.rawValue)
    guard place.pointee.inode.pointee.node != top, let parent = place.pointee.parent,
      state.pointee.mounts[raw].top == nil, place.pointee.isLinked
    else { throw .EBUSY }
    var mounted = MountState()
    mounted.flags = flags
    mounted.source = MountSource(source)
    state.pointee.mounts[raw] = mounted
    let inode = try makeInode(
      .procedural(top), on: .controlGroupsAgain,
      mode: FileMode(.directory, permissions: 0o555), number: 1)
    inode.pointee.links = 2
    try cover(place, below: parent, by: inode)
  }

  /// Lets a mounted tree's top take the place of a name.
  private func cover(
    _ place: KernelPointer<Dentry>, below parent: KernelPointer<Dentry>,
    by inode: KernelPointer<Inode>
  ) throws(Errno) {
    let raw = Int(inode.pointee.mount.rawValue)
    let top = try makeDentry(place.name, in: parent, inode)
    // From here on nothing fails. The tree's reference of the covered name is the mount's now.
    unlink(place)
    link(top, into: parent)
    top.pointee.isMountPoint = true
    state.pointee.mounts[raw].top = top
    state.pointee.mounts[raw].covered = place
  }

  /// Changes what a mount forbids, and a tmpfs's limits (MS_REMOUNT).
  public func remount(
    _ path: ByteString, from base: KernelPointer<Dentry>, options: ByteString, _ flags: MountFlags
  ) throws(Errno) {
    let top = try resolve(path, from: base)
    defer { release(top) }
    guard top.pointee.isMountPoint else { throw .EINVAL }
    let place = Int(top.pointee.inode.pointee.mount.rawValue)
    let current = state.pointee.mounts[place]
    if flags.contains(.readOnly), !current.flags.contains(.readOnly), hasWriters(below: top) {
      throw .EBUSY
    }
    if top.pointee.inode.pointee.mount.isMemory {
      var figures = MemoryMountOptions(half: current.pageLimit, pageSize)
      figures.inodes = current.inodeLimit
      try figures.parse(options, all: frames.pointee.managed.rawValue)
      // A limit cannot fall below what is in use (shmem_reconfigure()).
      guard figures.pages == 0 || figures.pages >= current.pages,
        figures.inodes == 0 || figures.inodes >= current.inodes
      else { throw .EINVAL }
      state.pointee.mounts[place].pageLimit = figures.pages
      state.pointee.mounts[place].inodeLimit = figures.inodes
    }
    state.pointee.mounts[place].flags = flags
  }

  /// Takes a mount away (do_umount()): EBUSY while anybody uses anything in it.
  public func unmount(
    _ path: ByteString, from base: KernelPointer<Dentry>, follows: Bool
  ) throws(Errno) {
    let top = try resolve(path, from: base, follows ? [] : .noFollow)
    var isHeld = true
    defer { if isHeld { release(top) } }
    guard top.pointee.isMountPoint else { throw .EINVAL }
    let place = Int(top.pointee.inode.pointee.mount.rawValue)
    guard let covered = state.pointee.mounts[place].covered, let parent = top.pointee.parent else {
      throw .EBUSY
    }
    guard !isUsed(below: top, beyond: 1) else { throw .EBUSY }
    empty(top)
    unlink(top)
    link(covered, into: parent)
    state.pointee.mounts[place].top = nil
    state.pointee.mounts[place].covered = nil
    isHeld = false
    // The caller's reference, and the tree's.
    release(top)
    release(top)
  }

  /// Whether anything but the tree itself refers to a name or one below it.
  private func isUsed(below top: KernelPointer<Dentry>, beyond extra: UInt32) -> Bool {
    var here = top
    while true {
      var children: UInt32 = 0
      var child = here.pointee.firstChild
      while let one = child {
        children &+= 1
        child = one.pointee.next
      }
      let known = children &+ 1 &+ (here == top ? extra : 0)
      if here.pointee.references != known || here != top && here.pointee.isMountPoint {
        return true
      }
      guard let next = following(here, below: top) else { return false }
      here = next
    }
  }

  /// Whether somebody may write to a file below a name.
  private func hasWriters(below top: KernelPointer<Dentry>) -> Bool {
    var here = top
    while true {
      if here.pointee.inode.pointee.isRegular, here.pointee.inode.pointee.writers > 0 {
        return true
      }
      guard let next = following(here, below: top) else { return false }
      here = next
    }
  }

  /// The next name of a tree, a folder before what is in it.
  func following(
    _ dentry: KernelPointer<Dentry>, below top: KernelPointer<Dentry>
  ) -> KernelPointer<Dentry>? {
    if let child = dentry.pointee.firstChild { return child }
    var here = dentry
    while here != top {
      if let next = here.pointee.next { return next }
      guard let parent = here.pointee.parent else { return nil }
      here = parent
    }
    return nil
  }

  /// Takes all names below a folder out of the tree, which alone refers to them.
  private func empty(_ top: KernelPointer<Dentry>) {
    var here = top
    while true {
      if let child = here.pointee.firstChild {
        here = child
        continue
      }
      guard here != top, let parent = here.pointee.parent else { return }
      unlink(here)
      if !here.pointee.inode.pointee.isDirectory { here.pointee.inode.pointee.links &-= 1 }
      release(here)
      here = parent
    }
  }
}
