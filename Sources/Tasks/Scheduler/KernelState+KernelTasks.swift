import AddressSpaces
import Arm64
import Files
import KernelHeap
import MemoryTypes
import PageFrames

/// Making, waking, running and ending the kernel's own tasks; see ``KernelTask``.
extension KernelState {
  /// What a kernel task does each time that it was woken; it returns when nothing is left to do.
  private func work(of kind: KernelTask) {
    switch kind {
    case .kswapd:
      let request = frames.pointee.kswapd
      balanceNode()
      endKswapd(request)
    case .kcompactd: compactInBackground()
    }
  }

  /// Gives a kernel task work: it has the CPU at the next return to a program, or at once if none
  /// runs.
  ///
  /// Without memory for the task nothing happens: who needs its work does it himself.
  func wake(_ kind: KernelTask) {
    guard !store.pointee.kernelTasks.isEnding, let task = kernelTask(kind) else { return }
    store.pointee.kernelTasks.woken |= kind.bit
    letRun(kind, task)
    if current.pointee.memory.space != nil {
      current.pointee.attention |= Task<B>.memoryAttention
    }
  }

  /// Lets it go on if it waits for work; if it waits for something else, that comes first.
  private func letRun(_ kind: KernelTask, _ task: KernelPointer<Task<B>>) {
    guard store.pointee.kernelTasks.idle & kind.bit != 0 else { return }
    store.pointee.kernelTasks.idle &= ~kind.bit
    enqueueFirst(task)
  }

  /// Lets kernel tasks that are in front of the queue run before the current program, which goes on
  /// right after them (kernel/sched/core.c:check_preempt_curr(), but that they always win).
  func giveWayToKernelTasks() {
    guard let head = store.pointee.queueHead, head.pointee.kernelWork != nil,
      !current.pointee.scheduling.policy.isRealtime
    else { return }
    var last = head
    while let next = last.pointee.queueNext, next.pointee.kernelWork != nil { last = next }
    let task = current
    task.pointee.state = .runnable
    task.pointee.queueNext = last.pointee.queueNext
    last.pointee.queueNext = task
    if store.pointee.queueTail == last { store.pointee.queueTail = task }
    task.pointee.involuntarySwitches &+= 1
    store.pointee.kernelTasks.preempted = task
    schedule()
  }

  /// A kernel task's life, on its own stack.
  func run(_ kind: KernelTask) -> Never {
    while true {
      while store.pointee.kernelTasks.woken & kind.bit != 0 {
        store.pointee.kernelTasks.woken &= ~kind.bit
        work(of: kind)
      }
      if store.pointee.kernelTasks.isEnding { end(kind) }
      store.pointee.kernelTasks.idle |= kind.bit
      sleep(until: nil)
    }
  }

  private func end(_ kind: KernelTask) -> Never {
    let task = current
    store.pointee.kernelTasks.tasks[Int(kind.rawValue)] = nil
    release(task.pointee.number)
    task.pointee.state = .dead
    store.pointee.deadTask = task
    schedule()
    board.panic("a kernel task that ended was scheduled")
  }

  /// Ends all kernel tasks when they have no more work; called by process 1, when all others have
  /// ended.
  func endKernelTasks() {
    store.pointee.kernelTasks.isEnding = true
    for index in 0..<KernelTask.count {
      guard let kind = KernelTask(rawValue: UInt8(index)) else { continue }
      if let task = store.pointee.kernelTasks.tasks[index] { letRun(kind, task) }
      while store.pointee.kernelTasks.tasks[index] != nil {
        if store.pointee.queueHead != nil { yield() } else { idle() }
      }
    }
    store.pointee.kernelTasks = KernelTasks()
  }

  /// The task of a kind, made if there is none yet (kernel/kthread.c:kthread_create()).
  private func kernelTask(_ kind: KernelTask) -> KernelPointer<Task<B>>? {
    if let task = store.pointee.kernelTasks.tasks[Int(kind.rawValue)] { return task }
    // It is nobody's, whoever needs it first.
    let charged = frames.pointee.groups.current
    frames.pointee.groups.current = nil
    defer { frames.pointee.groups.current = charged }
    guard let task = makeKernelTask(kind) else { return nil }
    store.pointee.kernelTasks.tasks[Int(kind.rawValue)] = task
    enqueueFirst(task)
    return task
  }

  private func makeKernelTask(_ kind: KernelTask) -> KernelPointer<Task<B>>? {
    let start = board.clock
    let caches = store.pointee.caches
    let limits = initProcess.pointee.limits
    // The leader is set below.
    let value = Process<B>(id: 0, leader: initTask, limits: limits, startTime: start)
    guard let process = caches.processes.allocate(value) else { return nil }
    guard let number = caches.numbers.allocate(PID(number: 0)) else {
      caches.processes.free(process)
      return nil
    }
    guard let stack = takeStack() else {
      caches.processes.free(process)
      caches.numbers.free(number)
      return nil
    }
    let task = caches.tasks.allocate(
      Task(
        number: number, process: process, name: kind.name, handlers: initTask.pointee.handlers,
        user: initTask.pointee.user, context: contextPointer(stack), kernelStack: stack,
        startTime: start))
    guard let task else {
      giveStack(stack)
      caches.processes.free(process)
      caches.numbers.free(number)
      return nil
    }
    process.pointee.leader = task
    process.pointee.references &+= 1
    task.pointee.handlers.pointee.references &+= 1
    task.pointee.user.pointee.tasks &+= 1
    task.pointee.waiter.task = task
    task.pointee.deadline.object = task.address
    task.pointee.kernelWork = kind
    task.pointee.accountedAt = board.instructions
    task.pointee.switched.programCounter = board.startOfTask
    task.pointee.switched.stackPointer = contextAddress(stack).rawValue
    return task
  }
}
