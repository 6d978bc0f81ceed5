import AddressSpaces
import Arm64
import Files
import MemoryTypes
import Tasks

/// Who a process is (kernel/sys.c: __sys_setuid() and its family). Memory's privileges are those of
/// effective user 0, files' those of the file user, which follows the effective one.
extension SystemCall {
  /// Real, effective and saved, of users or of groups.
  private struct Identity {
    var real: UInt32
    var effective: UInt32
    var saved: UInt32

    func has(_ id: UInt32) -> Bool { id == real || id == effective || id == saved }
  }

  private func identity(groups: Bool) -> Identity {
    let all = task.pointee.credentials
    return groups
      ? Identity(real: all.group, effective: all.effectiveGroup, saved: all.savedGroup)
      : Identity(real: all.user, effective: all.effectiveUser, saved: all.savedUser)
  }

  private func set(_ identity: Identity, groups: Bool) {
    var all = task.pointee.credentials
    if groups {
      all.group = identity.real
      all.effectiveGroup = identity.effective
      all.fileGroup = identity.effective
      all.savedGroup = identity.saved
    } else {
      all.user = identity.real
      all.effectiveUser = identity.effective
      all.fileUser = identity.effective
      all.savedUser = identity.saved
    }
    kernel.setCredentials(of: task, to: all)
  }

  private var isPrivileged: Bool { task.pointee.credentials.effectiveUser == 0 }

  /// setuid and setgid: user 0 changes all three.
  func setIdentity(groups: Bool) throws(Errno) -> UInt64 {
    let id = word(0)
    guard id != .max else { throw .EINVAL }
    var own = identity(groups: groups)
    if isPrivileged {
      own = Identity(real: id, effective: id, saved: id)
    } else {
      guard id == own.real || id == own.saved else { throw .EPERM }
      own.effective = id
    }
    set(own, groups: groups)
    return 0
  }

  /// setreuid and setregid: -1 leaves one as it is.
  func setTwoIdentities(groups: Bool) throws(Errno) -> UInt64 {
    let own = identity(groups: groups)
    let real = word(0) == .max ? own.real : word(0)
    let effective = word(1) == .max ? own.effective : word(1)
    if !isPrivileged {
      guard real == own.real || real == own.effective, own.has(effective) else { throw .EPERM }
    }
    let changesSaved = word(0) != .max || word(1) != .max && effective != own.real
    set(
      Identity(real: real, effective: effective, saved: changesSaved ? effective : own.saved),
      groups: groups)
    return 0
  }

  /// setresuid and setresgid.
  func setThreeIdentities(groups: Bool) throws(Errno) -> UInt64 {
    let own = identity(groups: groups)
    let new = Identity(
      real: word(0) == .max ? own.real : word(0),
      effective: word(1) == .max ? own.effective : word(1),
      saved: word(2) == .max ? own.saved : word(2))
    if !isPrivileged {
      guard own.has(new.real), own.has(new.effective), own.has(new.saved) else { throw .EPERM }
    }
    set(new, groups: groups)
    return 0
  }

  /// setfsuid and setfsgid: answer what it was, whether it changed or not.
  func fileIdentity(groups: Bool) -> UInt64 {
    let own = identity(groups: groups)
    let old =
      groups ? task.pointee.credentials.fileGroup : task.pointee.credentials.fileUser
    let id = word(0)
    if id != .max, isPrivileged || own.has(id) || id == old {
      if groups {
        Task.credentialsPointer(task).pointee.fileGroup = id
      } else {
        Task.credentialsPointer(task).pointee.fileUser = id
      }
    }
    return UInt64(old)
  }

  /// getgroups(room, list).
  func groups() throws(Errno) -> UInt64 {
    guard int(0) >= 0 else { throw .EINVAL }
    let count = task.pointee.credentials.groupCount
    guard int(0) > 0 else { return UInt64(count) }
    guard Int(int(0)) >= count else { throw .EINVAL }
    for index in 0..<count {
      try space.pointee.copyOut(
        task.pointee.credentials.group(index), to: address(1) + ByteCount(UInt64(index) &* 4))
    }
    return UInt64(count)
  }

  /// setgroups(count, list).
  func setGroups() throws(Errno) -> UInt64 {
    guard isPrivileged else { throw .EPERM }
    guard int(0) >= 0, int(0) <= 65536 else { throw .EINVAL }
    guard Int(int(0)) <= Credentials.maximumGroups else { throw .ENOMEM }
    let list = address(1)
    var new = task.pointee.credentials
    try new.setGroups(Int(int(0))) { (index) throws(Errno) in
      try space.pointee.copyIn(UInt32.self, from: list + ByteCount(UInt64(index) &* 4))
    }
    kernel.setCredentials(of: task, to: new)
    return 0
  }

  /// getresuid and getresgid.
  func identities(groups: Bool) throws(Errno) -> UInt64 {
    let own = identity(groups: groups)
    try space.pointee.copyOut(own.real, to: address(0))
    try space.pointee.copyOut(own.effective, to: address(1))
    try space.pointee.copyOut(own.saved, to: address(2))
    return 0
  }
}
