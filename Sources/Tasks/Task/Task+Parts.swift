public import AddressSpaces
import Arm64
public import Files
public import MemoryTypes

/// Pointers to parts of a task, for those who work on a part in place. They live as long as the
/// task: a slab object never moves.
extension Task {
  // SAFETY (all): the part lies in the initialised object that `task` points at.

  public static func memoryPointer(
    _ task: KernelPointer<Self>
  ) -> KernelPointer<TaskMemory<B>> {
    unsafe withUnsafeMutablePointer(to: &task.pointee.memory) { unsafe KernelPointer($0) }
  }

  static func threadLinks(_ task: KernelPointer<Self>) -> KernelPointer<ListLinks<Self>> {
    unsafe withUnsafeMutablePointer(to: &task.pointee.threadPlace) { unsafe KernelPointer($0) }
  }

  static func waiterPointer(_ task: KernelPointer<Self>) -> KernelPointer<Waiter<B>> {
    unsafe withUnsafeMutablePointer(to: &task.pointee.waiter) { unsafe KernelPointer($0) }
  }

  static func deadlinePointer(_ task: KernelPointer<Self>) -> KernelPointer<Deadline> {
    unsafe withUnsafeMutablePointer(to: &task.pointee.deadline) { unsafe KernelPointer($0) }
  }

  public static func credentialsPointer(
    _ task: KernelPointer<Self>
  ) -> KernelPointer<Credentials> {
    unsafe withUnsafeMutablePointer(to: &task.pointee.credentials) { unsafe KernelPointer($0) }
  }

  static func attentionPointer(_ task: KernelPointer<Self>) -> KernelPointer<UInt8> {
    unsafe withUnsafeMutablePointer(to: &task.pointee.attention) { unsafe KernelPointer($0) }
  }

  static func vectorsPointer(_ task: KernelPointer<Self>) -> KernelPointer<VectorState> {
    unsafe withUnsafeMutablePointer(to: &task.pointee.vectors) { unsafe KernelPointer($0) }
  }

  static func switchedPointer(_ task: KernelPointer<Self>) -> KernelPointer<SwitchedContext> {
    unsafe withUnsafeMutablePointer(to: &task.pointee.switched) { unsafe KernelPointer($0) }
  }
}
