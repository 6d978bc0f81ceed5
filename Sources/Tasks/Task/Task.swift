public import AddressSpaces
public import Arm64
public import Files
public import MemoryTypes
import PageFrames

/// One process: Linux's `task_struct` with the parts of `signal_struct` and `fs_struct` that a
/// process of one thread needs.
///
/// A task is a slab object with one frame block for its kernel stack. Who owns what:
///
/// | field | owner, life |
/// |---|---|
/// | `memory.space` | a reference, dropped at exit or by exec |
/// | `files` | a reference of the table, dropped at exit |
/// | `workingDirectory`, `executable` | a reference each, dropped at exit |
/// | `kernelStack` | the task; freed with it by whoever reaps it |
/// | family links | ``KernelState``: a child is in its parent's list until it is reaped |
/// | queue links | the scheduler, while `state` is `.runnable` |
///
/// Invariant: a task that is not running has its registers in `switched`, `vectors` and
/// `threadPointer`; the one that runs has them in the CPU.
@safe public struct Task<B: Processor>: ~Copyable {
  let resident = Resident()
  /// The process's number, and its thread group's, which is the same as long as there are no
  /// threads.
  public let pid: Int32
  public var threadGroup: Int32 { pid }
  /// The name that `/proc` shows: 15 bytes and a zero (TASK_COMM_LEN).
  public var name: TaskName

  /// The address space, fault counts, and the limits that its `memory.limits` points at.
  public var memory: TaskMemory<B>
  public var limits: ResourceLimits

  /// The registers of the program, at the top of the kernel stack.
  public let context: KernelPointer<UserContext>
  public let kernelStack: PageFrameNumber
  /// The rest of the registers, while it does not run.
  public var switched = SwitchedContext()
  public var vectors = VectorState()
  public var threadPointer: UInt64 = 0

  /// The open files by number; nil for process 1 and for a zombie.
  public internal(set) var files: KernelPointer<FileDescriptorTable>?
  /// The folder that relative paths begin at.
  public var workingDirectory: KernelPointer<Dentry>?
  /// The program it runs (`/proc/PID/exe`).
  public internal(set) var executable: KernelPointer<OpenFile>?
  /// The permission bits that new files do not get.
  public var umask: UInt32 = 0o022
  public var credentials = Credentials()

  public internal(set) var state: TaskState = .runnable
  /// How it ended, as wait4 reports it; meaningful once `state` is `.zombie`.
  public internal(set) var exit = ExitStatus.exited(0)
  /// What it waits for while `.blocked`, and until when; see the scheduler.
  var waiting = WaitChannel.none
  var deadline: UInt64?
  var queueNext: KernelPointer<Task<B>>?

  public var actions = SignalActions()
  public var blocked = SignalSet()
  public internal(set) var pending = SignalSet()
  public var signalStack = SignalStack()
  /// The mask to go back to after a call that waits with another.
  var savedMask: SignalSet?
  /// The first argument of a call that a signal interrupted, while it may be made again.
  var restartArgument: UInt64?
  /// Of the signals pending: who sent them.
  var origins = InlineArray<64, SignalOrigin>(repeating: SignalOrigin())
  /// How the child ended that SIGCHLD was last sent for, as `si_status` says it.
  var childStatus: UInt32 = 0
  /// Whether something must be looked at before the program goes on: a pending signal.
  public internal(set) var needsAttention = false
  /// Whether the out-of-memory rule chose it.
  public internal(set) var isOutOfMemoryVictim = false

  public internal(set) var parent: KernelPointer<Task<B>>?
  public internal(set) var firstChild: KernelPointer<Task<B>>?
  public internal(set) var nextSibling: KernelPointer<Task<B>>?
  /// All tasks, in the order they were made.
  public internal(set) var nextTask: KernelPointer<Task<B>>?
  var previousTask: KernelPointer<Task<B>>?
  /// The parent that sleeps until this child has its own memory or has ended (CLONE_VFORK).
  var vforkParent: KernelPointer<Task<B>>?
  /// Where a zero is stored when it ends (CLONE_CHILD_CLEARTID, set_tid_address).
  public var clearOnExit: UInt64 = 0
  public var robustList: UInt64 = 0

