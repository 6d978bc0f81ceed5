import Arm64
public import MemoryTypes

extension FileSystem {
  /// Makes an open file that a room above supplies (fs/anon_inodes.c).
  ///
  /// Fails without calling `release`.
  public func makeSuppliedFile(
    _ supplied: SuppliedFile, _ flags: OpenFlags
  ) throws(Errno) -> KernelPointer<OpenFile> {
    try makeNameless(.supplied(supplied), "anon_inode", flags)
  }

  /// The supplied file that an open file is; nil for any other.
  public func supplied(_ file: KernelPointer<OpenFile>) -> SuppliedFile? {
    if case .supplied(let supplied) = file.pointee.inode.pointee.kind { return supplied }
    return nil
  }

  /// An opened file of an inode of its own that has no place in the tree.
  ///
  /// Fails without touching the object in `kind`.
  func makeNameless(
    _ kind: Inode.Kind, _ name: ByteString, mode: FileMode = FileMode(0o600),
    _ flags: OpenFlags
  ) throws(Errno) -> KernelPointer<OpenFile> {
    // The kind is set when nothing can fail any more: until then the inode owns nothing.
    let inode = try makeInode(.special, on: .kernelSharedMemory, mode: mode)
    if let who = caller?.credentials {
      inode.pointee.owner = who.pointee.fileUser
      inode.pointee.group = who.pointee.fileGroup
    }
    inode.pointee.links = 1
    let dentry = try makeDentry(name, in: nil, inode)
    let file = try makeOpenFile(dentry, flags)
    inode.pointee.kind = kind
    return file
  }

  /// Says that a file may have become ready for something: wakes those who wait for it.
  ///
  /// Only those who watch for one of `events` are told, where what happened is known.
  @inline(__always)
  public func happened(to inode: KernelPointer<Inode>, _ events: Readiness = []) {
    if inode.pointee.watches != nil { noteWatched(inode, events) }
    if let surroundings { surroundings.pointee.wake(surroundings.pointee.context, inode) }
  }

  /// What an open file is ready for (vfs_poll()).
  public func readiness(of file: KernelPointer<OpenFile>) -> Readiness {
    let inode = file.pointee.inode
    switch inode.pointee.kind {
    case .regular, .directory, .symbolicLink: return .always
    case .procedural(let node): return textReadiness(file, node)
    case .special: return .invalid
    case .device(.kernelMessages): return logReadiness(file)
    case .device(let device): return readiness(of: device)
    case .pipe(let address): return pipeReadiness(address, file)
    case .eventCounter(let address): return counterReadiness(address)
    case .watcher(let address): return watcherReadiness(address)
    case .socket(let address): return socketReadiness(address)
    case .supplied(let supplied):
      guard let surroundings else { return [] }
      return surroundings.pointee.supplied.readiness(surroundings.pointee.context, supplied)
    }
  }

  private func readiness(of device: CharacterDevice) -> Readiness {
    guard device.isConsole, state.pointee.isInteractive, let surroundings else { return .always }
    return surroundings.pointee.hasTyped(surroundings.pointee.context)
      ? .always : [.output, .normalOutput]
  }
}
