import Arm64
import KernelHeap
public import MemoryTypes

extension FileSystem {
  /// Opens a path (fs/namei.c: do_filp_open()).
  ///
  /// The caller has the file's one reference.
  ///
  /// `permissions` are those of a file that O_CREAT makes, the caller's umask taken off.
  public func open(
    _ path: ByteString, from base: KernelPointer<Dentry>, _ flags: OpenFlags,
    permissions: UInt32 = 0
  ) throws(Errno) -> KernelPointer<OpenFile> {
    if flags.contains(.path) {
      var options: LookupOptions = flags.contains(.noFollow) ? .noFollow : []
      if flags.contains(.directory) { options.insert(.directory) }
      return try makeOpenFile(
        resolve(path, from: base, options),
        flags.intersection([.path, .directory, .noFollow, .closeOnExec]))
    }
    if flags.contains(.temporary) { return try openTemporary(path, from: base, flags, permissions) }
    guard flags.contains(.create) else {
      var options: LookupOptions = flags.contains(.noFollow) ? .noFollow : []
      if flags.contains(.directory) { options.insert(.directory) }
      return try open(resolve(path, from: base, options), flags)
    }
    guard !flags.contains(.directory) else { throw .EINVAL }
    return try openOrCreate(path, from: base, flags, permissions)
  }

  /// Opens what a name names; takes over the caller's reference of it.
  public func open(
    _ dentry: KernelPointer<Dentry>, _ flags: OpenFlags
  ) throws(Errno) -> KernelPointer<OpenFile> {
    let inode = dentry.pointee.inode
    let writes = flags.mayWrite
    let problem: Errno? =
      switch inode.pointee.kind {
      case .symbolicLink: .ELOOP
      case .directory: writes || flags.contains(.create) ? .EISDIR : nil
      case .procedural:
        switch inode.pointee.mode.type {
        case .directory: writes ? .EISDIR : nil
        case .symbolicLink: .ELOOP
        default: nil
        }
      case .special, .pipe: .ENXIO
      case .regular:
        inode.pointee.writers < 0 && (writes || flags.contains(.truncate)) ? .ETXTBSY : nil
      case .device: nil
      }
    if let problem {
      release(dentry)
      throw problem
    }
    do throws(Errno) {
      if flags.contains(.truncate), inode.pointee.isRegular { try setSize(of: inode, to: 0) }
      if let node = inode.pointee.node, inode.pointee.mode.type == .regular, let surroundings {
        try surroundings.texts.open(surroundings.context, node, flags)
      }
    } catch {
      release(dentry)
      throw error
    }
    return try makeOpenFile(
      dentry, flags.subtracting([.create, .exclusive, .noControllingTerminal, .truncate]))
  }

  /// Makes an opened file; takes over the reference of the name.
  func makeOpenFile(
    _ dentry: KernelPointer<Dentry>, _ flags: OpenFlags
  ) throws(Errno) -> KernelPointer<OpenFile> {
    let file = OpenFile(
      inode: dentry.pointee.inode, dentry: dentry,
      flags: flags.subtracting(.closeOnExec).union(.largeFile))
    guard let made = caches.openFiles.allocate(file) else {
      release(dentry)
      throw .ENOMEM
    }
    if flags.mayWrite { made.pointee.inode.pointee.writers &+= 1 }
    return made
  }

  private func openOrCreate(
    _ path: ByteString, from base: KernelPointer<Dentry>, _ flags: OpenFlags,
    _ permissions: UInt32
  ) throws(Errno) -> KernelPointer<OpenFile> {
    guard !path.isEmpty else { throw .ENOENT }
    var last = try walk(path, from: base, links: 0)
    while true {
      let folder = last.folder
      defer { release(folder) }
      guard !last.isSpecial, !last.hasTrailingSlash else { throw .EISDIR }
      guard let found = try step(last.name, from: folder) else {
        let dentry = try create(last.name, in: folder) { (folder) throws(Errno) in
          let inode = try makeInode(
            .regular(.sharedMemory), on: folder.pointee.inode.pointee.mount,
            mode: FileMode(.regular, permissions: permissions))
          inode.pointee.links = 1
          return inode
        }
        retain(dentry)
        return try makeOpenFile(
          dentry, flags.subtracting([.create, .exclusive, .noControllingTerminal, .truncate]))
      }
      guard !flags.contains(.exclusive) else {
        release(found)
        throw .EEXIST
      }
      guard found.pointee.inode.pointee.isSymbolicLink, !flags.contains(.noFollow) else {
        return try open(found, flags)
      }
      let lead: LinkLead
      do throws(Errno) {
        guard last.links < Self.maximumLinks else { throw Errno.ELOOP }
        lead = try self.lead(of: found)
      } catch {
        release(found)
        throw error
      }
      release(found)
      switch lead {
      case .place(let place): return try open(place, flags)
      case .path(let text): last = try walk(text, from: folder, links: last.links &+ 1)
      }
    }
  }

