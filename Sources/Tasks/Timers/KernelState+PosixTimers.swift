import Arm64
import KernelHeap
public import MemoryTypes

/// Making, finding and deleting POSIX timers.
extension KernelState {
  /// Makes a timer that is not armed (do_timer_create()); EAGAIN without room in the signal queue.
  public func makeTimer(
    _ clock: TimerClock, _ event: TimerEvent?
  ) throws(Errno) -> KernelPointer<PosixTimer<B>> {
    let task = current
    let process = task.pointee.process
    guard
      let entry = makeEntry(
        SignalInfo(.alarm, code: SignalCode.timer), task, overLimit: false, isOfTimer: true)
    else { throw .EAGAIN }
    let id = takeTimerID(process)
    var told = event ?? TimerEvent()
    if event == nil { told.value = UInt64(UInt32(bitPattern: id)) }
    var info = SignalInfo(told.signal, code: SignalCode.timer)
    info.first = UInt64(UInt32(bitPattern: id))
    info.second = told.value
    entry.pointee.info = info
    let value = PosixTimer<B>(id: id, process: process, clock: clock, event: told, entry: entry)
    guard let timer = store.pointee.caches.timers.allocate(value) else {
      release(entryOfTimer: entry)
      throw .EAGAIN
    }
    timer.pointee.deadline.object = timer.address
    if case .thread = clock {
      retain(task.pointee.number)
      timer.pointee.thread = task.pointee.number
    }
    if timer.pointee.runsOnCPU { process.pointee.cpuTimerCount &+= 1 }
    link(timer)
    return timer
  }

  /// The next number that the process does not use: they count up (posix_timer_add()).
  private func takeTimerID(_ process: KernelPointer<Process<B>>) -> Int32 {
    while true {
      let id = process.pointee.nextTimer
      process.pointee.nextTimer = id == .max ? 0 : id &+ 1
      if timer(id) == nil { return id }
    }
  }

  /// The current process's timer with a number.
  public func timer(_ id: Int32) -> KernelPointer<PosixTimer<B>>? {
    let process = current.pointee.process
    var next = store.pointee.posixTimers.heads[PosixTimerTable<B>.index(process, id)]
    while let found = next {
      if found.pointee.process == process && found.pointee.id == id { return found }
      next = found.pointee.nextInHash
    }
    return nil
  }

  private func link(_ timer: KernelPointer<PosixTimer<B>>) {
    let process = timer.pointee.process
    process.pointee.posixTimers.prepend(timer) { Self.links($0) }
    let index = PosixTimerTable<B>.index(process, timer.pointee.id)
    timer.pointee.nextInHash = store.pointee.posixTimers.heads[index]
    store.pointee.posixTimers.heads[index] = timer
  }

  /// Deletes a timer; its signal, if it waits, comes all the same (timer_delete).
  public func delete(_ timer: KernelPointer<PosixTimer<B>>) {
    let process = timer.pointee.process
    disarm(timer)
    process.pointee.posixTimers.remove(timer) { Self.links($0) }
    let index = PosixTimerTable<B>.index(process, timer.pointee.id)
    if store.pointee.posixTimers.heads[index] == timer {
      store.pointee.posixTimers.heads[index] = timer.pointee.nextInHash
    } else {
      var before = store.pointee.posixTimers.heads[index]
      while let found = before, found.pointee.nextInHash != timer {
        before = found.pointee.nextInHash
      }
      before?.pointee.nextInHash = timer.pointee.nextInHash
    }
    let runsOnCPU = timer.pointee.runsOnCPU
    let entry = timer.pointee.entry
    if let thread = timer.pointee.thread { release(thread) }
    store.pointee.caches.timers.free(timer)
    release(entryOfTimer: entry)
    if runsOnCPU {
      process.pointee.cpuTimerCount &-= 1
      watchCPU(process)
    }
  }

  /// A timer gives up its entry, which stays while it is queued (sigqueue_free()).
  private func release(entryOfTimer entry: KernelPointer<QueuedSignal>) {
    entry.pointee.isOfTimer = false
    if !entry.pointee.isQueued { free(entry) }
  }

  /// All timers of the current process go (exit_itimers()).
  func deleteTimers() {
    let process = current.pointee.process
    while let timer = process.pointee.posixTimers.first { delete(timer) }
  }

  /// Forgets what timers have sent the current process (flush_itimer_signals()).
  func flushTimerSignals() {
    let task = current
    task.pointee.pending.remove(where: { $0.code == SignalCode.timer }) { free($0) }
    task.pointee.process.pointee.pending.remove(where: { $0.code == SignalCode.timer }) { free($0) }
  }

  /// Calls a function with every timer of a process that runs on executed time.
  @inline(__always)
  func forEachCPUTimer(
    of process: KernelPointer<Process<B>>, _ body: (KernelPointer<PosixTimer<B>>) -> Void
  ) {
    guard process.pointee.cpuTimerCount > 0 else { return }
    var next = process.pointee.posixTimers.first
    while let timer = next {
      next = timer.pointee.place.next
      if timer.pointee.runsOnCPU { body(timer) }
    }
  }
}
