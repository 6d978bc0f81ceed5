public import AddressSpaces
public import Arm64
public import Files
public import MemoryTypes
import PageFrames

/// One thread: Linux's `task_struct`.
///
/// What the threads of a program have in common is its ``Process``.
///
/// A task is a slab object with a kernel stack of its own. Who owns what:
///
/// | field | owner, life |
/// |---|---|
/// | `process` | a reference, dropped when the task is freed |
/// | `number` | the task stands in it (``PID``) until it is released |
/// | `memory.space` | a reference (CLONE_VM), dropped at exit or by exec |
/// | `files` | a reference of the table (CLONE_FILES), dropped at exit |
/// | `folders` | a reference (CLONE_FS), dropped at exit |
/// | `handlers` | a reference (CLONE_SIGHAND), dropped when the task is freed |
/// | `kernelStack` | the task; freed with it |
/// | thread links | its process, until the task is released |
/// | queue links | the scheduler, while `state` is `.runnable` |
///
/// Invariant: a task that is not running has its registers in `switched`, `vectors` and
/// `threadPointer`; the one that runs has them in the CPU.
///
/// With several CPUs, the run queue's lock would guard `state` and the queue links, the handler
/// table's lock `pending` and `blocked`, and everything else belongs to the thread itself.
@safe public struct Task<B: Processor>: ~Copyable {
  let resident = Resident()
  /// The thread's number (gettid); exec by another thread than the leader takes the leader's.
  public internal(set) var pid: Int32
  public internal(set) var number: KernelPointer<PID<B>>
  /// The number of the process (getpid): that of its leader.
  public let threadGroup: Int32
  public let process: KernelPointer<Process<B>>
  /// Its place among the threads of the process.
  var threadPlace = ListLinks<Task<B>>()
  /// The thread of the process that was made after it.
  public var nextThread: KernelPointer<Task<B>>? { threadPlace.next }
  /// The name that `/proc` shows: 15 bytes and a zero (TASK_COMM_LEN).
  public var name: TaskName

  /// The address space and the fault counts; its `memory.limits` points at the process's.
  public var memory: TaskMemory<B>

  /// The tables that it found when it last got the CPU, if it has no space of its own
  /// (`active_mm`).
  public internal(set) var borrowed: BorrowedTables?

  /// What it does if it is the kernel's own; nil for a program's.
  var kernelWork: KernelTask?

  /// The registers of the program, at the top of the kernel stack.
  public let context: KernelPointer<UserContext>
  public let kernelStack: KernelStack
  /// The rest of the registers, while it does not run.
  public var switched = SwitchedContext()
  public var vectors = VectorState()
  public var threadPointer: UInt64 = 0
  /// What a 32-bit program calls its thread pointer (TPIDRRO_EL0, which is TPIDRURO there).
  public var readOnlyThreadPointer: UInt64 = 0

  /// The control group that it is in; nil for the top's.
  public internal(set) var controlGroup: KernelPointer<ControlGroup>?

  /// The open files by number; nil for process 1 and for what has ended.
  public internal(set) var files: KernelPointer<FileDescriptorTable>?
  /// Working folder and umask; nil for process 1 and for what has ended.
  public internal(set) var folders: KernelPointer<FolderState>?
  /// The signal handlers.
  public internal(set) var handlers: KernelPointer<SignalHandlerTable>
  public internal(set) var credentials = Credentials()
  public var capabilities = Capabilities()
  /// The account of its real user.
  public internal(set) var user: KernelPointer<UserAccount>
  /// Whether no program that it executes may give it privileges (PR_SET_NO_NEW_PRIVS).
  public var forbidsPrivileges = false
  /// Whether it became a user's that has too many tasks, and may not exec (PF_NPROC_EXCEEDED).
  var exceedsTasks = false

  /// What it asked the scheduler for; kept and shown, since everyone has the same turn.
  public var scheduling = SchedulingParameters()
  /// How late a timer may be, in nanoseconds, and what that was at the beginning (`timer_slack_ns`,
  /// `default_timer_slack_ns`).
  public var timerSlack: UInt64 = 50_000
  public internal(set) var defaultTimerSlack: UInt64 = 50_000
  /// What else it asked for by prctl.
  public var controls = TaskControls()

