public import Files
import MemoryTypes

extension KernelState {
  /// What of the current task files ask.
  public var caller: Caller {
    Caller(
      credentials: Task.credentialsPointer(current), root: current.pointee.folders?.pointee.root)
  }
}
