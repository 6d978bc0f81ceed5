import AddressSpaces
import Arm64
import MemoryTypes
import Tasks

/// capget and capset (kernel/capability.c).
extension SystemCall {
  /// The number of 32-bit words of each set that the caller's version has (cap_validate_magic()).
  private func words() throws(Errno) -> UInt64? {
    let version = try space.pointee.copyIn(UInt32.self, from: address(0))
    switch version {
    case 0x1998_0330: return 1
    case 0x2007_1026, 0x2008_0522: return 2
    default:
      try space.pointee.copyOut(UInt32(0x2008_0522), to: address(0))
      return nil
    }
  }

  /// capget(header, data).
  func capabilities() throws(Errno) -> UInt64 {
    guard let words = try words() else {
      // Asking with no room is how programs learn the version.
      guard argument(1) == 0 else { throw .EINVAL }
      return 0
    }
    guard argument(1) != 0 else { return 0 }
    let pid = try space.pointee.copyIn(Int32.self, from: address(0) + ByteCount(4))
    guard pid >= 0 else { throw .EINVAL }
    guard let target = pid == 0 ? task : kernel.task(pid) else { throw .ESRCH }
    let sets = target.pointee.capabilities
    for word in 0..<words {
      let place = address(1) + ByteCount(word &* 12)
      let shift = word &* 32
      try space.pointee.copyOut(UInt32(truncatingIfNeeded: sets.effective >> shift), to: place)
      try space.pointee.copyOut(
        UInt32(truncatingIfNeeded: sets.permitted >> shift), to: place + ByteCount(4))
      try space.pointee.copyOut(
        UInt32(truncatingIfNeeded: sets.inheritable >> shift), to: place + ByteCount(8))
    }
    return 0
  }

  /// capset(header, data): of the caller alone.
  func setCapabilities() throws(Errno) -> UInt64 {
    guard let words = try words() else { throw .EINVAL }
    let pid = try space.pointee.copyIn(Int32.self, from: address(0) + ByteCount(4))
    guard pid == 0 || pid == task.pointee.pid else { throw .EPERM }
    var new = task.pointee.capabilities
    let old = new
    new.effective = 0
    new.permitted = 0
    new.inheritable = 0
    for word in 0..<words {
      let place = address(1) + ByteCount(word &* 12)
      let shift = word &* 32
      new.effective |= UInt64(try space.pointee.copyIn(UInt32.self, from: place)) << shift
      new.permitted |=
        UInt64(try space.pointee.copyIn(UInt32.self, from: place + ByteCount(4))) << shift
      new.inheritable |=
        UInt64(try space.pointee.copyIn(UInt32.self, from: place + ByteCount(8))) << shift
    }
    new.effective &= Capabilities.all
    new.permitted &= Capabilities.all
    new.inheritable &= Capabilities.all
    // As security/commoncap.c:cap_capset() asks; CAP_SETPCAP widens what may be inherited.
    let heritable = old.inheritable | (old.has(1 << 8) ? Capabilities.all : old.permitted)
    guard new.inheritable & ~heritable == 0, new.permitted & ~old.permitted == 0,
      new.effective & ~new.permitted == 0
    else { throw .EPERM }
    task.pointee.capabilities = new
    task.pointee.memory.isPrivileged = new.isMemoryPrivileged
    return 0
  }
}
