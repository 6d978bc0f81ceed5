import AddressSpaces
import Arm64
public import MemoryTypes

/// Counting the time that tasks lose because memory is short (psi_memstall_enter(),
/// psi_memstall_leave()).
extension KernelState {
  /// Does something for which the current task stalls, on account of its group, all above it, and
  /// the machine.
  func stalling<T>(_ body: () -> T) -> T {
    let task = current
    task.pointee.memory.isStalling = true
    changeStalls(from: controlGroup(of: task), by: 1)
    let result = body()
    // It may have been moved meanwhile, and its stall with it.
    changeStalls(from: controlGroup(of: task), by: -1)
    task.pointee.memory.isStalling = false
    return result
  }

  func changeStalls(from group: KernelPointer<ControlGroup>?, by n: Int) {
    let now = board.clock.nanoseconds
    store.pointee.pressure.change(by: n, othersRun: store.pointee.queueHead != nil, at: now)
    var next = group
    while let here = next, here.pointee.parent != nil {
      here.pointee.pressure.change(by: n, othersRun: othersRun(in: here), at: now)
      next = here.pointee.parent
    }
  }

  /// Whether a task of a group waits for the CPU.
  private func othersRun(in group: KernelPointer<ControlGroup>) -> Bool {
    var task = store.pointee.queueHead
    while let here = task {
      if controlGroup(of: here)?.isWithin(group) ?? false { return true }
      task = here.pointee.queueNext
    }
    return false
  }

  /// What is told of a group's pressure, of the machine's for nil: some (0) or full (1).
  public func pressure(
    of group: KernelPointer<ControlGroup>?, _ kind: Int
  ) -> (averages: InlineArray<3, UInt64>, total: UInt64) {
    let now = board.clock.nanoseconds
    if let group, group.pointee.parent != nil {
      return group.pointee.pressure.figures(kind, at: now)
    }
    return store.pointee.pressure.figures(kind, at: now)
  }
}
