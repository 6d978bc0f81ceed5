// Processes: how programs come to be, share the CPU, and end.
//
// Terms
// - A *task* is a thread; a *process* is a group of threads that share a program, numbered as its
//   leader. The life of a process: `fork` makes it as a copy of its parent's thread, `execve` gives
//   it a new program and address space, `exit` takes everything from it but its number and exit
//   status (a *zombie*), and its parent's `wait4` takes those.
// - *init*, process 1, is the kernel itself: it has no program. It starts the first program as
//   process 2, adopts and reaps orphans, and ends the machine when process 2 has ended.
// - Scheduling is first come, first served, but for real-time policies: a task runs until it waits, yields or ends, or has used
//   its slice while others wait. One CPU, interrupts closed in the kernel, no clock tick while one
//   task runs; so two runs of the same programs switch at the same instructions.
// - A task that waits names a *channel* (a kind of event and an object) and stands in its queue;
//   whoever causes the event wakes those who stand there. A wakened task tests again what it waited
//   for.
//
// Source: kernel/fork.c, kernel/exit.c, kernel/sched/, fs/exec.c, fs/binfmt_elf.c of Linux 6.1.

public import AddressSpaces
import Arm64
public import BoardFormat
public import Files
public import KernelHeap
public import KernelLayout
public import MemoryTypes
public import PageFrames

/// Everything the kernel knows, as one word: the address of the ``KernelStore``.
///
/// Its methods never take the store `inout`: they may switch to another task and come back to a
/// changed store.
@safe public struct KernelState<B: Processor>: BitwiseCopyable {
  public let store: KernelPointer<KernelStore<B>>

  @inlinable public init(store: KernelPointer<KernelStore<B>>) { self.store = store }

  @inlinable public var board: B { store.pointee.board }
  @inlinable public var layout: KernelLayout { store.pointee.layout }
  @inlinable public var frames: KernelPointer<FrameAllocator<B>> { store.pointee.frames }
  @inlinable public var slab: KernelPointer<SlabAllocator<B>> { store.pointee.slab }
  @inlinable public var vmalloc: KernelPointer<VMAllocator<B>> { store.pointee.vmalloc }
  @inlinable public var files: KernelPointer<FileSystem<B>> { store.pointee.files }
  @inlinable public var memory: KernelPointer<MemoryContext<B>> { store.pointee.memory }
  @inlinable public var statistics: KernelPointer<Statistics> { store.pointee.statistics }

  /// The task that has the CPU.
  @inlinable public var current: KernelPointer<Task<B>> { store.pointee.current }
  /// The thread of process 1, and process 1.
  @inlinable public var initTask: KernelPointer<Task<B>> { store.pointee.initTask }
  public var initProcess: KernelPointer<Process<B>> { store.pointee.initTask.pointee.process }
}

/// The one instance of all that tasks share; lives in RAM for ever.
@safe public struct KernelStore<B: Processor>: ~Copyable {
  let resident = Resident()
  public let board: B
  public let header: BoardHeader
  public let layout: KernelLayout
  public let frames: KernelPointer<FrameAllocator<B>>
  public let slab: KernelPointer<SlabAllocator<B>>
  public let vmalloc: KernelPointer<VMAllocator<B>>
  public let files: KernelPointer<FileSystem<B>>
  public let memory: KernelPointer<MemoryContext<B>>
  public let statistics: KernelPointer<Statistics>
  public let vdso: VDSOImage
  public let capabilities: HardwareCapabilities
  /// The same for 32-bit programs, and their pages; none where they cannot run.
  public let compatCapabilities: HardwareCapabilities
  public let compat: CompatPages?
  /// Where the vdso's code makes the call that ends a handler; 0 if nowhere.
  let signalReturn: ByteCount

