import AddressSpaces
import MemoryTypes

/// What getrusage and wait4 tell of a process, or of many.
public struct UsageCounts: BitwiseCopyable, Sendable {
  public var executed = InstructionCounts(user: 0, kernel: 0)
  public var minorFaults: UInt64 = 0
  public var majorFaults: UInt64 = 0
  public var voluntarySwitches: UInt64 = 0
  public var involuntarySwitches: UInt64 = 0
  /// The most pages that were ever resident.
  public var peakResident: UInt64 = 0

  public init() {}

  /// Adds others' figures; of the peaks the larger counts.
  mutating func add(_ other: UsageCounts) {
    executed.user &+= other.executed.user
    executed.kernel &+= other.executed.kernel
    minorFaults &+= other.minorFaults
    majorFaults &+= other.majorFaults
    voluntarySwitches &+= other.voluntarySwitches
    involuntarySwitches &+= other.involuntarySwitches
    peakResident = max(peakResident, other.peakResident)
  }
}

extension Process {
  /// What the process has used: its threads, those that have gone among them
  /// (kernel/sys.c:getrusage() with RUSAGE_SELF).
  public var usage: UsageCounts {
    var usage = UsageCounts()
    usage.executed = deadExecuted
    usage.minorFaults = deadMinorFaults
    usage.majorFaults = deadMajorFaults
    usage.voluntarySwitches = deadVoluntarySwitches
    usage.involuntarySwitches = deadInvoluntarySwitches
    usage.peakResident = peakResident
    var next = firstThread
    while let thread = next {
      usage.add(thread.pointee.usage)
      next = thread.pointee.nextThread
    }
    return usage
  }

  /// Keeps the figures of a thread that is released (kernel/exit.c:__exit_signal()).
  mutating func keepUsage(of thread: KernelPointer<Task<B>>) {
    let usage = thread.pointee.usage
    deadExecuted.user &+= usage.executed.user
    deadExecuted.kernel &+= usage.executed.kernel
    deadMinorFaults &+= usage.minorFaults
    deadMajorFaults &+= usage.majorFaults
    deadVoluntarySwitches &+= usage.voluntarySwitches
    deadInvoluntarySwitches &+= usage.involuntarySwitches
  }
}

extension Task {
  /// What the thread has used (RUSAGE_THREAD); of the one that runs, up to when it was last
  /// charged.
  public var usage: UsageCounts {
    var usage = UsageCounts()
    usage.executed = executed
    usage.minorFaults = memory.minorFaults
    usage.majorFaults = memory.majorFaults
    usage.voluntarySwitches = voluntarySwitches
    usage.involuntarySwitches = involuntarySwitches
    return usage
  }
}
