import AddressSpaces
import Arm64
import Files
import MemoryTypes
import PageFrames
import Tasks

/// Files in memory without a name in the tree (mm/memfd.c).
extension SystemCall {
  /// memfd_create(name, flags).
  func makeMemoryFile() throws(Errno) -> UInt64 {
    let flags = word(1)
    let closeOnExec = flags & 1 != 0
    let maySeal = flags & 2 != 0
    let isHuge = flags & 4 != 0
    guard flags & ~(isHuge ? 0xfc00_0007 : 7) == 0 else { throw .EINVAL }
    let prefix: ByteString = "memfd:"
    let longest = 255 - prefix.count
    let block = kernel.frames.pointee.address(of: kernel.store.pointee.pathBuffers)
    // SAFETY: the block holds two buffers of 4096 bytes that only the running call uses.
    let bytes = unsafe kernel.board.pointer(to: block)
    unsafe bytes.copyMemory(from: prefix.bytes.baseAddress.unsafelyUnwrapped, byteCount: 6)
    let count: Int
    do throws(Errno) {
      count = try unsafe space.pointee.copyStringIn(
        address(0), to: bytes + prefix.count, limit: longest &+ 1)
    } catch {
      throw error == .ENAMETOOLONG ? .EINVAL : error
    }
    guard count <= longest else { throw .EINVAL }
    // No huge page is there for a file to be made of, and no size of them either.
    if isHuge { throw .EINVAL }
    let name = unsafe ByteString(
      UnsafeRawBufferPointer(start: bytes, count: prefix.count &+ count))
    let file = try files.pointee.makeAnonymousFile(
      .zero, name: name, seals: maySeal ? [] : .seal)
    return try files.pointee.install(
      file, in: table, limit: task.pointee.memory.limits.pointee[.openFiles].soft,
      closeOnExec: closeOnExec)
  }

  /// fcntl's F_ADD_SEALS.
  func addSeals(to file: KernelPointer<OpenFile>) throws(Errno) -> UInt64 {
    guard argument(2) <= UInt64(UInt32.max) else { throw .EINVAL }
    let memory = kernel.memory
    try files.pointee.addSeals(FileSeals(rawValue: word(2)), to: file) {
      memory.pointee.isMappedForWriting(file.pointee.inode)
    }
    return 0
  }

  /// fcntl's F_GET_SEALS.
  func seals(of file: KernelPointer<OpenFile>) throws(Errno) -> UInt64 {
    UInt64(try files.pointee.seals(of: file).rawValue)
  }
}