  public internal(set) var current: KernelPointer<Task<B>>
  public internal(set) var initTask: KernelPointer<Task<B>>
  /// Stacks of tasks that ended (`cached_stacks`); each CPU would have its own.
  var cachedStacks: InlineArray<2, KernelStack?> = .init(repeating: nil)
  /// The process that `run` was asked for, while it lives.
  public internal(set) var firstProgram: KernelPointer<Process<B>>?
  /// All processes, oldest first.
  var processes = LinkedList<Process<B>>()
  public var firstProcess: KernelPointer<Process<B>>? { processes.first }
  /// Threads of all processes, and processes, that are not released.
  public internal(set) var taskCount = 0
  public internal(set) var processCount = 0
  var posixTimers = PosixTimerTable<B>()
  /// What the time of day is ahead of the machine's clock, in nanoseconds, and International Atomic
  /// Time of that, in seconds.
  public internal(set) var realtimeOffset: UInt64
  public var atomicTimeOffset: Int32 = 0
  /// What adjtimex was told (kernel/time/ntp.c): nothing obeys it.
  public var clockDiscipline = ClockDiscipline()
  /// What programs call the machine and its domain (`init_uts_ns`), and where cores would go.
  public var names = SystemNames()
  /// The files that are about signals, and about processes.
  var signalFiles: KernelPointer<TaskFile<B>>?
  var processFiles: KernelPointer<TaskFile<B>>?
  /// Whether any process ever asked for the orphans below it.
  var hasSubreapers = false
  var numbers = PIDTable<B>()
  /// Accounts by the lowest bits of the user.
  var users = InlineArray<64, KernelPointer<UserAccount>?>(repeating: nil)
  /// A task that released itself, until another has the CPU.
  public internal(set) var deadTask: KernelPointer<Task<B>>?
  /// Who waits for what, and until when.
  let waiters: WaitTable<B>
  public internal(set) var deadlines = DeadlineQueue()
  /// When the timer interrupts the program that runs, `.max` for never; when its slice ends.
  var timerMoment = UInt64.max
  /// Whether that is no later than the end of a slice, as it must be while others wait for the CPU.
  var isSliceTimed = false
  var sliceEnd: UInt64 = 0
  let sliceTicks: UInt64
  /// The space whose tables the user half is translated by.
  public internal(set) var loadedSpace: KernelPointer<AddressSpace<B>>?
  /// The tasks that could run, in the order in which they will.
  var queueHead: KernelPointer<Task<B>>?
  var queueTail: KernelPointer<Task<B>>?
  var realtime = RealtimeState()
  var kernelTasks = KernelTasks<B>()
  /// What the out-of-memory rule keeps between kills.
  var outOfMemory = OutOfMemoryRecords()
  let caches: TaskCaches<B>
  /// Two buffers of PATH_MAX bytes for paths of system calls.
  ///
  /// Only the call that runs uses them,
  /// and not across anything that waits.
  public let pathBuffers: PageFrameNumber
  /// RLIMIT_NPROC and RLIMIT_SIGPENDING: half of what fits (kernel/fork.c:fork_init()).
  public let maximumThreads: UInt64
  public internal(set) var forks: UInt64 = 0
  /// What has gone wrong in the kernel, as `kernel.tainted` says it.
  public var taint: UInt64 = 0
  /// What programs changed the settings of `/proc/sys` by that live nowhere else.
  ///
  /// The difference from the initial value, numbered by ProcFS. A word each: no lock is needed.
  public var settings = InlineArray<160, Int64>(repeating: 0)
  /// All control groups, and the one that the first program starts in, nil for the top.
  var controlGroups = ControlGroupTable()
  var firstGroup: KernelPointer<ControlGroup>?
  /// How much time all tasks lost because memory was short.
  var pressure = Pressure()
  /// What was reclaimed, by why; who lost pages by it; when the next sample of memory is due.
  var reclaims = ReclaimAccounts()
  var losers = MemoryLosers()
  var timeline = Deadline(.timeline)
  /// System V semaphores and message queues; nil before their first use.
  public internal(set) var semaphores: KernelPointer<SemaphoreSets<B>>?
  public internal(set) var messages: KernelPointer<MessageQueues<B>>?
  public var interprocessLimits = InterprocessLimits()
  /// Where exec moves what it places, with `--aslr`.
  var layoutRandomness = LayoutRandomness(seed: 0)
  public internal(set) var contextSwitches: UInt64 = 0
  /// Instructions executed before its first one.
  public internal(set) var programStart = InstructionCounts(user: 0, kernel: 0)
  /// How the first program ended, once it has.
  public internal(set) var end = EndRecord(reason: .notStarted, status: 0)
  /// What loads modules; nil on a board that cannot.
  public var modules: ModuleDoor?
  /// Called when the first program has ended and still has all its memory.
  var beforeTeardown: ((KernelState<B>, KernelPointer<Task<B>>) -> Void)?
}

/// The kernel's code and data for programs: consecutive frames of an ELF image, and of its data.
public struct VDSOImage: BitwiseCopyable, Sendable {
  public var code: PageFrameNumber
  public var codePages: PageCount
  public var data: PageFrameNumber
  /// Pages of `[vvar]`: two, of which the second (time namespaces) is never there.
  public var dataPages: PageCount

  public init(
    code: PageFrameNumber, codePages: PageCount, data: PageFrameNumber, dataPages: PageCount
  ) {
    self.code = code
    self.codePages = codePages
    self.data = data
    self.dataPages = dataPages
  }
}
