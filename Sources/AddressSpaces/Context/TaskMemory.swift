public import Arm64
public import MemoryTypes
public import PageFrames

/// The part of a task that its memory needs: embedded in the task, pointed at by
/// ``MemoryContext/current`` while the task runs.
///
/// Linux 6.1 keeps resident counts in two places (`SPLIT_RSS_COUNTING`, mm/memory.c): a task adds
/// to its own `rss_stat` as long as it works on its own address space, and pours that into the
/// address space at every 64th fault. What `/proc` shows lags by that much, and so do we, because
/// programs can see it. For a running task:
/// `mapped pages of a kind == space.resident[kind] + sum over its tasks of delta[kind]`.
@safe public struct TaskMemory<B: Board>: BitwiseCopyable {
  /// The address space the task runs in; nil for a kernel thread (Linux `task->mm`).
  public var space: KernelPointer<AddressSpace<B>>?
  /// The limits of the task's process.
  public var limits: KernelPointer<ResourceLimits>
  /// Whether the task has the capabilities that memory asks for (CAP_SYS_RAWIO, CAP_IPC_LOCK,
  /// CAP_SYS_ADMIN): user 0 has them.
  public var isPrivileged = true

  /// How its programs are run.
  public var personality: Personality = []
  /// Where its new pages are to be (`task->mempolicy`); of a thread, and a child inherits it.
  public var policy = MemoryPolicy.none
  /// The number of the task's process.
  public var process: Int32 = 0

  /// Faults served without and with reading a file (`min_flt`, `maj_flt`).
  public var minorFaults: UInt64 = 0
  public var majorFaults: UInt64 = 0

  /// The memory group that it charges; nil for the root's.
  public var group: KernelPointer<MemoryGroup>?
  /// What the allocator's `groups.pagesOverHigh` is of this task, while it does not run.
  public var pagesOverHigh = 0

  /// The page that it waits for to be read, or has waited for; none while ``isAwaiting`` is false.
  public internal(set) var awaited = PageFrameNumber(0)
  public internal(set) var isAwaiting = false
  /// Whether it stalls because memory is short.
  public var isStalling = false

  /// Behind a 32-bit program's space, while a call of its is served: see ``ArgumentWindow``.
  public var window: ArgumentWindow?

  /// Pages not yet poured into the address space, by ``PageKind``, and faults since it was done.
  @usableFromInline var delta: InlineArray<4, Int64> = .init(repeating: 0)
  @usableFromInline var faultsSinceSync: UInt64 = 0

  /// A task's memory in a space.
  @inlinable
  public init(space: KernelPointer<AddressSpace<B>>?, limits: KernelPointer<ResourceLimits>) {
    self.space = space
    self.limits = limits
  }
}

/// What a resident page counts as (include/linux/mm_types_task.h: MM_FILEPAGES and on).
public enum PageKind: Int, BitwiseCopyable, CaseIterable, Sendable {
  case file = 0
  case anonymous
  case swapped
  case shared
}