  public internal(set) var state: TaskState = .runnable
  /// Whether its end has begun (PF_EXITING).
  public internal(set) var isExiting = false
  /// How it ended; meaningful once `state` is `.zombie`.
  ///
  /// How a process ended is ``Process/exitStatus``.
  public internal(set) var exit = ExitStatus.exited(0)
  /// What it waits for while `.blocked`, and until when; see ``WaitTable``, ``DeadlineQueue``.
  var waiter = Waiter<B>()
  var deadline = Deadline(.sleep)
  /// When the memory of the process that it leads is taken, if the out-of-memory rule chose that and
  /// it has not ended by then.
  var reaper = Deadline(.reaper)
  var queueNext: KernelPointer<Task<B>>?

  public var blocked = SignalSet()
  /// The mask that a wait for signals has set aside: these end the wait, and are not lost where they
  /// would be ignored (`real_blocked`).
  var realBlocked = SignalSet()
  /// The signals sent to this thread alone.
  public internal(set) var pending = PendingSignals()
  public var signalStack = SignalStack()
  /// The mask to go back to after a call that waits with another.
  var savedMask: SignalSet?
  /// How a call that ended with ERESTART_RESTARTBLOCK goes on.
  public var restart = RestartBlock.none
  /// The address and the syndrome of the last fault that raised a signal: frames show them from then
  /// on (`thread.fault_address`, `thread.fault_code`).
  var faultAddress: UInt64 = 0
  var faultCode: UInt64 = 0
  /// Its part in stopping its process.
  var jobControl = JobControl()
  /// The signal that it gets when its parent ends (PR_SET_PDEATHSIG); not valid for none.
  public var deathSignal = Signal(rawValue: 0)
  /// What must be looked at before the program goes on; 0 for nothing.
  public var attention: UInt8 = 0
  /// Whether a signal must be, or the end of the process.
  public var needsAttention: Bool {
    @inline(__always) get { attention & 1 != 0 }
    @inline(__always) set { attention = attention & ~1 | (newValue ? 1 : 0) }
  }
  /// In `attention`: the area of restartable sequences.
  static var sequenceAttention: UInt8 { 2 }
  /// In `attention`: who waits for the CPU has a higher rank, which is no signal that ends a call.
  static var rankAttention: UInt8 { 4 }
  /// In `attention`: the memory system wants something done (``PageFrames/MemoryRequests``).
  static var memoryAttention: UInt8 { FrameAllocator<B>.attentionBit }
  var sequence = RestartableSequence()

  /// The child that it lent its memory to and waits for (CLONE_VFORK).
  var vforkChild: KernelPointer<Task<B>>?
  /// The parent that sleeps until this child has its own memory or has ended.
  var vforkParent: KernelPointer<Task<B>>?
  /// Where its number is stored when it first runs (CLONE_CHILD_SETTID); 0 for nowhere.
  var storeNumberAt: UInt64 = 0
  /// Where a zero is stored when it ends (CLONE_CHILD_CLEARTID, set_tid_address).
  public var clearOnExit: UInt64 = 0
  /// What its process gives back to semaphores at the end; threads share it.
  var undoList: KernelPointer<UndoList>?
  /// The probed functions that it is in; nil before the first.
  var probeCalls: KernelPointer<ProbeCalls>?
  /// The list of the robust futexes that it holds (set_robust_list).
  public var robustList: UInt64 = 0

  /// When it began, and what it has executed up to `accountedAt`.
  public internal(set) var startTime: MachineTime
  public internal(set) var executed = InstructionCounts(user: 0, kernel: 0)
  var accountedAt = InstructionCounts(user: 0, kernel: 0)
  public internal(set) var voluntarySwitches: UInt64 = 0
  public internal(set) var involuntarySwitches: UInt64 = 0

  init(
    number: KernelPointer<PID<B>>, process: KernelPointer<Process<B>>, name: TaskName,
    handlers: KernelPointer<SignalHandlerTable>, user: KernelPointer<UserAccount>,
    context: KernelPointer<UserContext>, kernelStack: KernelStack,
    startTime: MachineTime
  ) {
    pid = number.pointee.number
    self.number = number
    threadGroup = process.pointee.id
    self.process = process
    self.name = name
    memory = TaskMemory(space: nil, limits: Process.limitsPointer(process))
    self.handlers = handlers
    self.user = user
    self.context = context
    self.kernelStack = kernelStack
    self.startTime = startTime
  }
}
