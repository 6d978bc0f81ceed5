import AddressSpaces
import Arm64
import Files
import MemoryTypes
import Tasks

/// Room in files, and what of them is to be in memory or on the disk soon (fs/open.c, fs/sync.c).
extension SystemCall {
  /// fallocate(fd, mode, offset, length), which checks in this order (vfs_fallocate()).
  func allocateSpace() throws(Errno) -> UInt64 {
    let file = try readyFile(0)
    let mode = AllocationMode(rawValue: word(1))
    guard signed(2) >= 0, signed(3) > 0 else { throw .EINVAL }
    try mode.check()
    guard file.pointee.flags.mayWrite else { throw .EBADF }
    let inode = file.pointee.inode
    guard inode.pointee.isRegular else {
      if inode.pointee.mode.type == .fifo { throw .ESPIPE }
      throw .ENODEV
    }
    let (end, overflow) = signed(2).addingReportingOverflow(signed(3))
    guard !overflow else { throw .EFBIG }
    guard mode.subtracting([.keepsSize, .punchesHole]).isEmpty else { throw .EOPNOTSUPP }
    let from = argument(2)
    let to = UInt64(end)
    if mode.contains(.punchesHole) {
      let memory = kernel.memory
      try files.pointee.punchHole(in: inode, fromByte: from, toByte: to) { pages in
        memory.pointee.unmapFile(inode, pages, copies: false)
      }
      return 0
    }
    // Also where the size stays (inode_newsize_ok()).
    if to > inode.pointee.size, to > fileSizeLimit {
      kernel.sendFileSizeExceeded()
      throw .EFBIG
    }
    files.pointee.retain(file)
    defer { files.pointee.release(file) }
    let kernel = kernel
    try files.pointee.allocate(inode, from: from, to: to, keepsSize: mode.contains(.keepsSize)) {
      kernel.makeRoom(orFail: true)
    }
    return 0
  }

  /// readahead(fd, offset, count): of what there is no need to wait for, a file is read when it is
  /// asked for.
  func readAhead() throws(Errno) -> UInt64 {
    let file = try readyFile(0)
    guard file.pointee.flags.mayRead else { throw .EBADF }
    guard file.pointee.inode.pointee.isRegular else { throw .EINVAL }
    return 0
  }

  /// Writes what is dirty of a file on a disk back, between two bytes.
  func writeBack(_ inode: KernelPointer<Inode>, from start: UInt64, to end: UInt64) {
    guard inode.pointee.isRegular, !inode.pointee.isSharedMemory else { return }
    let shift = kernel.board.pageSize.shift
    kernel.memory.pointee.writeBack(inode, start &>> shift..<end &>> shift &+ 1)
  }

  /// sync_file_range(fd, offset, count, flags): nothing here waits for a disk.
  func synchronizeRange() throws(Errno) -> UInt64 {
    let file = try readyFile(0)
    guard word(3) & ~7 == 0, signed(1) >= 0 else { throw .EINVAL }
    let end = signed(1) &+ signed(2)
    guard end >= signed(1) else { throw .EINVAL }
    let inode = file.pointee.inode
    switch inode.pointee.mode.type {
    case .regular, .directory, .symbolicLink: break
    default: throw .ESPIPE
    }
    // SYNC_FILE_RANGE_WRITE; no bytes are all those to the end.
    if word(3) & 2 != 0 {
      writeBack(inode, from: argument(1), to: signed(2) == 0 ? .max : UInt64(end) &- 1)
    }
    return 0
  }
}

/// The modes of fallocate (include/uapi/linux/falloc.h).
struct AllocationMode: OptionSet, BitwiseCopyable {
  var rawValue: UInt32
  static var keepsSize: AllocationMode { AllocationMode(rawValue: 0x01) }
  static var punchesHole: AllocationMode { AllocationMode(rawValue: 0x02) }
  static var collapses: AllocationMode { AllocationMode(rawValue: 0x08) }
  static var zeroes: AllocationMode { AllocationMode(rawValue: 0x10) }
  static var inserts: AllocationMode { AllocationMode(rawValue: 0x20) }
  static var unshares: AllocationMode { AllocationMode(rawValue: 0x40) }
  static var all: AllocationMode { AllocationMode(rawValue: 0x7b) }

  /// Refuses what does not go together, whatever the file.
  func check() throws(Errno) {
    guard isSubset(of: .all), !isSuperset(of: [.punchesHole, .zeroes]),
      !contains(.punchesHole) || contains(.keepsSize)
    else { throw .EOPNOTSUPP }
    if contains(.collapses), self != .collapses { throw .EINVAL }
    if contains(.inserts), self != .inserts { throw .EINVAL }
    if contains(.unshares), !isSubset(of: [.unshares, .keepsSize]) { throw .EINVAL }
  }
}
