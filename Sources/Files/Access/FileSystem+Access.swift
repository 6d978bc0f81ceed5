import Arm64
public import MemoryTypes

/// Who may do what (fs/namei.c: inode_permission(), fs/attr.c: setattr_prepare()).
extension FileSystem {
  /// Who asks; nil for the kernel itself, which may do all.
  var caller: Caller? {
    guard let surroundings else { return nil }
    return surroundings.pointee.caller(surroundings.pointee.context)
  }

  /// The folder that the caller takes for `/`.
  var callersRoot: KernelPointer<Dentry> { caller?.root ?? root }

  /// Whether the caller has all capabilities over files.
  var isPrivileged: Bool {
    guard let caller else { return true }
    return caller.credentials.pointee.fileUser == 0
  }

  /// EROFS where nothing may change at all: asked before a name is looked for (mnt_want_write()).
  func checkMount(of folder: KernelPointer<Dentry>) throws(Errno) {
    guard !isReadOnly(folder.pointee.inode.pointee.mount) else { throw .EROFS }
  }

  /// Checks that the caller may do something with a file (inode_permission()).
  ///
  /// EROFS where the file system is read-only, EACCES where the bits forbid it. User 0 may do
  /// everything but execute a file that nobody may execute.
  public func check(_ access: FileAccess, of inode: KernelPointer<Inode>) throws(Errno) {
    if access.contains(.write), isReadOnly(inode.pointee.mount) {
      switch inode.pointee.mode.type {
      case .regular, .directory, .symbolicLink: throw .EROFS
      default: break
      }
    }
    guard let surroundings else { return }
    let who = surroundings.pointee.caller(surroundings.pointee.context).credentials
    do throws(Errno) {
      try Self.check(access, of: inode, for: who)
    } catch {
      guard let node = inode.pointee.node,
        surroundings.pointee.texts.grants(surroundings.pointee.context, node)
      else { throw error }
    }
  }

  /// Checks what the permission bits say (generic_permission()).
  public static func check(
    _ access: FileAccess, of inode: KernelPointer<Inode>, for who: KernelPointer<Credentials>
  ) throws(Errno) {
    let mode = inode.pointee.mode
    if who.pointee.fileUser == 0 {
      guard access.contains(.execute), mode.type != .directory, mode.permissions & 0o111 == 0
      else { return }
      throw .EACCES
    }
    let shift: UInt32 =
      who.pointee.fileUser == inode.pointee.owner
      ? 6 : who.pointee.isMember(of: inode.pointee.group) ? 3 : 0
    guard mode.permissions &>> shift & access.rawValue == access.rawValue else { throw .EACCES }
  }

  /// Whether the caller owns a file, or may act as if (inode_owner_or_capable()).
  public func owns(_ inode: KernelPointer<Inode>) -> Bool {
    guard let caller else { return true }
    let user = caller.credentials.pointee.fileUser
    return user == 0 || user == inode.pointee.owner
  }

  /// Checks that names may be added to a folder (may_create()).
  func checkCreation(in folder: KernelPointer<Dentry>) throws(Errno) {
    guard !isReadOnly(folder.pointee.inode.pointee.mount) else { throw .EROFS }
    guard !folder.pointee.isDeleted else { throw .ENOENT }
    try check([.write, .execute], of: folder.pointee.inode)
  }

  /// Checks that a name may be taken out of its folder (may_delete()): in a sticky one only by the
  /// owner of the folder or of what it names.
  func checkDeletion(
    of victim: KernelPointer<Dentry>, from folder: KernelPointer<Dentry>
  ) throws(Errno) {
    let inode = folder.pointee.inode
    guard !isReadOnly(inode.pointee.mount) else { throw .EROFS }
    try check([.write, .execute], of: inode)
    guard inode.pointee.mode.permissions & 0o1000 != 0, let caller else { return }
    let user = caller.credentials.pointee.fileUser
    guard user == 0 || user == inode.pointee.owner || user == victim.pointee.inode.pointee.owner
    else { throw .EPERM }
  }

  /// Gives a new file to the caller, or to its folder's group where that has the set-group-ID bit
  /// (inode_init_owner()).
  func giveToCaller(_ inode: KernelPointer<Inode>, in folder: KernelPointer<Dentry>) {
    guard let who = caller?.credentials else { return }
    inode.pointee.owner = who.pointee.fileUser
    let parent = folder.pointee.inode
    guard parent.pointee.mode.permissions & 0o2000 != 0 else {
      inode.pointee.group = who.pointee.fileGroup
      return
    }
    inode.pointee.group = parent.pointee.group
    if inode.pointee.isDirectory {
      inode.pointee.mode.permissions |= 0o2000
    } else if inode.pointee.mode.permissions & 0o2010 == 0o2010, who.pointee.fileUser != 0,
      !who.pointee.isMember(of: parent.pointee.group)
    {
      // Nobody makes a program of a group that it is not in (mode_strip_sgid()).
      inode.pointee.mode.permissions &= ~0o2000
    }
  }

  /// Takes the set-ID bits off a file that is written to by somebody without capabilities
  /// (file_remove_privs()).
  @inline(__always)
  func dropSetIDs(of inode: KernelPointer<Inode>) {
    if inode.pointee.mode.permissions & 0o6000 != 0 { dropSetIDsNow(of: inode) }
  }

  @inline(never)
  private func dropSetIDsNow(of inode: KernelPointer<Inode>) {
    guard !isPrivileged, inode.pointee.isRegular else { return }
    dropSetIDsOfAnother(inode)
  }

  /// Clears set-user-ID, and set-group-ID where the group may execute or the caller is not in it
  /// (setattr_should_drop_sgid()).
  func dropSetIDsOfAnother(_ inode: KernelPointer<Inode>) {
    let group = inode.pointee.group
    let isMember = isPrivileged || caller?.credentials.pointee.isMember(of: group) == true
    inode.pointee.mode.permissions &= ~0o4000
    if !isMember || inode.pointee.mode.permissions & 0o010 != 0 {
      inode.pointee.mode.permissions &= ~0o2000
    }
  }
}
