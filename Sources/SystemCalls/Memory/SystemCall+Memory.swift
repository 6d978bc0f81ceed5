import AddressSpaces
import Arm64
import Files
import MemoryTypes
import Tasks

/// mmap and its family (mm/mmap.c, mm/mprotect.c, mm/madvise.c …).
extension SystemCall {
  /// mmap(addr, length, prot, flags, fd, offset).
  @inline(never)
  func map() throws(Errno) -> UInt64 {
    let pageSize = kernel.board.pageSize
    let offset = argument(5)
    // arch/arm64/kernel/sys.c: mmap.
    guard offset & pageSize.offsetMask == 0 else { throw .EINVAL }
    let flags = MapFlags(rawValue: argument(3))
    var file: KernelPointer<OpenFile>?
    if !flags.contains(.anonymous) {
      let opened = try self.file(4)
      guard !opened.pointee.flags.contains(.path) else { throw .EBADF }
      file = opened
    }
    return try space.pointee.map(
      MappingRequest(
        address: address(0), length: bytes(1), protection: Protection(rawValue: argument(2)),
        flags: flags, file: file, pageOffset: offset &>> pageSize.shift)
    ).rawValue
  }

  @inline(never)
  func unmap() throws(Errno) -> UInt64 {
    try space.pointee.unmap(address(0).untagged, bytes(1))
    return 0
  }

  @inline(never)
  func protect() throws(Errno) -> UInt64 {
    try space.pointee.protect(
      address(0).untagged, bytes(1), Protection(rawValue: argument(2)))
    return 0
  }

  /// mremap(old, old length, new length, flags, new).
  @inline(never)
  func remap() throws(Errno) -> UInt64 {
    try space.pointee.remap(
      address(0), bytes(1), bytes(2), RemapFlags(rawValue: argument(3)), address(4)
    ).rawValue
  }

  /// remap_file_pages(start, size, protection, page offset, flags).
  @inline(never)
  func remapFilePages() throws(Errno) -> UInt64 {
    try space.pointee.remapFilePages(
      address(0), bytes(1), argument(2), pageOffset: argument(3),
      nonBlocking: MapFlags(rawValue: argument(4)).contains(.nonBlock))
    return 0
  }

  @inline(never)
  func advise() throws(Errno) -> UInt64 {
    try space.pointee.advise(address(0).untagged, bytes(1), UInt64(word(2)))
    if UInt64(word(2)) == Advice.pageOut.rawValue {
      kernel.pageOut(space, address(0).untagged, bytes(1))
    }
    return 0
  }

  @inline(never)
  func residency() throws(Errno) -> UInt64 {
    try space.pointee.residency(address(0).untagged, bytes(1), address(2))
    return 0
  }

  @inline(never)
  func synchronizeMemory() throws(Errno) -> UInt64 {
    try space.pointee.synchronize(address(0).untagged, bytes(1), UInt64(word(2)))
    return 0
  }

  /// mlock, and mlock2 with MLOCK_ONFAULT.
  @inline(never)
  func lock(flags: UInt32) throws(Errno) -> UInt64 {
    guard flags & ~1 == 0 else { throw .EINVAL }
    try space.pointee.lock(address(0).untagged, bytes(1), onFault: flags == 1)
    return 0
  }

  @inline(never)
  func unlock() throws(Errno) -> UInt64 {
    try space.pointee.unlock(address(0).untagged, bytes(1))
    return 0
  }

  @inline(never)
  func lockAll() throws(Errno) -> UInt64 {
    try space.pointee.lockAll(UInt64(word(0)))
    return 0
  }

  @inline(never)
  func unlockAll() -> UInt64 {
    space.pointee.unlockAll()
    return 0
  }
}
