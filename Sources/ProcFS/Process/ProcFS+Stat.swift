import AddressSpaces
import Arm64
import Files
import MemoryTypes
import PageFrames
import Tasks

extension ProcFS {
  /// `/proc/PID/stat`: 52 numbers in a line (fs/proc/array.c: do_task_stat()).
  ///
  /// Of a process it shows the sums over its threads, of a thread its own; addresses only to whom
  /// may look into it.
  func processStat(_ task: KernelPointer<Task<B>>, isWhole: Bool, _ out: inout Writer) {
    let space = task.pointee.memory.space
    let process = task.pointee.process
    let children = process.pointee.childrensUsage
    _ = kernel.executed(by: task)
    let usage = isWhole ? process.pointee.usage : task.pointee.usage
    let isPermitted = mayInspect(task)
    let sets = signalSets(task)
    out.decimal(UInt64(UInt32(bitPattern: task.pointee.pid)))
    out.text(" (")
    out.name(task.pointee.name)
    out.text(") ")
    out.byte(task.pointee.state.letter)
    field(UInt64(UInt32(bitPattern: process.pointee.parent?.pointee.id ?? 0)), &out)
    field(UInt64(UInt32(bitPattern: process.pointee.groupNumber)), &out)
    field(UInt64(UInt32(bitPattern: process.pointee.sessionNumber)), &out)
    // There is no terminal.
    out.text(" 0 -1")
    // PF_FORKNOEXEC and PF_EXITING; what else Linux has there is its own affair.
    field((process.pointee.hasExecuted ? 0 : 0x40) | (task.pointee.isExiting ? 4 : 0), &out)
    field(usage.minorFaults, &out)
    field(children.minorFaults, &out)
    field(usage.majorFaults, &out)
    field(children.majorFaults, &out)
    field(clockTicks(usage.executed.user), &out)
    field(clockTicks(usage.executed.kernel), &out)
    field(clockTicks(children.executed.user), &out)
    field(clockTicks(children.executed.kernel), &out)
    let scheduling = task.pointee.scheduling
    signed(scheduling.shownPriority, &out)
    signed(Int64(scheduling.nice), &out)
    field(UInt64(process.pointee.threadCount), &out)
    field(0, &out)
    field(task.pointee.startTime.nanoseconds / 10_000_000, &out)
    field(space?.pointee.totalPages.bytes(of: kernel.board.pageSize).rawValue ?? 0, &out)
    field(space?.pointee.residentPages.rawValue ?? 0, &out)
    field(process.pointee.limits[.residentSet].soft, &out)
    field(space.map { isPermitted ? $0.pointee.startCode.rawValue : 1 } ?? 0, &out)
    field(space.map { isPermitted ? $0.pointee.endCode.rawValue : 1 } ?? 0, &out)
    field(isPermitted ? space?.pointee.startStack.rawValue ?? 0 : 0, &out)
    out.text(" 0 0")
    field(task.pointee.pending.set.rawValue & 0x7fff_ffff, &out)
    field(task.pointee.blocked.rawValue & 0x7fff_ffff, &out)
    field(sets.ignored & 0x7fff_ffff, &out)
    field(sets.caught & 0x7fff_ffff, &out)
    field(task.pointee.state == .blocked ? 1 : 0, &out)
    // The exit signal is the leader's; CPU 0; no waiting or guest time.
    out.text(" 0 0 ")
    out.decimal(
      task == process.pointee.leader ? Int64(process.pointee.exitSignal.rawValue) : -1)
    out.text(" 0")
    field(UInt64(scheduling.priority), &out)
    field(UInt64(scheduling.policy.rawValue), &out)
    out.text(" 0 0 0")
    if let space, isPermitted {
      field(space.pointee.startData.rawValue, &out)
      field(space.pointee.endData.rawValue, &out)
      field(space.pointee.startBreak.rawValue, &out)
      field(space.pointee.argumentsStart.rawValue, &out)
      field(space.pointee.argumentsEnd.rawValue, &out)
      field(space.pointee.environmentStart.rawValue, &out)
      field(space.pointee.environmentEnd.rawValue, &out)
    } else {
      out.text(" 0 0 0 0 0 0 0")
    }
    let hasEnded = task.pointee.state == .zombie && isPermitted
    field(hasEnded ? UInt64(process.pointee.exitStatus.waitStatus) : 0, &out)
    out.newline()
  }

  private func signed(_ value: Int64, _ out: inout Writer) {
    out.text(value < 0 ? " -" : " ")
    out.decimal(value.magnitude)
  }

  private func field(_ value: UInt64, _ out: inout Writer) {
    out.byte(0x20)
    out.decimal(value)
  }

  /// Instructions as clock ticks of 10 ms: one instruction a nanosecond, as `-icount shift=0` has
  /// it.
  func clockTicks(_ instructions: UInt64) -> UInt64 { instructions / 10_000_000 }

  /// `/proc/PID/statm` (proc_pid_statm()).
  func statm(_ task: KernelPointer<Task<B>>, _ out: inout Writer) {
    guard let space = task.pointee.memory.space else {
      out.text("0 0 0 0 0 0 0\n")
      return
    }
    let shared = space.pointee.residentPages(.file) + space.pointee.residentPages(.shared)
    out.decimal(space.pointee.totalPages.rawValue)
    field((shared + space.pointee.residentPages(.anonymous)).rawValue, &out)
    field(shared.rawValue, &out)
    field(codeBytes(space).wholePages(of: kernel.board.pageSize).rawValue, &out)
    field(0, &out)
    field((space.pointee.dataPages + space.pointee.stackPages).rawValue, &out)
    field(0, &out)
    out.newline()
  }
}
