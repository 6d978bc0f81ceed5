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

  /// Whether a file may be opened: what shows memory asks as a debugger does (proc_mem_open()).
  func open(_ node: ProceduralNode, _ flags: OpenFlags) throws(Errno) {
    guard let file = ProcNode(node) else { throw .ENOENT }
    switch file.kind {
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
    default: return
    }
  }
}
