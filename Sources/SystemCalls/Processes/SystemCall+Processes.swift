import AddressSpaces
import Arm64
import Files
import MemoryTypes
import PageFrames
import Tasks

/// Processes: making, replacing, waiting for them (kernel/fork.c, fs/exec.c, kernel/exit.c).
extension SystemCall {
  /// The parent's number, as this process may know it.
  @inline(__always)
  var parentID: UInt64 {
    guard let parent = task.pointee.process.pointee.parent else { return 0 }
    return UInt64(UInt32(bitPattern: parent.pointee.id))
  }

  /// execve(path, arguments, environment).
  @inline(never)
  func execute() throws(Errno) -> UInt64 {
    try withPath(0) { (path) throws(Errno) in
      try kernel.execute(path, arguments: address(1), environment: address(2), from: space)
    }
    // The new program begins with all registers zero.
    return 0
  }

  /// execveat(folder, path, arguments, environment, flags).
  @inline(never)
  func executeAt() throws(Errno) -> UInt64 {
    let flags = word(4)
    guard flags & ~0x1100 == 0 else { throw .EINVAL }
    let arguments = address(2)
    let environment = address(3)
    try withPath(1, mayBeEmpty: flags & 0x1000 != 0) { (path) throws(Errno) in
      let isNamed = int(0) == Self.currentFolderMark || !path.isEmpty && path[0] == 0x2f
      let place = ProgramPlace(
        from: try base(of: int(0), path), path, lookupOptions(flags),
        isInaccessible: isNamed ? false : try closesOnExec(UInt64(word(0))))
      try withDescriptorName(isNamed ? nil : word(0), path) { (name) throws(Errno) in
        try kernel.execute(
          name, arguments: arguments, environment: environment, from: space, at: place)
      }
    }
    return 0
  }

  private func closesOnExec(_ descriptor: UInt64) throws(Errno) -> Bool {
    try files.pointee.closesOnExec(descriptor, in: table)
  }

  /// What a program is called that is found by a descriptor: `/dev/fd/N`, and the path
  /// (fs/exec.c:alloc_bprm()).
  private func withDescriptorName(
    _ descriptor: UInt32?, _ path: ByteString, _ body: (ByteString) throws(Errno) -> Void
  ) throws(Errno) {
    guard let descriptor else { return try body(path) }
    let block = kernel.frames.pointee.address(of: kernel.store.pointee.pathBuffers)
    // SAFETY: the second of two buffers of 4096 bytes; the path is in the first.
    let bytes = unsafe kernel.board.pointer(to: block) + 4096
    var count = 0
    func append(_ byte: UInt8) {
      guard count < 4096 else { return }
      unsafe bytes.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
      count &+= 1
    }
    let prefix: StaticString = "/dev/fd/"
    for index in 0..<prefix.utf8CodeUnitCount { append(unsafe prefix.utf8Start[index]) }
    var divisor: UInt32 = 1
    while descriptor / divisor >= 10 { divisor &*= 10 }
    while divisor > 0 {
      append(UInt8(truncatingIfNeeded: 0x30 &+ descriptor / divisor % 10))
      divisor /= 10
    }
    if !path.isEmpty {
      append(0x2f)
      for index in 0..<path.count { append(path[index]) }
    }
    guard count < 4096 else { throw .ENAMETOOLONG }
    try body(unsafe ByteString(UnsafeRawBufferPointer(start: bytes, count: count)))
  }

  func exchangeMask() -> UInt64 {
    guard let folders = task.pointee.folders else { return 0 }
    let old = folders.pointee.umask
    folders.pointee.umask = word(0) & 0o777
    return UInt64(old)
  }
}
