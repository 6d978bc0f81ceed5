public import AddressSpaces
public import Arm64
public import Files
public import MemoryTypes

/// A program that runs: Linux's `signal_struct`, which is what the threads of a thread group have
/// in common and do not share with others.
///
/// Terms, as Linux has them: a *process* is a thread group. Its number (`tgid`) is the number of
/// its *leader*, the thread it began with. The leader stays until all others have gone: a leader
/// that ends first is a zombie that nobody can wait for yet. When the last thread has ended, the
/// process is a zombie of which its parent may learn how it ended.
///
/// Where things are:
///
/// - one thread: ``Task``; `firstThread` and ``Task/nextThread`` are all that have not been
///   released;
/// - handlers, which processes may share (CLONE_SIGHAND): ``SignalHandlerTable``;
/// - working folder and umask (CLONE_FS): ``FolderState``; open files (CLONE_FILES):
///   ``Files/FileDescriptorTable``; memory (CLONE_VM): ``AddressSpaces/AddressSpace``;
/// - numbers, and the process groups and sessions that they name: ``PID``.
///
/// | field | owner, life |
/// |---|---|
/// | `references` | one for each ``Task`` that is not freed; the last takes the process along |
/// | `executable` | a reference, dropped when the last thread ends, exchanged by exec |
/// | places in the family | a child is in its parent's list until it is released |
/// | places in group and session | ``PID``: until it is released |
///
/// Invariants:
///
///     threadCount == number of tasks in the list of threads
///     liveThreads == number of those that have not begun to end
///
/// With several CPUs the lock of the handler table guards signals and group exit (`siglock`), the
/// list's lock (`tasklist_lock`) all links.
@safe public struct Process<B: Processor>: ~Copyable {
  let resident = Resident()
  /// The number: its leader's (`tgid`).
  public internal(set) var id: Int32
  /// The tasks that point here.
  var references: Int = 0

  public internal(set) var leader: KernelPointer<Task<B>>
  /// The threads that are not released, in the order they were made.
  var threads = LinkedList<Task<B>>()
  public var firstThread: KernelPointer<Task<B>>? { threads.first }
  /// Threads that are not released (`nr_threads`), and those that have not begun to end (`live`).
  public internal(set) var threadCount = 0
  public internal(set) var liveThreads = 0

  /// Its place among all processes, in the order they were made.
  var place = ListLinks<Process<B>>()
  public var nextProcess: KernelPointer<Process<B>>? { place.next }

  public internal(set) var parent: KernelPointer<Process<B>>?
  /// The children, oldest first, and its place among its parent's.
  var children = LinkedList<Process<B>>()
  var siblingPlace = ListLinks<Process<B>>()

  /// The process group and the session, and the places in them.
  public internal(set) var group: KernelPointer<PID<B>>?
  public internal(set) var session: KernelPointer<PID<B>>?
  /// Whether it has founded its session (setsid).
  public var isSessionLeader = false
  var groupPlace = ListLinks<Process<B>>()
  var sessionPlace = ListLinks<Process<B>>()
  public var nextInGroup: KernelPointer<Process<B>>? { groupPlace.next }

  public var limits: ResourceLimits
  /// The program it runs (`/proc/PID/exe`).
  public internal(set) var executable: KernelPointer<OpenFile>?
  /// Whether it has called exec since it was made (PF_FORKNOEXEC is clear).
  public internal(set) var hasExecuted = false

  /// The signals sent to the process: a thread that does not block one takes it.
  public internal(set) var pending = PendingSignals()
  /// The thread that took one last: whom to ask first (`curr_target`).
  var currentTarget: KernelPointer<Task<B>>?
  /// Whether it is stopped or continued, and whom that was told.
  var stop = StopState()
  /// ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF.
  var timers = IntervalTimers()
  /// The timers that it made, how many run on executed time, and the next number to try.
  var posixTimers = LinkedList<PosixTimer<B>>()
  var cpuTimerCount = 0
  var nextTimer: Int32 = 0
  /// Whether orphans among its descendants become its children (PR_SET_CHILD_SUBREAPER).
  public var isSubreaper = false
  /// The signal that the parent gets at the end (clone's CSIGNAL); not valid for none.
  public internal(set) var exitSignal = Signal.child

  /// How all threads are to end, once that is settled (SIGNAL_GROUP_EXIT).
  public internal(set) var groupExit: ExitStatus?
  /// The thread that runs a new program and waits for the others to end (`group_exec_task`).
  var execTask: KernelPointer<Task<B>>?
  /// Where a fatal signal struck: for the report of the first program.
  var endAddress: UInt64 = 0
  var endCounter: UInt64 = 0

  /// Whether the out-of-memory rule chose it.
  public internal(set) var isOutOfMemoryVictim = false
  /// Whether it does what takes memory from others, so that it is chosen first
  /// (`oom_flag_origin`).
  var isOutOfMemoryOrigin = false
  /// What a program adds to its own badness, -1000 to 1000 (`/proc/PID/oom_score_adj`).
  public var oomScoreAdjustment: Int32 = 0
  /// The least that it may set that to without privilege (`oom_score_adj_min`).
  public var oomScoreAdjustmentMinimum: Int32 = 0
  /// Which areas a core dump would hold (`/proc/PID/coredump_filter`).
  public var coredumpFilter: UInt32 = 0x23

  /// What threads that are released have executed, faulted and waited.
  var deadExecuted = InstructionCounts(user: 0, kernel: 0)
  var deadMinorFaults: UInt64 = 0
  var deadMajorFaults: UInt64 = 0
  var deadVoluntarySwitches: UInt64 = 0
  var deadInvoluntarySwitches: UInt64 = 0
  /// The most pages that were ever resident in spaces it has left.
  public internal(set) var peakResident: UInt64 = 0
  /// The same of its children that were waited for, and of theirs.
  public internal(set) var childrensUsage = UsageCounts()

  /// When it began.
  public internal(set) var startTime: MachineTime

  init(
    id: Int32, leader: KernelPointer<Task<B>>, limits: ResourceLimits, startTime: MachineTime
  ) {
    self.id = id
    self.leader = leader
    self.limits = limits
    self.startTime = startTime
  }

  /// How the process ended, once its leader is a zombie and alone (wait_task_zombie()).
  public var exitStatus: ExitStatus { groupExit ?? leader.pointee.exit }

  /// Whether a parent may take it: its last thread has ended.
  public var isZombie: Bool { leader.pointee.state == .zombie && threadCount == 1 }

  /// The numbers of group and session; 0 for process 1's.
  public var groupNumber: Int32 { group?.pointee.number ?? 0 }
  public var sessionNumber: Int32 { session?.pointee.number ?? 0 }
}
