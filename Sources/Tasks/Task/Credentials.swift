import Files
public import MemoryTypes

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
