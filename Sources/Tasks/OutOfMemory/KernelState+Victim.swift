import AddressSpaces
import Arm64
import Files
import KernelLog
import MemoryTypes
import PageFrames

/// Killing the one that was chosen (oom_kill_process(), __oom_kill_process()).
extension KernelState {
  /// Reports, kills a process and all that run in its memory, and if its memory group is one that
  /// dies as a whole, everybody in that.
  func kill(
    _ process: KernelPointer<Process<B>>, for request: OutOfMemoryRequest, _ message: StaticString
  ) {
    if let space = taskWithSpace(process)?.pointee.memory.space, willFreeMemory(process, space) {
      markVictim(process, space)
      queueReaper(process, space)
      return
    }
    let (isAllowed, suppressed) = store.pointee.outOfMemory.reports.allows(
      at: board.clock.nanoseconds)
    if suppressed > 0 {
      log(.warning) { line in
        line.append("oom_kill_process: ")
        line.append(decimal: UInt64(suppressed))
        line.append(" callbacks suppressed")
      }
    }
    if isAllowed { report(request, victim: process) }
    // Before the victim dies: which group that is hangs on where it is.
    let group = groupToKill(with: process, under: request.group)
    killEveryone(with: process, message)
    guard group != 0 else { return }
    noteGroupKill(group)
    log(.information) { line in
      line.append("Tasks in ")
      appendPath(ofGroup: group, &line)
      line.append(" are going to be killed due to memory.oom.group set")
    }
    forEachProcess { member in
      // Who is exempt is so from the group's end too (oom_kill_memcg_member()).
      guard isMember(member, of: group), member.pointee.oomScoreAdjustment != -1000 else { return }
      killEveryone(with: member, message)
    }
  }

  /// Calls a function with every process but the first, which is the kernel; it may end none.
  private func forEachProcess(_ body: (KernelPointer<Process<B>>) -> Void) {
    var process = store.pointee.firstProcess
    while let found = process {
      process = found.pointee.nextProcess
      if found != initProcess { body(found) }
    }
  }

  /// Kills a process and everybody who runs in its memory.
  func killEveryone(with process: KernelPointer<Process<B>>, _ message: StaticString) {
    guard let victim = taskWithSpace(process), let space = victim.pointee.memory.space else {
      log(.information) { line in
        line.append(message)
        line.append(": OOM victim ")
        line.append(signed: Int64(process.pointee.id))
        line.append(" (")
        line.append(process.pointee.leader.pointee.name)
        line.append(") is already exiting. Skip killing the task")
      }
      return
    }
    frames.pointee.count(.oom_kill)
    noteKill(of: process)
    send(.kill, to: process)
    markVictim(process, space)
    logKill(victim, space, message)
    // Everyone in that memory goes: one alone would not free it.
    forEachProcess { other in
      guard other != process, taskWithSpace(other)?.pointee.memory.space == space else { return }
      send(.kill, to: other)
    }
    queueReaper(process, space)
  }

  /// mark_oom_victim(): from now on it may use the reserve.
  func markVictim(
    _ process: KernelPointer<Process<B>>, _ space: KernelPointer<AddressSpace<B>>
  ) {
    process.pointee.isOutOfMemoryVictim = true
    if space.pointee.outOfMemory == .none { space.pointee.outOfMemory = .victim }
    if process == current.pointee.process { frames.pointee.servesVictim = true }
  }

  private func logKill(
    _ victim: KernelPointer<Task<B>>, _ space: KernelPointer<AddressSpace<B>>,
    _ message: StaticString
  ) {
    log(.error) { line in
      line.append(message)
      line.append(": Killed process ")
      line.append(signed: Int64(victim.pointee.pid))
      line.append(" (")
      line.append(victim.pointee.name)
      line.append(") total-vm:")
      line.append(decimal: kibibytes(space.pointee.totalPages))
      line.append("kB, anon-rss:")
      line.append(decimal: kibibytes(space.pointee.residentPages(.anonymous)))
      line.append("kB, file-rss:")
      line.append(decimal: kibibytes(space.pointee.residentPages(.file)))
      line.append("kB, shmem-rss:")
      line.append(decimal: kibibytes(space.pointee.residentPages(.shared)))
      line.append("kB, UID:")
      line.append(decimal: UInt64(victim.pointee.credentials.user))
      line.append(" pgtables:")
      line.append(decimal: space.pointee.tableBytes.kibibytes)
      line.append("kB oom_score_adj:")
      line.append(signed: Int64(victim.pointee.process.pointee.oomScoreAdjustment))
    }
  }

  /// Pages as the log shows them (`K()`).
  func kibibytes(_ pages: PageCount) -> UInt64 { pages.bytes(of: board.pageSize).kibibytes }
}
