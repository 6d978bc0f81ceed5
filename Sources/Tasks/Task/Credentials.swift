public import MemoryTypes

/// Users and groups of a task.
///
/// Set through ``KernelState/setCredentials(of:to:)``.
public struct Credentials: BitwiseCopyable, Sendable {
  public var user: UInt32 = 0
  public var effectiveUser: UInt32 = 0
  public var savedUser: UInt32 = 0
  public var group: UInt32 = 0
  public var effectiveGroup: UInt32 = 0
  public var savedGroup: UInt32 = 0

  public init() {}

  /// Whether it acts as the user and the group that it is.
  var actsAsItself: Bool { user == effectiveUser && group == effectiveGroup }
}

extension Task {
  /// Whether the task may look into another (kernel/ptrace.c:__ptrace_may_access()): of its own
  /// process, all of whose identities are its own, or as user 0.
  public func mayInspect(_ other: KernelPointer<Task<B>>) -> Bool {
    if other.pointee.process == process || credentials.effectiveUser == 0 { return true }
    let theirs = other.pointee.credentials
    return credentials.user == theirs.user && credentials.user == theirs.effectiveUser
      && credentials.user == theirs.savedUser && credentials.group == theirs.group
      && credentials.group == theirs.effectiveGroup && credentials.group == theirs.savedGroup
  }
}
