import AddressSpaces
import Arm64
public import MemoryTypes

/// Which children a wait means (wait4's first argument).
public enum WaitTarget: BitwiseCopyable, Sendable {
  case any
  case child(Int32)
  /// The members of a process group.
  case group(Int32)
}

/// What a wait found.
public struct WaitResult: BitwiseCopyable, Sendable {
  public var pid: Int32
  public var status: ExitStatus
  public var usage: UsageCounts
}

extension KernelState {
  /// Waits until a child has ended, and takes it (kernel/exit.c:do_wait()); nil without one yet
  /// where the caller does not want to wait.
  public func wait(_ target: WaitTarget, noHang: Bool) throws(Errno) -> WaitResult? {
    let parent = current.pointee.process
    while true {
      var hasCandidate = false
      var child = parent.pointee.firstChild
      while let found = child {
        child = found.pointee.nextSibling
        switch target {
        case .any: break
        case .child(let pid): if pid != found.pointee.id { continue }
        case .group(let number): if number != found.pointee.groupNumber { continue }
        }
        hasCandidate = true
        guard found.pointee.isZombie else { continue }
        let result = WaitResult(
          pid: found.pointee.id, status: found.pointee.exitStatus, usage: found.pointee.usage)
        parent.pointee.children.add(result.usage)
        parent.pointee.children.add(found.pointee.children)
        release(found.pointee.leader)
        return result
      }
      guard hasCandidate else { throw .ECHILD }
      if noHang { return nil }
      if hasSignal { throw .EINTR }
      block(on: WaitChannel(kind: .child, object: parent.address))
    }
  }
}
