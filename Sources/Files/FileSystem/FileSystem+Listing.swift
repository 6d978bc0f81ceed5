import Arm64
public import MemoryTypes

extension FileSystem {
  /// Lists a folder in records of `struct linux_dirent64`, from where the file stands on, until
  /// `room` bytes are full. Answers the bytes handed to the sink; 0 at the end.
  ///
  /// `.` and `..` are positions 0 and 1. Then come names from the newest to the oldest, as tmpfs
  /// lists them (fs/libfs.c: dcache_readdir()); the position after a name is 2 more than the
  /// number of names not newer... counted down from the folder's sequence.
  public func list(
    _ file: KernelPointer<OpenFile>, _ room: ByteCount, _ sink: ByteSink
  ) throws(Errno) -> Int {
    let folder = file.pointee.dentry
    guard folder.pointee.inode.pointee.isDirectory else { throw .ENOTDIR }
    var listing = Listing(room: Int(min(room.rawValue, 0x7fff_ffff)), done: 0)
    do throws(Errno) {
      while try listOne(file, folder, &listing, sink) {}
    } catch {
      if listing.done == 0 { throw error }
    }
    return listing.done
  }

  /// What a listing has left.
  private struct Listing {
    var room: Int
    var done: Int
  }

  /// Lists the next name; false where there is none or it does not fit.
  private func listOne(
    _ file: KernelPointer<OpenFile>, _ folder: KernelPointer<Dentry>, _ listing: inout Listing,
    _ sink: ByteSink
  ) throws(Errno) -> Bool {
    let position = file.pointee.position
    let inode = folder.pointee.inode
    var after = position &+ 1
    let fits: Bool
    switch position {
    case 0:
      fits = try emit(".", inode.pointee.number, .directory, after, &listing, sink)
    case 1:
      let parent = folder.pointee.parent ?? folder
      fits = try emit(
        "..", parent.pointee.inode.pointee.number, .directory, after, &listing, sink)
    default:
      if let node = inode.pointee.node {
        guard let surroundings,
          let next = surroundings.next(surroundings.context, node, position &- 2)
        else { return false }
        after = next.nextPosition &+ 2
        fits = try next.name.withName { (name) throws(Errno) in
          try emit(
            name, next.entry.inodeNumber, next.entry.mode.type ?? .regular, after, &listing, sink)
        }
      } else {
        // Sequences count up; positions count down from the top, so that they grow.
        let limit = position == 2 ? UInt64.max : Self.positionBase &- position
        guard let child = newest(in: folder, below: limit) else { return false }
        let target = child.pointee.inode
        after = Self.positionBase &- child.pointee.sequence
        fits = try emit(
          child.name, target.pointee.number, target.pointee.mode.type ?? .regular, after,
          &listing, sink)
      }
    }
    if fits { file.pointee.position = after }
    return fits
  }

  private static var positionBase: UInt64 { 0x4000_0000_0000_0000 }

  private func newest(
    in folder: KernelPointer<Dentry>, below limit: UInt64
  ) -> KernelPointer<Dentry>? {
    var candidate = folder.pointee.firstChild
    while let child = candidate, child.pointee.sequence >= limit {
      candidate = child.pointee.next
    }
    return candidate
  }

  /// Hands one record to the sink: d_ino, d_off, d_reclen, d_type, the name, padding to 8 bytes.
  private func emit(
    _ name: ByteString, _ number: UInt64, _ type: FileType, _ after: UInt64,
    _ listing: inout Listing, _ sink: ByteSink
  ) throws(Errno) -> Bool {
    let length = (19 &+ name.count &+ 1 &+ 7) & ~7
    guard length <= listing.room else {
      if listing.done == 0 { throw .EINVAL }
      return false
    }
    var record = InlineArray<36, UInt64>(repeating: 0)
    record[0] = number
    record[1] = after
    record[2] = UInt64(length) | UInt64(type.rawValue) &<< 16
    for index in 0..<name.count {
      let place = 19 &+ index
      record[place / 8] |= UInt64(name[index]) &<< UInt64(8 &* (place % 8))
    }
    let taken = try record.withBytes(length, sink)
    guard taken == length else { throw .EFAULT }
    listing.room &-= length
    listing.done &+= length
    return true
  }

  /// Moves a file's position (lseek); whence as SEEK_*.
  public func seek(
    _ file: KernelPointer<OpenFile>, to offset: Int64, whence: UInt32
  ) throws(Errno) -> UInt64 {
    let inode = file.pointee.inode
    if case .pipe = inode.pointee.kind { throw .ESPIPE }
    if case .device(let device) = inode.pointee.kind {
      if device.isConsole { throw .ESPIPE }
      // lseek on /dev/null and its like answers 0 (drivers/char/mem.c: null_lseek()).
      file.pointee.position = 0
      return 0
    }
    let size = inode.pointee.size
    let base: UInt64
    switch whence {
    case 0: base = 0
    case 1: base = file.pointee.position
    case 2: base = size
    case 3, 4:
      // Data everywhere up to the end, one hole behind it (generic_file_llseek_size()).
      guard offset >= 0, UInt64(offset) < size else { throw .ENXIO }
      file.pointee.position = whence == 3 ? UInt64(offset) : size
      return file.pointee.position
    default: throw .EINVAL
    }
    let (target, overflow) = Int64(bitPattern: base).addingReportingOverflow(offset)
    guard !overflow, target >= 0 else { throw overflow ? .EOVERFLOW : .EINVAL }
    file.pointee.position = UInt64(target)
    return UInt64(target)
  }

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
      case .place(let dentry):
        defer { release(dentry) }
        var writer = TextWriter<B>(selfPointer)
        writePath(of: dentry, &writer)
        let pages = writer.pages
        let length = min(writer.count, room.rawValue)
        defer { writer.discard() }
        return try copyOut(0, length, sink, size: { length }) { (index) throws(Errno) in
          find(index, in: pages)
        }
      }
    case .regular, .directory, .device, .pipe, .special: throw .EINVAL
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
