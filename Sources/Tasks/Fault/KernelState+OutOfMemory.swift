import AddressSpaces
import Arm64
import Files
import MemoryTypes

/// The first rule for memory that has run out: the task with the largest Rss is killed.
///
/// Linux (mm/oom_kill.c) adds page tables and swap to the score and an adjustment by the user; its
/// words are kept.
extension KernelState {
  /// Kills the task that has most, and lets it die; the caller then tries again.
  @inline(never)
  public func killForMemory() {
    guard let victim = largestTask(), let space = victim.pointee.memory.space else {
      board.panic("out of memory and no process to kill")
    }
    space.pointee.synchronizeResident()
    let name = victim.pointee.name
    let pid = victim.pointee.threadGroup
    let pageSize = board.pageSize
    func kilobytes(_ pages: PageCount) -> UInt64 { pages.bytes(of: pageSize).kibibytes }
    log { line in
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
      line.append("kB, UID:0 pgtables:")
      line.append(decimal: space.pointee.tableBytes.kibibytes)
      line.append("kB oom_score_adj:0")
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

  /// The process with the largest Rss that is not about to die already, the youngest of equals.
  private func largestTask() -> KernelPointer<Task<B>>? {
    var best: KernelPointer<Task<B>>?
    var most: UInt64 = 0
    var process = store.pointee.firstProcess
    while let found = process {
      process = found.pointee.nextProcess
      guard let task = taskWithSpace(found), let space = task.pointee.memory.space else {
        continue
      }
      // A victim that has not died yet will free what it has.
      if found.pointee.isOutOfMemoryVictim { return task }
      let pages = space.pointee.residentPages.rawValue
      if best == nil || pages >= most {
        best = task
        most = pages
      }
    }
    return best
  }
}
