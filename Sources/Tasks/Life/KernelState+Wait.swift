import AddressSpaces
import Arm64
public import MemoryTypes

/// Which children a wait means (wait4's first argument).
public enum WaitTarget: BitwiseCopyable, Sendable {
  case any
  case child(Int32)
}

/// What a wait found.
public struct WaitResult: BitwiseCopyable, Sendable {
  public var pid: Int32
  public var status: ExitStatus
  public var executed: InstructionCounts
  public var minorFaults: UInt64
  public var majorFaults: UInt64
  public var peakResident: UInt64
}

extension KernelState {
  /// Waits until a child has ended, and takes it (kernel/exit.c:do_wait()); nil without one yet
  /// where the caller does not want to wait.
  public func wait(_ target: WaitTarget, noHang: Bool) throws(Errno) -> WaitResult? {
    let parent = current
    while true {
      var hasCandidate = false
      var child = parent.pointee.firstChild
      while let found = child {
        child = found.pointee.nextSibling
        if case .child(let pid) = target, pid != found.pointee.pid { continue }
        hasCandidate = true
        guard found.pointee.state == .zombie else { continue }
        let result = WaitResult(
          pid: found.pointee.pid, status: found.pointee.exit,
          executed: found.pointee.executed, minorFaults: found.pointee.memory.minorFaults,
          majorFaults: found.pointee.memory.majorFaults,
          peakResident: found.pointee.peakResident)
        reap(found)
        return result
      }
      guard hasCandidate else { throw .ECHILD }
      if noHang { return nil }
      if hasSignal { throw .EINTR }
      block(on: WaitChannel(kind: .child, object: parent.address))
    }
  }
}
