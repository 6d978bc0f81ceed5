import MemoryTypes

/// What a task asks of a scheduler: policy, real-time priority, nice value
/// (include/uapi/linux/sched.h).
public struct SchedulingParameters: BitwiseCopyable, Sendable {
  public enum Policy: UInt8, BitwiseCopyable, Sendable {
    case normal = 0
    case firstInFirstOut = 1
    case roundRobin = 2
    case batch = 3
    case idle = 5
    case deadline = 6

    /// Whether it has priorities from 1 to 99, and needs one.
    public var isRealtime: Bool { self == .firstInFirstOut || self == .roundRobin }
    /// Whether nice counts (fair_policy()).
    public var isFair: Bool { self == .normal || self == .batch }
  }

  public var policy = Policy.normal
  /// 1 to 99 of a real-time policy, otherwise 0.
  public var priority: UInt8 = 0
  /// -20 to 19, the higher the nicer.
  public var nice: Int8 = 0
  /// Whether children begin with the normal policy (SCHED_RESET_ON_FORK).
  public var resetsOnFork = false
  /// The class of I/O, 13 bits up, and its level; 0 is none (block/ioprio.c).
  public var ioPriority: UInt32 = 0

  /// The priority that `/proc/PID/stat` shows (task_prio()): 0 to 39, below that for real time.
  public var shownPriority: Int64 {
    switch policy {
    case .firstInFirstOut, .roundRobin: -1 &- Int64(priority)
    case .deadline: -101
    case .normal, .batch, .idle: 20 &+ Int64(nice)
    }
  }

  public init() {}
}

extension Task {
  /// What a child has of its parent's (kernel/sched/core.c:sched_fork()).
  mutating func inheritScheduling(from parent: KernelPointer<Task<B>>) {
    timerSlack = parent.pointee.timerSlack
    defaultTimerSlack = timerSlack
    scheduling = parent.pointee.scheduling
    guard scheduling.resetsOnFork else { return }
    if scheduling.policy.isRealtime {
      scheduling.policy = .normal
      scheduling.priority = 0
      scheduling.nice = 0
    } else if scheduling.nice < 0 {
      scheduling.nice = 0
    }
    scheduling.resetsOnFork = false
  }
}
