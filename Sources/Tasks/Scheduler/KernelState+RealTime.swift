import Arm64
public import MemoryTypes

/// Real-time policies (kernel/sched/rt.c): who has one runs before all who have none, the highest
/// priority first, and takes the CPU from lower ones at once.
///
/// Terms
/// - A task's *rank* is its priority under SCHED_FIFO and SCHED_RR, 1 to 99, and 0 otherwise. The
///   queue is ordered by rank, and by coming within one.
/// - Under SCHED_FIFO a task gives way to higher ranks only, under SCHED_RR also to its own when its
///   slice is over. Who is *preempted* goes on before others of its rank.
/// - *Throttling*: of each second, others get a twentieth (sched_rt_runtime_us), so that a real-time
///   task that never waits does not keep the machine to itself.
///
/// None of it costs anything until a task first has such a policy.
extension KernelState {
  @inline(__always)
  private func rank(_ task: KernelPointer<Task<B>>) -> UInt8 {
    task.pointee.scheduling.policy.isRealtime ? task.pointee.scheduling.priority : 0
  }

  /// Whether those without a real-time policy have their turn.
  private var isThrottled: Bool {
    let end = store.pointee.realtime.throttleEnd
    return end != 0 && board.clock.ticks < end
  }

  /// The others' turn is over when none of them is left. (Linux would let the CPU idle to its end.)
  func noteTurn(of next: KernelPointer<Task<B>>) {
    if rank(next) > 0 { store.pointee.realtime.throttleEnd = 0 }
  }

  /// Queues a task before those of lower rank; before those of its own if it was preempted.
  @inline(never)
  func enqueueByRank(_ task: KernelPointer<Task<B>>, isPreempted: Bool = false) {
    task.pointee.state = .runnable
    let own = isThrottled ? 0 : rank(task)
    var before: KernelPointer<Task<B>>?
    var next = store.pointee.queueHead
    if own == 0 {
      before = store.pointee.queueTail
      next = nil
    }
    while let found = next, rank(found) > own || rank(found) == own && !isPreempted {
      before = found
      next = found.pointee.queueNext
    }
    task.pointee.queueNext = next
    if let before { before.pointee.queueNext = task } else { store.pointee.queueHead = task }
    if next == nil { store.pointee.queueTail = task }
    if task != current, own > rank(current) {
      current.pointee.attention |= Task<B>.rankAttention
    }
    if !store.pointee.isSliceTimed { armTimer() }
  }

  /// Lets who has come with a higher rank have the CPU, on the way back to the program.
  @inline(never)
  func preemptByRank() {
    current.pointee.attention &= ~Task<B>.rankAttention
    guard let head = store.pointee.queueHead, rank(head) > rank(current) else { return }
    current.pointee.involuntarySwitches &+= 1
    enqueueByRank(current, isPreempted: true)
    schedule()
  }

  /// The timer has interrupted a program: whether another is to run, and the program queued already.
  @inline(never)
  func switchesByRank(hasExpired: Bool) -> Bool {
    current.pointee.attention &= ~Task<B>.rankAttention
    guard let head = store.pointee.queueHead else {
      store.pointee.realtime.since = 0
      return false
    }
    let now = board.clock.ticks
    let isSliceOver = now >= store.pointee.sliceEnd
    let own = rank(current)
    let first = rank(head)
    let isThrottled = isThrottled
    if first > own, !isThrottled {
      enqueueByRank(current, isPreempted: own > 0)
      return true
    }
    if own == 0 || isThrottled {
      store.pointee.realtime.since = 0
      guard hasExpired || isSliceOver else { return false }
      enqueueByRank(current)
      return true
    }
    if first == own {
      guard isSliceOver else { return false }
      noteSlice()
      guard current.pointee.scheduling.policy == .roundRobin else { return false }
      enqueueByRank(current)
      return true
    }
    // Only lower ranks wait: they get their twentieth of a second.
    if isSliceOver { noteSlice() }
    if store.pointee.realtime.since == 0 { store.pointee.realtime.since = now }
    guard now &- store.pointee.realtime.since >= board.clock.ticks(inNanoseconds: 950_000_000)
    else { return false }
    store.pointee.realtime.since = 0
    store.pointee.realtime.throttleEnd = now &+ board.clock.ticks(inNanoseconds: 50_000_000)
    enqueueByRank(current)
    return true
  }

  /// Gives a task another policy, and the place in the queue that goes with it
  /// (__sched_setscheduler()).
  public func setScheduling(
    of task: KernelPointer<Task<B>>, to parameters: SchedulingParameters
  ) {
    task.pointee.scheduling = parameters
    if parameters.policy.isRealtime { store.pointee.realtime.isUsed = true }
    guard store.pointee.realtime.isUsed else { return }
    if task == current {
      if let head = store.pointee.queueHead, rank(head) > rank(task) {
        task.pointee.attention |= Task<B>.rankAttention
      }
    } else if task.pointee.state == .runnable {
      takeFromQueue(task)
      enqueueByRank(task)
    }
  }

  private func takeFromQueue(_ task: KernelPointer<Task<B>>) {
    var before: KernelPointer<Task<B>>?
    var next = store.pointee.queueHead
    while let found = next, found != task {
      before = found
      next = found.pointee.queueNext
    }
    guard next != nil else { return }
    if let before {
      before.pointee.queueNext = task.pointee.queueNext
    } else {
      store.pointee.queueHead = task.pointee.queueNext
    }
    if store.pointee.queueTail == task { store.pointee.queueTail = before }
    task.pointee.queueNext = nil
  }
}

/// What the scheduler knows of real-time tasks (`struct rt_rq`); the queue's lock guards it.
struct RealtimeState: BitwiseCopyable {
  /// Whether any task ever had a real-time policy.
  var isUsed = false
  /// Since when real-time tasks have kept lower ones from the CPU; 0 for not at all.
  var since: UInt64 = 0
  /// Until when the others have their turn.
  var throttleEnd: UInt64 = 0
}
