import AddressSpaces
import Arm64
import KernelLog
import MemoryTypes

/// The decision (out_of_memory()).
extension KernelState {
  /// Kills the worst process, so that there is memory for whoever asked.
  ///
  /// The caller asks again afterwards, unless it was itself the victim.
  @inline(never) @discardableResult
  public func outOfMemory(_ request: OutOfMemoryRequest) -> OutOfMemoryOutcome {
    // One that is dying anyway gets the reserve and goes on dying.
    if let space = current.pointee.memory.space, willFreeMemory(current.pointee.process, space) {
      markVictim(current.pointee.process, space)
      queueReaper(current.pointee.process, space)
      return .waits
    }
    panicIfWanted(request)
    let settings = memory.pointee.settings
    if !request.isOfGroup, settings.killsAllocatingTask, isEligible(current.pointee.process) {
      kill(
        current.pointee.process, for: request, "Out of memory (oom_kill_allocating_task)")
      return .killed
    }
    switch selectVictim(request) {
    case .somebodyDies: return .waits
    case .process(let victim):
      kill(victim, for: request, message(request))
    case .nobody:
      report(request, victim: nil)
      log(.warning) { $0.append("Out of memory and no killable processes...") }
      guard !request.isOfGroup, current.pointee.memory.space != nil else { return .nobody }
      // Linux panics here (System is deadlocked on memory).
      killEveryone(with: current.pointee.process, message(request))
    }
    return .killed
  }

  private func message(_ request: OutOfMemoryRequest) -> StaticString {
    request.isOfGroup ? "Memory cgroup out of memory" : "Out of memory"
  }

  /// The last resort of an allocation, for callers that try again afterwards: kills, and lets the
  /// others run so that the victim can die.
  @inline(never)
  public func killForMemory(_ request: OutOfMemoryRequest = .userPage) {
    outOfMemory(request)
    guard !current.pointee.process.pointee.isOutOfMemoryVictim else { return }
    waitForVictim()
  }

  /// Lets the others run; where nobody can, time passes until the reaper is due.
  public func waitForVictim() {
    if store.pointee.queueHead != nil {
      yield()
    } else {
      let tick = Self.tickNanoseconds &* board.clock.frequency / 1_000_000_000
      sleep(until: board.clock.ticks &+ tick)
    }
  }

  /// Whether a process may be killed because it asked (oom_kill_allocating_task).
  private func isEligible(_ process: KernelPointer<Process<B>>) -> Bool {
    process != initProcess && process.pointee.oomScoreAdjustment != -1000
      && taskWithSpace(process) != nil
  }

  /// check_panic_on_oom().
  private func panicIfWanted(_ request: OutOfMemoryRequest) {
    let mode = memory.pointee.settings.panicOnOutOfMemory
    guard mode != 0, mode == 2 || !request.isOfGroup else { return }
    report(request, victim: nil)
    if mode == 2 {
      board.panic("Out of memory: compulsory panic_on_oom is enabled")
    } else {
      board.panic("Out of memory: system-wide panic_on_oom is enabled")
    }
  }
}
