import Arm64
import KernelHeap
public import MemoryTypes

extension FileSystem {
  /// Hands the target of a link to a sink (readlinkat), at most `room` bytes of it.
  public func readLink(
    _ link: KernelPointer<Dentry>, _ room: ByteCount, _ sink: ByteSink
  ) throws(Errno) -> Int {
    let inode = link.pointee.inode
    guard inode.pointee.isSymbolicLink else { throw .EINVAL }
    guard room.rawValue > 0 else { throw .EINVAL }
    switch inode.pointee.kind {
    case .symbolicLink(let text):
      return try handOver(self.text(text, count: Int(inode.pointee.size)), room, sink)
    case .procedural(let node):
      switch try target(of: node) {
      case .path(let path): return try handOver(path, room, sink)
      case .sibling(let number):
        return try ShortName(number).withName { (name) throws(Errno) in
          try handOver(name, room, sink)
        }
      case .name(let name):
        return try name.withName { (name) throws(Errno) in try handOver(name, room, sink) }
      case .thread(let thread, let process):
        var text = ShortName(process)
        text.append("/task/")
        text.append(ShortName(thread))
        return try text.withName { (name) throws(Errno) in try handOver(name, room, sink) }
      case .place(let dentry):
        defer { release(dentry) }
        var writer = TextWriter<B>(selfPointer)
        writePath(of: dentry, &writer)
        let pages = writer.pages
        let length = min(writer.count, room.rawValue)
        defer { writer.discard() }
        return try copyOut(0, length, sink, size: { length }) { (index) throws(Errno) in
          trees.find(index, in: pages)
        }
      }
    default: throw .EINVAL
    }
  }

  private func handOver(
    _ text: ByteString, _ room: ByteCount, _ sink: ByteSink
  ) throws(Errno) -> Int {
    let length = Int(min(UInt64(text.count), room.rawValue))
    let taken = try sink(text[0..<length])
    guard taken == length else { throw .EFAULT }
    return taken
  }

  /// Writes what stands for the path of a file that has no place in the tree
  /// (fs/pipe.c: pipefs_dname(), net/socket.c: sockfs_dname()); false for one that has.
  private func writeNameless(
    _ dentry: KernelPointer<Dentry>, _ writer: inout TextWriter<B>
  ) -> Bool {
    switch dentry.pointee.inode.pointee.kind {
    case .pipe: writer.text("pipe:[")
    case .socket: writer.text("socket:[")
    case .eventCounter:
      writer.text("anon_inode:[eventfd]")
      return true
    case .watcher:
      writer.text("anon_inode:[eventpoll]")
      return true
    case .supplied(let supplied):
      writer.text("anon_inode:")
      if let surroundings {
        writer.text(surroundings.pointee.supplied.name(surroundings.pointee.context, supplied))
      }
      return true
    default: return false
    }
    writer.decimal(dentry.pointee.inode.pointee.number)
    writer.byte(0x5D)
    return true
  }

  /// Writes a name's whole path, ` (deleted)` behind one that was removed (d_path()); newlines in
  /// it as `\012` where lines matter.
  public func writePath(
    of dentry: KernelPointer<Dentry>, _ writer: inout TextWriter<B>,
    escapingNewlines: Bool = false
  ) {
    // The way up is collected first; deeper than a path can be long, the top is left out.
    var depth = 0
    var up: KernelPointer<Dentry>? = dentry
    while let here = up {
      up = here.pointee.parent
      depth &+= 1
    }
    if depth <= 1, writeNameless(dentry, &writer) { return }
    if depth <= 1 {
      writer.byte(0x2F)
      if dentry != root { writer.bytes(dentry.name) }
    }
    var level = depth &- 2
    while level >= 0 {
      var part = dentry
      for _ in 0..<level { part = part.pointee.parent ?? part }
      writer.byte(0x2F)
      let name = part.name
      for index in 0..<name.count {
        if escapingNewlines, name[index] == 0x0A {
          writer.text("\\012")
        } else {
          writer.byte(name[index])
        }
      }
      level &-= 1
    }
    if dentry.pointee.isDeleted { writer.text(" (deleted)") }
  }
}
