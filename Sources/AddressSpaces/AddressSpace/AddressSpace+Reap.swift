import Arm64
import MemoryTypes

/// How far the out-of-memory rule has come with a space (MMF_OOM_VICTIM, MMF_OOM_SKIP).
public enum OutOfMemoryState: UInt8, BitwiseCopyable, Sendable {
  /// Nobody who runs in it was chosen.
  case none
  /// Everybody who runs in it was killed, and its pages are still there.
  case victim
  /// What could be taken was taken: it is not waited for.
  case reaped
}

extension AddressSpace {
  /// Takes all pages that nobody else has a claim to (mm/oom_kill.c:__oom_reap_task_mm()).
  ///
  /// Areas and tables stay. Shared areas stay whole: their pages would live on in their files.
  public mutating func reapPrivatePages() {
    guard let first = areas.first, let last = areas.last else { return }
    let lowest = first.pointee.start
    let highest = last.pointee.end
    var area: AreaTree.Area? = first
    while let here = area {
      area = here.pointee.next
      guard here.pointee.isAnonymous || !here.pointee.flags.contains(.shared) else { continue }
      unmapPages(of: here, here.pointee.start, here.pointee.end, lowest, highest)
    }
    flushGather(lowest, highest)
  }
}
