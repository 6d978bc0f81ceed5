package import HardwareModel
package import MemoryTraces
package import MemoryTypes
package import TraceFiles

/// What a replay counted.
package struct ReplayResult: Sendable {
  /// How the kernel's part came about.
  package enum Kernel: String, Sendable {
    /// Its accesses and its tables are the recorded ones.
    case recorded
    /// Its libraries served the faults; what that costs in caches and TLBs is not modelled.
    case served
  }

  package var kernel: Kernel
  package var counters = Counters()
  /// By the programs and by the kernel.
  package var instructions: (user: UInt64, kernel: UInt64) = (0, 0)
  package var accesses: UInt64 = 0
  /// Accesses of the kernel half, in traces of others: there is no kernel that they could meet.
  package var skipped: UInt64 = 0
  /// Accesses that the recorded tables do not allow, as beside the machine.
  package var unserved: UInt64 = 0
  package var systemCalls: UInt64 = 0
  package var switches: UInt64 = 0
  package var gaps: UInt64 = 0
  /// Where the kernel's libraries served.
  package var faults: UInt64 = 0
  /// Those of them that had to wait for swap.
  package var majorFaults: UInt64 = 0
  /// Pages that went to swap, and pages that came back.
  package var swapped: (out: UInt64, back: UInt64) = (0, 0)
  /// What the processes had at most, where the kernel's libraries served.
  package var resident = ByteCount.zero
  package var tables = ByteCount.zero
  package var processes = 0
  package var traces: [Trace] = []
  /// Why it ended before the traces did.
  package var failure: TraceError?
  /// Whether somebody ended it.
  package var isInterrupted = false

  package init(kernel: Kernel) { self.kernel = kernel }

  /// One of the traces.
  package struct Trace: Sendable {
    package var path: String
    package var nature: MemoryTraceNature
    package var facts: [TraceFact]
    /// The number of the first access that was asked for.
    package var first: UInt64 = 0
    package var accesses: UInt64 = 0
  }

  /// Whether it is not all that was asked for.
  package var isPartial: Bool { failure != nil || isInterrupted }

  /// Whether some of the programs' accesses are all that it has.
  package var isSampled: Bool { traces.contains { $0.nature.isSampled } }
}
