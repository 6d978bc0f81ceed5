import AddressSpaces
import Arm64
import BoardFormat
import Files
import MemoryTypes
import Tasks

/// What administers a machine. This one's swap and power belong to the tool that drives it: programs are refused as they are in a container, after Linux's own checks.
extension SystemCall {
  var isAdministrator: Bool {
    task.pointee.capabilities.has(Capabilities.administration)
  }

  /// swapon(path, flags) and swapoff(path).
  func changeSwap(isOn: Bool) throws(Errno) -> UInt64 {
    guard !isOn || word(1) & ~0x7_ffff == 0 else { throw .EINVAL }
    guard isAdministrator else { throw .EPERM }
    try withPath(0, mayBeEmpty: false) { (path) throws(Errno) in
      let dentry = try files.pointee.resolve(path, from: base(of: Self.currentFolderMark, path))
      defer { files.pointee.release(dentry) }
      let inode = dentry.pointee.inode
      guard !inode.pointee.isDirectory else { throw .EISDIR }
      guard isOn else { return try kernel.swapOff(inode) }
      // SWAP_FLAG_PREFER, and the priority below it.
      let priority = word(1) & 0x8000 != 0 ? Int(word(1) & 0x7fff) : nil
      try kernel.swapOn(dentry, priority: priority)
    }
    return 0
  }

  /// reboot(magic, magic, command): the machine ends when its first program does.
  func restart() throws(Errno) -> UInt64 {
    let second: UInt32 = word(1)
    guard word(0) == 0xfee1_dead,
      second == 672_274_793 || second == 85_072_278 || second == 369_367_448
        || second == 537_993_216
    else { throw .EINVAL }
    switch word(2) {
    case 0, 0x89ab_cdef: return 0  // Ctrl-Alt-Del off and on
    case 0x0123_4567, 0xcdef_0123, 0x4321_fedc, 0xa1b2_c3d4: throw .EPERM
    default: throw .EINVAL
    }
  }

  /// vhangup: there is no terminal.
  func hangUp() throws(Errno) -> UInt64 {
    guard isAdministrator else { throw .EPERM }
    return 0
  }
}