  /// A file without a name in a folder (O_TMPFILE).
  private func openTemporary(
    _ path: ByteString, from base: KernelPointer<Dentry>, _ flags: OpenFlags,
    _ permissions: UInt32
  ) throws(Errno) -> KernelPointer<OpenFile> {
    guard flags.mayWrite else { throw .EINVAL }
    let folder = try resolve(path, from: base, .directory)
    defer { release(folder) }
    guard folder.pointee.inode.pointee.node == nil else { throw .EOPNOTSUPP }
    let inode = try makeInode(
      .regular(.sharedMemory), on: folder.pointee.inode.pointee.mount,
      mode: FileMode(.regular, permissions: permissions))
    let name = ShortName(UInt32(truncatingIfNeeded: inode.pointee.number))
    let dentry = try name.withName { (bytes) throws(Errno) in
      try makeDentry(bytes, in: folder, inode)
    }
    dentry.pointee.isDeleted = true
    return try makeOpenFile(dentry, flags.subtracting([.temporary, .directory]))
  }

  /// A file for shared anonymous memory, already without a name: `/dev/zero (deleted)` in `maps`
  /// (shmem_kernel_file_setup()).
  public func makeAnonymousFile(
    _ size: ByteCount, name: ByteString = "dev/zero", number: UInt64? = nil,
    seals: FileSeals = .seal
  ) throws(Errno) -> KernelPointer<OpenFile> {
    guard size.rawValue <= Self.maximumSize else { throw .EINVAL }
    let inode = try makeInode(
      .regular(.sharedMemory), on: .kernelSharedMemory,
      mode: FileMode(.regular, permissions: 0o777), size: size.rawValue, number: number)
    inode.pointee.seals = seals
    let dentry = try makeDentry(name, in: nil, inode)
    dentry.pointee.isDeleted = true
    return try makeOpenFile(dentry, .readWrite)
  }

  /// Opens a file in memory once more, for reading or for both, with a place of its own
  /// (alloc_file_clone()).
  public func reopen(
    _ file: KernelPointer<OpenFile>, forWriting: Bool
  ) throws(Errno) -> KernelPointer<OpenFile> {
    retain(file.pointee.dentry)
    return try makeOpenFile(file.pointee.dentry, forWriting ? .readWrite : [])
  }

  /// Adds a reference to an opened file: one more descriptor, one more mapping.
  public func retain(_ file: KernelPointer<OpenFile>) { file.pointee.references &+= 1 }

  /// Drops a reference to an opened file; closes it with the last one.
  public func release(_ file: KernelPointer<OpenFile>) {
    file.pointee.references &-= 1
    guard file.pointee.references == 0 else { return }
    allowWriting(to: file)
    if file.pointee.flags.mayWrite { file.pointee.inode.pointee.writers &-= 1 }
    dropText(of: file)
    closePipeEnd(file)
    release(file.pointee.dentry)
    caches.openFiles.free(file)
  }

  /// Lets nobody write to a file while it is executed (deny_write_access()).
  ///
  /// ETXTBSY if somebody may write to it already. Ends with the open file.
  public func forbidWriting(to file: KernelPointer<OpenFile>) throws(Errno) {
    guard file.pointee.inode.pointee.writers <= 0 else { throw .ETXTBSY }
    guard !file.pointee.forbidsWriting else { return }
    file.pointee.forbidsWriting = true
    file.pointee.inode.pointee.writers &-= 1
  }

  /// Ends that earlier (allow_write_access()).
  public func allowWriting(to file: KernelPointer<OpenFile>) {
    guard file.pointee.forbidsWriting else { return }
    file.pointee.forbidsWriting = false
    file.pointee.inode.pointee.writers &+= 1
  }
}
