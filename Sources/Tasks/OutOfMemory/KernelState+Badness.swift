import AddressSpaces
import Arm64
public import MemoryTypes
import PageFrames
import Swap

/// Who is worst.
extension KernelState {
  /// What looking for a victim found.
  enum VictimSearch: BitwiseCopyable {
    case process(KernelPointer<Process<B>>)
    /// A victim that has not given its memory back yet.
    case somebodyDies
    case nobody
  }

  /// The process with most badness, the youngest of equals (select_bad_process()).
  func selectVictim(_ request: OutOfMemoryRequest) -> VictimSearch {
    let total = obtainable(request)
    var best: KernelPointer<Process<B>>?
    var most = Int64.min
    var process = store.pointee.firstProcess
    while let found = process {
      process = found.pointee.nextProcess
      guard found != initProcess, isMember(found, of: request.group) else { continue }
      let space = taskWithSpace(found)?.pointee.memory.space
      if let space, space.pointee.outOfMemory == .victim { return .somebodyDies }
      // oom_task_origin()
      let points =
        found.pointee.isOutOfMemoryOrigin ? Int64.max : badness(of: found, ofAll: total)
      guard let badness = points, badness >= most else { continue }
      best = found
      most = badness
    }
    return best.map { .process($0) } ?? .nobody
  }

  /// All pages that a request could be given (constrained_alloc()).
  func obtainable(_ request: OutOfMemoryRequest) -> Int64 {
    guard request.isOfGroup else { return ramPages &+ swapPages }
    return Int64(clamping: max(request.limit.rawValue, 1))
  }

  /// A thread of a process that still has memory (find_lock_task_mm()).
  func taskWithSpace(_ process: KernelPointer<Process<B>>) -> KernelPointer<Task<B>>? {
    var task = process.pointee.firstThread
    while let found = task {
      if found.pointee.memory.space != nil { return found }
      task = found.pointee.nextThread
    }
    return nil
  }

  /// How much is won by killing a process: what it has in RAM, in swap and in page tables, and what
  /// it adds to that itself, in thousandths of all (oom_badness()); nil for one that is never
  /// chosen.
  public func badness(
    of process: KernelPointer<Process<B>>, ofAll total: Int64? = nil
  ) -> Int64? {
    let adjustment = Int64(process.pointee.oomScoreAdjustment)
    guard process != initProcess, adjustment != -1000, let task = taskWithSpace(process),
      let space = task.pointee.memory.space, space.pointee.outOfMemory != .reaped,
      // A child that runs in its parent's memory has none of its own (in_vfork()).
      task.pointee.vforkParent == nil
    else { return nil }
    let tables = space.pointee.tableBytes.wholePages(of: board.pageSize)
    let pages = space.pointee.residentPages + space.pointee.residentPages(.swapped) + tables
    return Int64(bitPattern: pages.rawValue) &+ adjustment &* ((total ?? ramPages) / 1000)
  }

  /// All pages that could be given to programs (`totalram_pages()`).
  public var ramPages: Int64 { Int64(bitPattern: max(frames.pointee.managed.rawValue, 1)) }

  /// All pages of swap (`total_swap_pages`).
  public var swapPages: Int64 { max(memory.pointee.swap.pointee.totalPages, 0) }

  /// Whether a process will soon give its memory back of its own accord: it is ending, and so is
  /// everybody who shares the memory (task_will_free_mem()).
  func willFreeMemory(
    _ process: KernelPointer<Process<B>>, _ space: KernelPointer<AddressSpace<B>>
  ) -> Bool {
    guard isEnding(process), space.pointee.outOfMemory != .reaped else { return false }
    guard space.pointee.users > process.pointee.threadCount else { return true }
    var next = store.pointee.firstProcess
    while let other = next {
      next = other.pointee.nextProcess
      guard other != process, taskWithSpace(other)?.pointee.memory.space == space else { continue }
      guard isEnding(other) else { return false }
    }
    return true
  }

  /// __task_will_free_mem(): every thread of it has been told to end, or its only one does.
  private func isEnding(_ process: KernelPointer<Process<B>>) -> Bool {
    if process.pointee.groupExit != nil { return true }
    guard process.pointee.threadCount == 1, let thread = process.pointee.firstThread else {
      return false
    }
    return thread.pointee.isExiting
      // As a fatal signal makes it SIGNAL_GROUP_EXIT at once (complete_signal()).
      || thread.pointee.pending.set.contains(.kill)
  }
}
