import Arm64
import MemoryTypes

/// Where a link leads, when a walk comes to it.
enum LinkLead: BitwiseCopyable {
  case path(ByteString)
  /// A name, with a reference.
  case place(KernelPointer<Dentry>)
}

extension FileSystem {
  /// Where a link leads.
  ///
  /// Drops nothing.
  func lead(of link: KernelPointer<Dentry>) throws(Errno) -> LinkLead {
    let inode = link.pointee.inode
    if !state.pointee.rules.isEmpty {
      let isPlace = inode.pointee.node != nil
      guard !state.pointee.rules.contains(.noLinks),
        !isPlace || state.pointee.rules.isDisjoint(with: [.noPlaceLinks, .beneath, .inRoot])
      else { throw .ELOOP }
    }
    switch inode.pointee.kind {
    case .symbolicLink(let text):
      guard inode.pointee.size > 0 else { throw .ENOENT }
      return .path(self.text(text, count: Int(inode.pointee.size)))
    case .procedural(let node):
      switch try target(of: node) {
      case .path(let path): return .path(path)
      case .place(let dentry): return .place(dentry)
      case .sibling(let number): return .place(try sibling(ShortName(number), of: link))
      case .name(let name): return .place(try sibling(name, of: link))
      case .thread(let thread, let process):
        let folder = try sibling(ShortName(process), of: link)
        defer { release(folder) }
        let tasks = try entry(ShortName("task" as StaticString), of: folder)
        defer { release(tasks) }
        return .place(try entry(ShortName(thread), of: tasks))
      }
    default: throw .EINVAL
    }
  }

  /// The target of a link in memory.
  func text(_ text: Inode.LinkText, count: Int) -> ByteString {
    switch text {
    case .archive(let offset):
      // SAFETY: checked at mount to lie inside the archive.
      unsafe ByteString(UnsafeRawBufferPointer(start: archive.bytes(at: offset), count: count))
    case .heap(let address):
      // SAFETY: the inode's own buffer, as long as its size.
      unsafe ByteString(
        UnsafeRawBufferPointer(start: UnsafeRawPointer(bitPattern: address), count: count))
    }
  }

  func target(of node: ProceduralNode) throws(Errno) -> LinkTarget {
    guard let surroundings else { throw .ENOENT }
    return try surroundings.pointee.target(surroundings.pointee.context, node)
  }

  /// The entry with a name in the folder that a link is in.
  private func sibling(
    _ name: ShortName, of link: KernelPointer<Dentry>
  ) throws(Errno) -> KernelPointer<Dentry> {
    guard let folder = link.pointee.parent else { throw .ENOENT }
    return try entry(name, of: folder)
  }

  /// The entry of a procedural folder with a name.
  private func entry(
    _ name: ShortName, of folder: KernelPointer<Dentry>
  ) throws(Errno) -> KernelPointer<Dentry> {
    guard let node = folder.pointee.inode.pointee.node else { throw .ENOENT }
    let found = try name.withName { (name) throws(Errno) in
      try proceduralChild(name, of: folder, node)
    }
    guard let found else { throw .ENOENT }
    return found
  }

  /// Makes the name of a procedural entry, which lives as long as it is used; nil where the folder
  /// has none.
  func proceduralChild(
    _ name: ByteString, of folder: KernelPointer<Dentry>, _ node: ProceduralNode
  ) throws(Errno) -> KernelPointer<Dentry>? {
    guard let surroundings else { return nil }
    let entry: ProceduralEntry
    do throws(Errno) {
      entry = try surroundings.pointee.entry(surroundings.pointee.context, node, name)
    } catch {
      if error == .ENOENT { return nil }
      throw error
    }
    let inode = try makeInode(
      .procedural(entry.node), on: entry.mount ?? folder.pointee.inode.pointee.mount,
      mode: entry.mode,
      number: entry.inodeNumber)
    inode.pointee.links = entry.mode.type == .directory ? 2 : 1
    inode.pointee.owner = entry.owner
    inode.pointee.group = entry.group
    return try makeDentry(name, in: folder, inode)
  }
}
