/// What every object of System V's interprocess communication has: a key, an identifier, owners
/// and a mode (`kern_ipc_perm`, include/linux/ipc.h).
public struct IPCPermissions: BitwiseCopyable, Sendable {
  /// What processes agreed on; IPC_PRIVATE, 0, is no key.
  public internal(set) var key: Int32
  /// The sequence number and the place in the table: what calls name it by.
  public internal(set) var identifier: Int32 = -1
  public internal(set) var sequence: UInt32 = 0
  public internal(set) var user: UInt32
  public internal(set) var group: UInt32
  public internal(set) var creator: UInt32
  public internal(set) var creatorGroup: UInt32
  /// The nine permission bits, and above them what the kind of object keeps there.
  public internal(set) var mode: UInt32

  /// A new object's, made by a caller.
  public init(key: Int32, mode: UInt32, by caller: IPCCaller) {
    self.key = key
    self.mode = mode & 0o777
    user = caller.user
    group = caller.group
    creator = caller.user
    creatorGroup = caller.group
  }

  /// Whether a caller may do what the permission bits of `flags` say (ipc/util.c:ipcperms()).
  public func allow(_ caller: IPCCaller, _ flags: UInt32) -> Bool {
    let requested = flags &>> 6 | flags &>> 3 | flags
    var granted = mode
    if caller.user == creator || caller.user == user {
      granted &>>= 6
    } else if caller.group == creatorGroup || caller.group == group {
      granted &>>= 3
    }
    return requested & ~granted & 7 == 0 || caller.isPrivileged
  }

  /// Whether a caller may change or remove the object (ipcctl_obtain_check()).
  public func isOwned(by caller: IPCCaller) -> Bool {
    caller.user == creator || caller.user == user || caller.isPrivileged
  }

  /// IPC_SET (ipc_update_perm()); false for no user or no group.
  public mutating func update(user: UInt32, group: UInt32, mode: UInt32) -> Bool {
    guard user != .max, group != .max else { return false }
    self.user = user
    self.group = group
    self.mode = self.mode & ~0o777 | mode & 0o777
    return true
  }
}

/// Who makes a call: what these objects ask about a task.
public struct IPCCaller: BitwiseCopyable, Sendable {
  /// The process, by its thread group's number.
  public var process: Int32
  /// Effective user and group.
  public var user: UInt32
  public var group: UInt32
  /// CAP_IPC_OWNER, CAP_SYS_ADMIN.
  public var isPrivileged: Bool

  public init(process: Int32, user: UInt32, group: UInt32, isPrivileged: Bool) {
    self.process = process
    self.user = user
    self.group = group
    self.isPrivileged = isPrivileged
  }
}
