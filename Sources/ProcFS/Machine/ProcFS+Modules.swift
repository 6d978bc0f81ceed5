import Files
import MemoryTypes
import Tasks

extension ProcFS {
  /// `/proc/modules` (kernel/module/procfs.c: m_show()).
  func modules(_ out: inout Writer) {
    guard let door = kernel.store.pointee.modules else { return }
    var index = 0
    while door.line(index, { out.bytes($0) }) { index &+= 1 }
  }
}
