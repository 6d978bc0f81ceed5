import Arm64
public import MemoryTypes

extension FileSystem {
  /// Lists a folder in records of `struct linux_dirent64`, from where the file stands on, until
  /// `room` bytes are full.
  ///
  /// Answers the bytes handed to the sink; 0 at the end.
  ///
  /// `.` and `..` are positions 0 and 1. Then come names from the newest to the oldest, as tmpfs
  /// lists them (fs/libfs.c: dcache_readdir()). The position after a name says which it was, so a
  /// listing goes on where it was even if names come and go.
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
          let next = surroundings.pointee.next(surroundings.pointee.context, node, position &- 2)
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
}
