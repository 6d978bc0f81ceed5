import AddressSpaces
import Arm64
import Files
public import MemoryTypes

/// Namespaces, as a kernel without CONFIG_NAMESPACES has them (kernel/nsproxy.c): those of mounts
/// and of cgroups are always built, and here there is one of each for all; the others are not
/// there.
extension KernelState {
  /// Refuses what cannot be made (copy_namespaces(), create_new_namespaces()).
  func checkNamespaces(_ flags: CloneFlags) throws(Errno) {
    let absent: CloneFlags = [
      .newNameNamespace, .newIPCNamespace, .newPIDNamespace, .newNetNamespace, .newTimeNamespace,
    ]
    if flags.isDisjoint(with: absent.union([.newMountNamespace, .newCgroupNamespace])) { return }
    guard current.pointee.credentials.effectiveUser == 0 else { throw .EPERM }
    guard flags.isDisjoint(with: absent) else { throw .EINVAL }
  }

  /// Gives the current task things of its own that it shares (ksys_unshare()).
  public func unshare(_ asked: CloneFlags) throws(Errno) {
    var flags = asked
    let task = current
    if flags.contains(.newUserNamespace) { flags.formUnion([.thread, .folders]) }
    if flags.contains(.memory) { flags.insert(.handlers) }
    if flags.contains(.handlers) { flags.insert(.thread) }
    if flags.contains(.newMountNamespace) { flags.insert(.folders) }
    if flags.contains(.newUserNamespace) && task.pointee.credentials.effectiveUser != 0 {
      throw .EPERM
    }
    let known: CloneFlags = [
      .thread, .folders, .newMountNamespace, .handlers, .memory, .files, .semaphoreUndo,
      .newNameNamespace, .newIPCNamespace, .newNetNamespace, .newUserNamespace, .newPIDNamespace,
      .newCgroupNamespace, .newTimeNamespace,
    ]
    guard flags.isSubset(of: known) else { throw .EINVAL }
    // Threads, handlers and memory cannot be unshared, but need not be if nobody shares them.
    if flags.contains(.thread) && task.pointee.process.pointee.threadCount > 1 { throw .EINVAL }
    if flags.contains(.handlers) && task.pointee.handlers.pointee.references > 1 { throw .EINVAL }
    if flags.contains(.memory), let space = task.pointee.memory.space, space.pointee.users > 1 {
      throw .EINVAL
    }
    guard !flags.contains(.newUserNamespace) else { throw .EINVAL }
    try checkNamespaces(flags)
    if flags.contains(.semaphoreUndo) { leaveUndoList(of: task) }
    if flags.contains(.files) { try unshareFiles() }
    if flags.contains(.folders) { try unshareFolders() }
  }

  /// Gives the current task a folder state of its own (unshare_fs_struct()).
  private func unshareFolders() throws(Errno) {
    guard let folders = current.pointee.folders, folders.pointee.references > 1 else { return }
    let own = try copy(folders)
    current.pointee.folders = own
    release(folders)
  }
}
