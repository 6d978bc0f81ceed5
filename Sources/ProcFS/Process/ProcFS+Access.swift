import AddressSpaces
import Arm64
import Files
import MemoryTypes
import Tasks

extension ProcFS {
  /// Whether the caller may look into a task.
  func mayInspect(_ task: KernelPointer<Task<B>>) -> Bool {
    kernel.current.pointee.mayInspect(task)
  }

  /// Whether a file may be opened whose permission bits allow it: what shows memory asks as a
  /// debugger does (proc_mem_open()).
  func open(_ node: ProceduralNode, _ flags: OpenFlags) throws(Errno) {
    guard let file = ProcNode(node) else { throw .ENOENT }
    switch file.kind {
    case .attribute, .slabAttribute, .zramAttribute:
      // What cannot be written to is not opened so, whoever asks (kernfs_fop_open()).
      if flags.mayWrite, file.mode.permissions & 0o222 == 0 { throw .EACCES }
    case .moduleFact, .moduleSection:
      if flags.mayWrite { throw .EACCES }
    case .moduleParameter:
      if flags.mayWrite, parameterPermissions(file) & 0o222 == 0 { throw .EACCES }
    case .mounts, .mountinfo, .mountstats:
      // Who has ended has no namespace any more (mounts_open_common()).
      guard let task = task(file) else { throw .EINVAL }
      if task.pointee.state == .zombie { throw .EINVAL }
    case .setting:
      // Not even user 0 passes over these bits (fs/proc/proc_sysctl.c: sysctl_perm()).
      let permissions = file.mode.permissions
      let isRoot = kernel.current.pointee.credentials.effectiveUser == 0
      let granted = isRoot ? permissions &>> 6 : permissions
      if flags.mayRead, granted & 4 == 0 { throw .EACCES }
      if flags.mayWrite, granted & 2 == 0 { throw .EACCES }
    case .maps, .smaps, .smapsRollup, .pagemap, .mem, .environ, .auxv:
      guard let task = task(file) else { throw .ESRCH }
      guard mayInspect(task) else { throw .EACCES }
    case .kernelMessages:
      // Once opened it is read by whoever has it (fs/proc/kmsg.c, check_syslog_permissions()).
      guard kernel.mayReadLog else { throw .EPERM }
    default: return
    }
  }

  /// Whether a task's folders of descriptors and mappings are open to the caller though their bits
  /// say no: to the task's own threads (proc_fd_permission()).
  func grants(_ node: ProceduralNode) -> Bool {
    guard let file = ProcNode(node), file.kind == .fd || file.kind == .mapFiles,
      let task = task(file)
    else { return false }
    return task.pointee.process == kernel.current.pointee.process
  }

  /// Whose a file is: what belongs to a process is its user's, and user 0's once it has become
  /// somebody else (fs/proc/base.c: task_dump_owner()).
  func owner(of file: ProcNode) -> (user: UInt32, group: UInt32) {
    guard file.kind.isOfProcess, let task = task(file) else { return (0, 0) }
    // Folders that all may search tell nothing, and stay the task's own.
    if file.mode.type != .directory || file.mode.permissions != 0o555 {
      guard let space = task.pointee.memory.space, space.pointee.isDumpable else { return (0, 0) }
    }
    let its = task.pointee.credentials
    return (its.effectiveUser, its.effectiveGroup)
  }
}