  /// When it began, and what it has executed up to `accountedAt`.
  public internal(set) var startTime: MachineTime
  public internal(set) var executed = InstructionCounts(user: 0, kernel: 0)
  var accountedAt = InstructionCounts(user: 0, kernel: 0)
  /// The same, and the faults, of its children that were waited for.
  public internal(set) var childrenExecuted = InstructionCounts(user: 0, kernel: 0)
  public internal(set) var childrenMinorFaults: UInt64 = 0
  public internal(set) var childrenMajorFaults: UInt64 = 0
  public internal(set) var voluntarySwitches: UInt64 = 0
  public internal(set) var peakResident: UInt64 = 0

  init(
    pid: Int32, name: TaskName, memory: TaskMemory<B>, limits: ResourceLimits,
    context: KernelPointer<UserContext>, kernelStack: PageFrameNumber, startTime: MachineTime
  ) {
    self.pid = pid
    self.name = name
    self.memory = memory
    self.limits = limits
    self.context = context
    self.kernelStack = kernelStack
    self.startTime = startTime
  }
}

/// Whether a task has the CPU, could use it, or not (the letters of `/proc/PID/stat`).
public enum TaskState: UInt8, BitwiseCopyable, Sendable {
  case runnable  // R
  case blocked  // S
  case zombie  // Z

  /// The letter that `/proc` shows.
  public var letter: UInt8 {
    switch self {
    case .runnable: 0x52
    case .blocked: 0x53
    case .zombie: 0x5A
    }
  }
}

/// How a process ended.
public enum ExitStatus: BitwiseCopyable, Hashable, Sendable {
  case exited(UInt8)
  case signalled(Signal)

  /// The number that wait4 stores.
  public var waitStatus: UInt32 {
    switch self {
    case .exited(let code): UInt32(code) &<< 8
    case .signalled(let signal): signal.rawValue
    }
  }
}

/// Users and groups.
///
/// There is one user, 0, until programs may change it.
public struct Credentials: BitwiseCopyable, Sendable {
  public var user: UInt32 = 0
  public var effectiveUser: UInt32 = 0
  public var savedUser: UInt32 = 0
  public var group: UInt32 = 0
  public var effectiveGroup: UInt32 = 0
  public var savedGroup: UInt32 = 0

  public init() {}
}

/// A task's name: at most 15 bytes, the rest zeros.
public struct TaskName: BitwiseCopyable, Sendable {
  public internal(set) var bytes: InlineArray<16, UInt8> = .init(repeating: 0)

  /// The last component of a path, or a name as given, cut at 15 bytes (`__set_task_comm()`).
  public init(_ path: ByteString) {
    var start = 0
    for index in 0..<path.count where path[index] == 0x2f { start = index &+ 1 }
    self.init(exactly: path[start..<path.count])
  }

  /// The first 15 bytes, up to a zero.
  public init(exactly name: ByteString) {
    for index in 0..<min(15, name.count) {
      if name[index] == 0 { break }
      bytes[index] = name[index]
    }
  }

  /// The bytes as `prctl` exchanges them; the last is a zero.
  public init(bytes: InlineArray<16, UInt8>) {
    self.bytes = bytes
    self.bytes[15] = 0
  }

  /// The sixteen bytes as two words.
  public var words: (UInt64, UInt64) {
    var words: (UInt64, UInt64) = (0, 0)
    for index in 0..<8 {
      words.0 |= UInt64(bytes[index]) &<< UInt64(8 &* index)
      words.1 |= UInt64(bytes[index &+ 8]) &<< UInt64(8 &* index)
    }
    return words
  }

  /// The bytes before the zeros.
  public var count: Int {
    var count = 0
    while count < 16 && bytes[count] != 0 { count &+= 1 }
    return count
  }
}

/// What a blocked task waits for: an event's kind, and the object it happens to.
struct WaitChannel: BitwiseCopyable, Hashable {
  enum Kind: UInt8, BitwiseCopyable { case none, child, vfork, sleep, pipe, console }
  var kind: Kind
  var object: UInt

  static let none = WaitChannel(kind: .none, object: 0)
}
