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
  package var resident = ByteCount.zero
  package var tables = ByteCount.zero
  package var processes = 0
  package var traces: [Trace] = []
  /// Why it ended before the traces did.
  package var failure: TraceError?

  /// One of the traces.
  package struct Trace: Sendable {
    package var path: String
    package var nature: MemoryTraceNature
    package var facts: [TraceFact]
    package var accesses: UInt64 = 0
  }

  /// Whether some of the programs' accesses are all that it has.
  package var isSampled: Bool { traces.contains { $0.nature.isSampled } }
}
