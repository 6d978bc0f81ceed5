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
    permissions: UInt32 = 0, _ rules: WalkRules
  ) throws(Errno) -> KernelPointer<OpenFile> {
    guard !rules.isEmpty else {
      return try open(path, from: base, flags, permissions: permissions)
    }
    state.pointee.rules = rules
    state.pointee.rulesBase = rules.isDisjoint(with: [.beneath, .inRoot]) ? nil : base
    defer {
      state.pointee.rules = []
      state.pointee.rulesBase = nil
    }
    let file = try open(path, from: base, flags, permissions: permissions)
    if rules.contains(.oneMount),
      file.pointee.inode.pointee.mount != base.pointee.inode.pointee.mount
    {
      release(file)
      throw .EXDEV
    }
    return file
  }

  /// Opens a path that may lead anywhere.
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
    do throws(Errno) {
      try checkOpening(inode, flags)
      if flags.contains(.truncate), inode.pointee.isRegular { try setSize(of: inode, to: 0) }
      if inode.pointee.mode.type == .fifo { return try openFIFO(dentry, flags) }
      // A descriptor's own file, found in /proc/PID/fd, can be opened anew where that has a sense
      // of its own: a pipe as a FIFO is above, a socket never (sock_no_open()).
      switch inode.pointee.kind {
      case .special, .socket: throw Errno.ENXIO
      default: break
      }
      if case .device(.kernelMessages) = inode.pointee.kind { try checkOpeningLog(flags) }
      if flags.contains(.direct), !inode.pointee.mayBypassCache { throw Errno.EINVAL }
      if let node = inode.pointee.node, inode.pointee.mode.type == .regular, let surroundings {
        try surroundings.pointee.texts.open(surroundings.pointee.context, node, flags)
      }
    } catch {
      release(dentry)
      throw error
    }
    let file = try makeOpenFile(
      dentry, flags.subtracting([.create, .exclusive, .noControllingTerminal, .truncate]))
    if case .device(.kernelMessages) = inode.pointee.kind { startLog(file) }
    return file
  }

  /// Whether the caller may open a file so (fs/namei.c: may_open()).
  private func checkOpening(
    _ inode: KernelPointer<Inode>, _ flags: OpenFlags
  ) throws(Errno) {
    let writes = flags.mayWrite
    let mounted = self.flags(of: inode.pointee.mount)
    switch inode.pointee.mode.type {
    case .symbolicLink: throw .ELOOP
    case .directory where writes || flags.contains(.create): throw .EISDIR
    case .characterDevice, .blockDevice:
      if mounted.contains(.noDevices) { throw .EACCES }
    default: break
    }
    try check(flags.access, of: inode)
    if flags.contains(.noAccessTime), !owns(inode) { throw .EPERM }
    guard inode.pointee.isRegular else { return }
    if inode.pointee.writers < 0, writes || flags.contains(.truncate) { throw .ETXTBSY }
  }

  /// Makes an opened file; takes over the reference of the name.
  func makeOpenFile(
    _ dentry: KernelPointer<Dentry>, _ flags: OpenFlags
  ) throws(Errno) -> KernelPointer<OpenFile> {
    let inode = dentry.pointee.inode
    // What was opened by a name says so, and a memfd (force_o_largefile()).
    let hasName =
      dentry.pointee.parent != nil || inode.pointee.isRegular || inode.pointee.isDirectory
    let kept = flags.subtracting(.closeOnExec)
    let file = OpenFile(
      inode: inode, dentry: dentry, flags: hasName ? kept.union(.largeFile) : kept)
    guard let made = caches.openFiles.allocate(file) else {
      release(dentry)
      throw .ENOMEM
    }
    if flags.mayWrite { made.pointee.inode.pointee.writers &+= 1 }
    state.pointee.openFiles &+= 1
    return made
  }

  /// The open files there are (`/proc/sys/fs/file-nr`).
  public var openFileCount: UInt64 { state.pointee.openFiles }

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
        try checkCreation(in: folder)
        let dentry = try create(last.name, in: folder) { (folder) throws(Errno) in
          let mount = folder.pointee.inode.pointee.mount
          let inode = try makeInode(
            newFile(on: mount), on: mount, mode: FileMode(.regular, permissions: permissions))
          inode.pointee.links = 1
          giveToCaller(inode, in: folder)
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
    guard flags.mayWrite, flags.contains(.directory) else { throw .EINVAL }
    let folder = try resolve(path, from: base, .directory)
    defer { release(folder) }
    guard folder.pointee.inode.pointee.node == nil else { throw .EOPNOTSUPP }
    try checkCreation(in: folder)
    let mount = folder.pointee.inode.pointee.mount
    let inode = try makeInode(
      newFile(on: mount), on: mount, mode: FileMode(.regular, permissions: permissions))
    giveToCaller(inode, in: folder)
    let name = ShortName(UInt32(truncatingIfNeeded: inode.pointee.number))
    let dentry = try name.withName { (bytes) throws(Errno) in
      try makeDentry(bytes, in: folder, inode)
    }
    dentry.pointee.isDeleted = true
    dentry.pointee.isTemporary = !flags.contains(.exclusive)
    return try makeOpenFile(dentry, flags.subtracting([.temporary, .directory, .exclusive]))
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
    if let who = caller?.credentials {
      inode.pointee.owner = who.pointee.fileUser
      inode.pointee.group = who.pointee.fileGroup
    }
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
    state.pointee.openFiles &-= 1
    if file.pointee.inode.pointee.locks != nil { dropLocks(of: file) }
    if file.pointee.isWatched { dropWatches(of: file) }
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
