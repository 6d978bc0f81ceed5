import AddressSpaces
import Arm64
import BoardFormat
import Files
import KernelLog
import MemoryTypes
import PageFrames
import Swap

/// Who runs next: who has waited longest.
///
///     state == .runnable and not current  ⇔  in the queue, once
///
/// A program keeps the CPU until it waits or yields; while others wait for it, at most a slice of
/// time. See ``KernelState/interruptProgram()``.
extension KernelState {
  /// Puts a task at the end of the queue.
  func enqueue(_ task: KernelPointer<Task<B>>) {
    if store.pointee.realtime.isUsed { return enqueueByRank(task) }
    task.pointee.state = .runnable
    task.pointee.queueNext = nil
    if let tail = store.pointee.queueTail {
      tail.pointee.queueNext = task
    } else {
      store.pointee.queueHead = task
    }
    store.pointee.queueTail = task
    if !store.pointee.isSliceTimed { armTimer() }
  }

  /// Puts a task in front of all others that have its rank.
  func enqueueFirst(_ task: KernelPointer<Task<B>>) {
    if store.pointee.realtime.isUsed { return enqueueByRank(task, isPreempted: true) }
    task.pointee.state = .runnable
    task.pointee.queueNext = store.pointee.queueHead
    store.pointee.queueHead = task
    if store.pointee.queueTail == nil { store.pointee.queueTail = task }
  }

  @inline(__always)
  private func dequeue() -> KernelPointer<Task<B>>? {
    guard let head = store.pointee.queueHead else { return nil }
    if store.pointee.realtime.throttleEnd != 0 { noteTurn(of: head) }
    store.pointee.queueHead = head.pointee.queueNext
    if store.pointee.queueHead == nil { store.pointee.queueTail = nil }
    head.pointee.queueNext = nil
    return head
  }

  /// Lets the others run once (sched_yield).
  public func yield() {
    guard store.pointee.queueHead != nil else { return }
    enqueue(current)
    schedule()
  }

  /// Gives the CPU to the next task in the queue.
  ///
  /// The caller has put itself into it, or waits, or has ended. With nobody to run, the CPU idles
  /// until a moment that somebody waits for.
  func schedule() {
    while true {
      expireDeadlines()
      if let next = dequeue() {
        if next != current { switchTo(next) }
        return
      }
      idle()
    }
  }

  /// Nobody can run: waits until somebody can.
  @inline(never)
  func idle() {
    current.pointee.noteSequenceEvent()
    let nearest = store.pointee.deadlines.first?.pointee.moment
    let typing = WaitChannel(kind: .console, object: 0)
    let swap = memory.pointee.swap
    if swap.pointee.disk != nil {
      serveDevices()
      if store.pointee.queueHead != nil { return }
    }
    if nearest == nil && store.pointee.waiters.waiter(on: typing) == nil
      && !swap.pointee.isReading
    {
      // Every process waits for another: nothing will ever happen again. All are killed, so all
      // can run now.
      log { $0.append("every process waits for another one; all are killed") }
      killAll()
      guard store.pointee.queueHead != nil else { board.panic("nothing to run") }
      return
    }
    board.idle(until: nearest)
    store.pointee.timerMoment = .max
    store.pointee.isSliceTimed = false
    if board.endIsRequested { killAll() }
    serveDevices()
    // Whoever waits for typing tests again.
    wake(typing)
  }

  private func switchTo(_ next: KernelPointer<Task<B>>) {
    let previous = current
    previous.pointee.noteSequenceEvent()
    account(previous, next)
    if previous.pointee.memory.space != nil {
      board.save(Task.vectorsPointer(previous))
      previous.pointee.threadPointer = board.threadPointer
    }
    store.pointee.current = next
    store.pointee.contextSwitches &+= 1
    memory.pointee.current = Task.memoryPointer(next)
    frames.pointee.servesVictim = next.pointee.process.pointee.isOutOfMemoryVictim
    switchGroups(previous, next)
    if frames.pointee.shortage != nil { forgetShortage() }
    if let space = next.pointee.memory.space {
      frames.pointee.attention = Task.attentionPointer(next)
      if !frames.pointee.requests.isEmpty {
        next.pointee.attention |= Task<B>.memoryAttention
      }
      if space != store.pointee.loadedSpace { load(space) }
      board.load(Task.vectorsPointer(next))
      board.threadPointer = next.pointee.threadPointer
      board.readOnlyThreadPointer = next.pointee.readOnlyThreadPointer
    } else {
      frames.pointee.attention = nil
      borrowSpace(next)
    }
    if board.traced.contains(.tasks) { traceSwitch() }
    if store.pointee.queueHead != nil { beginSlice(of: next) }
    if next.pointee.process.pointee.timers.watchesCPU { armCPUTimers(next) }
    armForDeadline()
    board.switchContext(
      from: Task.switchedPointer(previous), to: Task.switchedPointer(next))
    finishSwitch()
  }

  /// What one task could not have is nothing to the next; a debt is whoever's comes to pay it.
  @inline(never)
  private func forgetShortage() {
    if isShort { frames.pointee.shortage = nil }
  }

  /// A task gets the CPU that others wait for.
  ///
  /// A kernel task has it from a program's slice, which goes on afterwards.
  @inline(__always)
  private func beginSlice(of next: KernelPointer<Task<B>>) {
    if next.pointee.kernelWork != nil { return }
    let goesOn = store.pointee.kernelTasks.preempted == next
    store.pointee.kernelTasks.preempted = nil
    if !goesOn { noteSlice() }
  }

  /// Frees the task that had the CPU before, if it has ended and was released
  /// (kernel/sched/core.c:finish_task_switch()): nothing runs on its stack any more.
  @inline(__always)
  func finishSwitch() {
    if let dead = store.pointee.deadTask {
      store.pointee.deadTask = nil
      free(dead)
    }
  }

  /// Books what `previous` has executed since it got the CPU, and begins the account of `next`.
  @inline(__always)
  private func account(_ previous: KernelPointer<Task<B>>, _ next: KernelPointer<Task<B>>) {
    let now = board.instructions
    previous.pointee.charge(upTo: now)
    next.pointee.accountedAt = now
  }
}

extension Task {
  mutating func charge(upTo now: InstructionCounts) {
    executed.user &+= now.user &- accountedAt.user
    executed.kernel &+= now.kernel &- accountedAt.kernel
    accountedAt = now
  }
}
