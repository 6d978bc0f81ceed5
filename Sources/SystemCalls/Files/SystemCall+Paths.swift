import AddressSpaces
import Arm64
import Files
import MemoryTypes
import PageFrames
import Tasks

/// Paths and the folders they begin at.
extension SystemCall {
  /// AT_FDCWD: relative paths begin at the current folder.
  static var currentFolderMark: Int32 { -100 }

  /// Copies the path that an argument points at into one of the kernel's two buffers
  /// (fs/namei.c:getname()).
  func withPath<T>(
    _ index: Int, buffer: Int = 0, mayBeEmpty: Bool = true,
    _ body: (ByteString) throws(Errno) -> T
  ) throws(Errno) -> T {
    let block = kernel.frames.pointee.address(of: kernel.store.pointee.pathBuffers)
    // SAFETY: the block holds two buffers of 4096 bytes, and calls do not overlap in their use.
    let bytes = unsafe kernel.board.pointer(to: block) + buffer &* 4096
    let count = try unsafe space.pointee.copyStringIn(address(index), to: bytes, limit: 4096)
    guard count > 0 || mayBeEmpty else { throw .ENOENT }
    return try unsafe body(ByteString(UnsafeRawBufferPointer(start: bytes, count: count)))
  }

  /// The folder that a path begins at, named by the descriptor in an argument; borrowed.
  func base(_ index: Int, _ path: ByteString) throws(Errno) -> KernelPointer<Dentry> {
    try base(of: int(index), path)
  }

  func base(of descriptor: Int32, _ path: ByteString) throws(Errno) -> KernelPointer<Dentry> {
    if path.count > 0 && path[0] == 0x2f { return files.pointee.root }
    if descriptor == Self.currentFolderMark { return workingDirectory }
    let file = try files.pointee.file(UInt64(UInt32(bitPattern: descriptor)), in: table)
    let dentry = file.pointee.dentry
    // An empty path names the file itself, whatever it is; any other needs a folder.
    guard path.isEmpty || dentry.pointee.inode.pointee.isDirectory else { throw .ENOTDIR }
    return dentry
  }

  var workingDirectory: KernelPointer<Dentry> {
    task.pointee.folders?.pointee.workingDirectory ?? files.pointee.root
  }

  /// The permission bits that a new file does not get.
  var umask: UInt32 { task.pointee.folders?.pointee.umask ?? 0 }

  /// Finds what a descriptor and a path name, and works on it.
  func withPlace<T>(
    _ descriptor: Int, _ path: Int, _ options: LookupOptions = [],
    _ body: (KernelPointer<Dentry>) throws(Errno) -> T
  ) throws(Errno) -> T {
    try withPath(path) { (name) throws(Errno) in
      let dentry = try files.pointee.resolve(name, from: base(descriptor, name), options)
      defer { files.pointee.release(dentry) }
      return try body(dentry)
    }
  }

  /// AT_SYMLINK_NOFOLLOW and AT_EMPTY_PATH of a call's flags.
  func lookupOptions(_ flags: UInt32) -> LookupOptions {
    var options: LookupOptions = []
    if flags & 0x100 != 0 { options.insert(.noFollow) }
    if flags & 0x1000 != 0 { options.insert(.emptyPath) }
    return options
  }

  /// A sink that stores into the program's memory, from an address on.
  ///
  /// What lies before the first page that cannot be written is stored, as copy_to_user() does.
  func store(_ piece: ByteString, _ place: inout VirtualAddress) -> Int {
    guard let start = unsafe piece.bytes.baseAddress else { return 0 }
    return pageByPage(piece.count, &place) { (done, part, place) throws(Errno) in
      try unsafe space.pointee.copyOut(start + done, to: place, part)
    }
  }

  /// A source that loads from the program's memory.
  func load(_ piece: ByteRoom, _ place: inout VirtualAddress) -> Int {
    guard let start = unsafe piece.bytes.baseAddress else { return 0 }
    return pageByPage(piece.count, &place) { (done, part, place) throws(Errno) in
      try unsafe space.pointee.copyIn(place, to: start + done, part)
    }
  }

  /// Copies in parts that do not cross pages, up to the first that fails: how many bytes.
  @inline(__always)
  private func pageByPage(
    _ count: Int, _ place: inout VirtualAddress,
    _ copy: (_ done: Int, _ part: Int, _ place: VirtualAddress) throws(Errno) -> Void
  ) -> Int {
    let pageSize = kernel.board.pageSize
    var done = 0
    while done < count {
      let rest = place.alignedUp(to: pageSize) - place
      let inPage = rest == .zero ? Int(pageSize.bytes.rawValue) : Int(rest.rawValue)
      let part = min(count &- done, inPage)
      do throws(Errno) { try copy(done, part, place) } catch { return done }
      place += ByteCount(UInt64(part))
      done &+= part
    }
    return done
  }
}
