import AddressSpaces
import Arm64
import Files
import KernelLog
public import MemoryTypes
import PageFrames

/// What is done when memory has run out: the process that has most of it is killed
/// (mm/oom_kill.c).
extension KernelState {
  /// Kills the worst process and lets it die; the caller then tries again.
  @inline(never)
  public func killForMemory() {
    guard let victim = victim(), let space = victim.pointee.memory.space else {
      board.panic("out of memory and no process to kill")
    }
    space.pointee.synchronizeResident()
    let name = victim.pointee.name
    let pid = victim.pointee.threadGroup
    let user = victim.pointee.credentials.user
    let adjustment = victim.pointee.process.pointee.oomScoreAdjustment
    let pageSize = board.pageSize
    func kilobytes(_ pages: PageCount) -> UInt64 { pages.bytes(of: pageSize).kibibytes }
    log(.error) { line in
      line.append("Out of memory: Killed process ")
      line.append(decimal: UInt64(pid))
      line.append(" (")
      line.append(name)
      line.append(") total-vm:")
      line.append(decimal: kilobytes(space.pointee.totalPages))
      line.append("kB, anon-rss:")
      line.append(decimal: kilobytes(space.pointee.residentPages(.anonymous)))
      line.append("kB, file-rss:")
      line.append(decimal: kilobytes(space.pointee.residentPages(.file)))
      line.append("kB, shmem-rss:")
      line.append(decimal: kilobytes(space.pointee.residentPages(.shared)))
      line.append("kB, UID:")
      line.append(decimal: UInt64(user))
      line.append(" pgtables:")
      line.append(decimal: space.pointee.tableBytes.kibibytes)
      line.append("kB oom_score_adj:")
      if adjustment < 0 { line.append("-") }
      line.append(decimal: UInt64(adjustment.magnitude))
    }
    victim.pointee.process.pointee.isOutOfMemoryVictim = true
    // Everyone in that memory goes: one alone would not free it (__oom_kill_process()).
    var isOwn = false
    var process = store.pointee.firstProcess
    while let found = process {
      process = found.pointee.nextProcess
      guard let task = taskWithSpace(found), task.pointee.memory.space == space else { continue }
      send(.kill, to: found)
      if found == current.pointee.process { isOwn = true }
    }
    if !isOwn { yield() }
  }

  /// A thread of a process that still has memory (find_lock_task_mm()).
  private func taskWithSpace(
    _ process: KernelPointer<Process<B>>
  ) -> KernelPointer<Task<B>>? {
    var task = process.pointee.firstThread
    while let found = task {
      if found.pointee.memory.space != nil { return found }
      task = found.pointee.nextThread
    }
    return nil
  }

  /// How much is won by killing a process: what it has in RAM and in page tables, and what it adds
  /// to that itself, in thousandths of RAM (oom_badness()); nil for one that is never chosen.
  public func badness(of process: KernelPointer<Process<B>>) -> Int64? {
    let adjustment = Int64(process.pointee.oomScoreAdjustment)
    // A child that runs in its parent's memory has none of its own (in_vfork()).
    guard process != initProcess, adjustment != -1000, let task = taskWithSpace(process),
      let space = task.pointee.memory.space, task.pointee.vforkParent == nil
    else { return nil }
    let tables = space.pointee.tableBytes.wholePages(of: board.pageSize)
    let pages = (space.pointee.residentPages + tables).rawValue
    return Int64(bitPattern: pages) &+ adjustment &* (ramPages / 1000)
  }

  /// All pages that could be given to programs (`totalram_pages()`).
  public var ramPages: Int64 { Int64(bitPattern: max(frames.pointee.managed.rawValue, 1)) }

  /// The worst process that is not about to die already, the youngest of equals
  /// (select_bad_process()).
  private func victim() -> KernelPointer<Task<B>>? {
    var best: KernelPointer<Task<B>>?
    var most = Int64.min
    var process = store.pointee.firstProcess
    while let found = process {
      process = found.pointee.nextProcess
      guard let task = taskWithSpace(found) else { continue }
      // A victim that has not died yet will free what it has.
      if found.pointee.isOutOfMemoryVictim { return task }
      guard let badness = badness(of: found), badness >= most else { continue }
      best = task
      most = badness
    }
    // Where all are exempt Linux gives up. Here whoever asked pays, so that no program can end the
    // machine.
    return best ?? (current.pointee.memory.space == nil ? nil : current)
  }
}
