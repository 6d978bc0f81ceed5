import AddressSpaces

/// `struct ipc64_perm`, 48 bytes: how every object's status begins.
struct PermissionStatus: BitwiseCopyable {
  var key: Int32
  var user: UInt32
  var group: UInt32
  var creator: UInt32
  var creatorGroup: UInt32
  var mode: UInt32
  var sequence: UInt64
  private var unused1: UInt64 = 0
  private var unused2: UInt64 = 0

  init(_ permissions: IPCPermissions) {
    key = permissions.key
    user = permissions.user
    group = permissions.group
    creator = permissions.creator
    creatorGroup = permissions.creatorGroup
    mode = permissions.mode
    sequence = UInt64(permissions.sequence & 0xffff)
  }
}
