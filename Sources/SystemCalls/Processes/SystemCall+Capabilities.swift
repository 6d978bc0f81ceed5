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
    var effective: UInt64 = 0
    var permitted: UInt64 = 0
    var inheritable: UInt64 = 0
    for word in 0..<words {
      let place = address(1) + ByteCount(word &* 12)
      let shift = word &* 32
      effective |= UInt64(try space.pointee.copyIn(UInt32.self, from: place)) << shift
      permitted |=
        UInt64(try space.pointee.copyIn(UInt32.self, from: place + ByteCount(4))) << shift
      inheritable |=
        UInt64(try space.pointee.copyIn(UInt32.self, from: place + ByteCount(8))) << shift
    }
    var new = task.pointee.capabilities
    guard
      new.set(
        effective: effective & Capabilities.all, permitted: permitted & Capabilities.all,
        inheritable: inheritable & Capabilities.all)
    else { throw .EPERM }
    task.pointee.capabilities = new
    task.pointee.memory.isPrivileged = new.isMemoryPrivileged
    return 0
  }

  /// What prctl says and sets of them (security/commoncap.c:cap_task_prctl()).
  func capabilityControl() throws(Errno) -> UInt64 {
    let own = task.pointee.capabilities
    switch int(0) {
    case 7: return own.security.contains(.keepsCapabilities) ? 1 : 0  // PR_GET_KEEPCAPS
    case 8:  // PR_SET_KEEPCAPS
      guard argument(1) <= 1 else { throw .EINVAL }
      guard !own.security.contains(.keepsCapabilitiesLocked) else { throw .EPERM }
      if argument(1) == 1 {
        task.pointee.capabilities.security.insert(.keepsCapabilities)
      } else {
        task.pointee.capabilities.security.remove(.keepsCapabilities)
      }
      return 0
    case 23: return own.bounding & (try capability(1)) != 0 ? 1 : 0  // PR_CAPBSET_READ
    case 24:  // PR_CAPBSET_DROP
      guard own.has(Capabilities.setCapabilities) else { throw .EPERM }
      task.pointee.capabilities.bounding &= ~(try capability(1))
      return 0
    case 27: return UInt64(own.security.rawValue)  // PR_GET_SECUREBITS
    case 28:  // PR_SET_SECUREBITS
      guard own.security.mayBecome(argument(1)), own.has(Capabilities.setCapabilities) else {
        throw .EPERM
      }
      task.pointee.capabilities.security = SecurityBits(rawValue: word(1))
      return 0
    default: return try ambientControl()
    }
  }

  /// PR_CAP_AMBIENT.
  private func ambientControl() throws(Errno) -> UInt64 {
    if argument(1) == 4 {  // PR_CAP_AMBIENT_CLEAR_ALL
      guard isZero(from: 2) else { throw .EINVAL }
      task.pointee.capabilities.lowerAmbient(.max)
      return 0
    }
    let one = try capability(2)
    guard isZero(from: 3) else { throw .EINVAL }
    switch argument(1) {
    case 1: return task.pointee.capabilities.ambient & one != 0 ? 1 : 0
    case 2: guard task.pointee.capabilities.raiseAmbient(one) else { throw .EPERM }
    case 3: task.pointee.capabilities.lowerAmbient(one)
    default: throw .EINVAL
    }
    return 0
  }

  /// The bit of a capability that an argument names by number.
  private func capability(_ index: Int) throws(Errno) -> UInt64 {
    guard argument(index) < 41 else { throw .EINVAL }
    return 1 &<< argument(index)
  }
}
