import AddressSpaces
import Arm64
import BoardFormat
import Files
import MemoryTypes

/// Who runs next.
///
///     state == .runnable and not current  ⇔  in the queue, once
extension KernelState {
  /// Puts a task at the end of the queue.
  func enqueue(_ task: KernelPointer<Task<B>>) {
    task.pointee.state = .runnable
    task.pointee.queueNext = nil
    if let tail = store.pointee.queueTail {
      tail.pointee.queueNext = task
    } else {
      store.pointee.queueHead = task
    }
    store.pointee.queueTail = task
  }

  private func dequeue() -> KernelPointer<Task<B>>? {
    guard let head = store.pointee.queueHead else { return nil }
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

  /// Waits for an event, or for a moment; the caller then tests again what it waits for.
  func block(on channel: WaitChannel, until deadline: UInt64? = nil) {
    let task = current
    task.pointee.waiting = channel
    task.pointee.deadline = deadline
    task.pointee.state = .blocked
    task.pointee.voluntarySwitches &+= 1
    schedule()
    task.pointee.waiting = .none
    task.pointee.deadline = nil
  }

  /// Makes everyone runnable who waits for this event.
  func wake(_ channel: WaitChannel) {
    forEachTask { found in
      if found.pointee.state == .blocked && found.pointee.waiting == channel { enqueue(found) }
    }
  }

  /// Makes a task runnable if it waits for anything: a signal has come.
  func wakeUp(_ task: KernelPointer<Task<B>>) {
    if task.pointee.state == .blocked { enqueue(task) }
  }

  /// Gives the CPU to the next task in the queue.
  ///
  /// The caller has put itself into it, or waits, or has ended. With nobody to run, the CPU idles
  /// until a moment that somebody waits for.
  func schedule() {
    while true {
      let nearest = wakeExpired()
      wakeAtClosedPipes()
      if let next = dequeue() {
        if next != current { switchTo(next) }
        return
      }
      if nearest == nil && !someoneWaitsForTyping {
        // All are killed, so all can run now: nothing else would end the wait.
        endEverything()
        continue
      }
      board.idle(until: nearest)
      // Whoever waits for typing tests again.
      wake(WaitChannel(kind: .console, object: 0))
    }
  }

  /// Wakes those who wait at pipes, if an end of any was closed: they may wait for nobody now.
  private func wakeAtClosedPipes() {
    let closed = files.pointee.closedPipeEnds
    guard closed != store.pointee.seenPipeEnds else { return }
    store.pointee.seenPipeEnds = closed
    forEachTask { found in
      if found.pointee.state == .blocked && found.pointee.waiting.kind == .pipe {
        enqueue(found)
      }
    }
  }

  /// Wakes those whose moment has come; the nearest moment still to come.
  private func wakeExpired() -> UInt64? {
    var nearest: UInt64?
    var now: UInt64?
    forEachTask { found in
      if found.pointee.state == .blocked, let deadline = found.pointee.deadline {
        let moment = now ?? board.clock.ticks
        now = moment
        if deadline <= moment {
          enqueue(found)
        } else {
          nearest = min(nearest ?? deadline, deadline)
        }
      }
    }
    return nearest
  }

  private var someoneWaitsForTyping: Bool {
    var waits = false
    forEachTask { found in
      if found.pointee.state == .blocked && found.pointee.waiting.kind == .console { waits = true }
    }
    return waits
  }

  /// Every process waits for another: nothing will ever happen again.
  private func endEverything() {
    log { $0.append("every process waits for another one; all are killed") }
    killAll()
    guard store.pointee.queueHead != nil else { board.panic("nothing to run") }
  }

  private func switchTo(_ next: KernelPointer<Task<B>>) {
    let previous = current
    checkStack(of: previous)
    account(previous, next)
    if previous.pointee.memory.space != nil {
      board.save(Task.vectorsPointer(previous))
      previous.pointee.threadPointer = board.threadPointer
    }
    store.pointee.current = next
    store.pointee.contextSwitches &+= 1
    memory.pointee.current = Task.memoryPointer(next)
    if next.pointee.memory.space != nil {
      activateSpace(of: next)
      board.load(Task.vectorsPointer(next))
      board.threadPointer = next.pointee.threadPointer
    } else {
      board.deactivateUserHalf()
    }
    if board.traced.contains(.tasks) { traceSwitch() }
    board.switchContext(
      from: Task.switchedPointer(previous), to: Task.switchedPointer(next))
    finishSwitch()
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

  /// Lets the user half be that of a task.
  func activateSpace(of task: KernelPointer<Task<B>>) {
    guard let space = task.pointee.memory.space else {
      board.deactivateUserHalf()
      return
    }
    let (tables, asid) = space.pointee.activation()
    board.activate(root: tables, asid: asid)
  }

  /// Books what `previous` has executed since it got the CPU, and begins the account of `next`.
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
