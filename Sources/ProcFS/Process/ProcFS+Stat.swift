import AddressSpaces
import Arm64
import Files
import MemoryTypes
import PageFrames
import Tasks

extension ProcFS {
  /// `/proc/PID/stat`: 52 numbers in a line (fs/proc/array.c: do_task_stat()).
  func processStat(_ task: KernelPointer<Task<B>>, _ out: inout Writer) {
    let space = task.pointee.memory.space
    let process = task.pointee.process
    let children = process.pointee.children
    _ = kernel.executed(by: task)
    // A process's folder shows the sum of its threads, a thread's its own.
    let usage = process.pointee.usage
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
    // PF_RANDOMIZE is what Linux has here for a plain program; norandmaps leaves it clear.
    field(0x40_0000, &out)
    field(usage.minorFaults, &out)
    field(children.minorFaults, &out)
    field(usage.majorFaults, &out)
    field(children.majorFaults, &out)
    field(clockTicks(usage.executed.user), &out)
    field(clockTicks(usage.executed.kernel), &out)
    field(clockTicks(children.executed.user), &out)
    field(clockTicks(children.executed.kernel), &out)
    out.text(" 20 0")
    field(process.pointee.isZombie ? 0 : UInt64(process.pointee.threadCount), &out)
    field(0, &out)
    field(task.pointee.startTime.nanoseconds / 10_000_000, &out)
    field(space?.pointee.totalPages.bytes(of: kernel.board.pageSize).rawValue ?? 0, &out)
    field(space?.pointee.residentPages.rawValue ?? 0, &out)
    field(process.pointee.limits[.residentSet].soft, &out)
    field(space?.pointee.startCode.rawValue ?? 0, &out)
    field(space?.pointee.endCode.rawValue ?? 0, &out)
    field(space?.pointee.startStack.rawValue ?? 0, &out)
    out.text(" 0 0")
    field(task.pointee.pending.rawValue & 0x7fff_ffff, &out)
    field(task.pointee.blocked.rawValue & 0x7fff_ffff, &out)
    field(sets.ignored & 0x7fff_ffff, &out)
    field(sets.caught & 0x7fff_ffff, &out)
    field(task.pointee.state == .blocked ? 1 : 0, &out)
    // Exit signal SIGCHLD, CPU 0, no real-time priority, policy, waiting or guest time.
    out.text(" 0 0 17 0 0 0 0 0 0")
    if let space {
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
    field(task.pointee.state == .zombie ? UInt64(process.pointee.exitStatus.waitStatus) : 0, &out)
    out.newline()
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

  /// `/proc/PID/oom_score` (fs/proc/base.c: proc_oom_score(), mm/oom_kill.c: oom_badness()).
  func oomScore(_ task: KernelPointer<Task<B>>, _ out: inout Writer) {
    let total = Int64(bitPattern: max(kernel.frames.pointee.managed.rawValue, 1))
    var badness: Int64 = 0
    if let space = task.pointee.memory.space {
      let tables = space.pointee.tableBytes.wholePages(of: kernel.board.pageSize)
      badness = Int64(bitPattern: (space.pointee.residentPages + tables).rawValue)
    }
    out.decimal((1000 &+ badness &* 1000 / total) &* 2 / 3)
    out.newline()
  }
}
