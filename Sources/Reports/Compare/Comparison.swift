import Arm64
import BoardFormat
import Cores
package import HardwareModel
import Machine
import MemoryTypes
package import Observation
import TraceReplay

/// A program or traces on several machines, a column each, and what differs.
package struct Comparison {
  package var command: [String]
  package var columns: [Column]
  /// What a reader has to know of all columns.
  package var notes: [String]

  package init(command: [String], columns: [Column], notes: [String] = []) {
    self.command = command
    self.columns = columns
    self.notes = notes
  }

  /// One machine, and how the program did on it.
  package struct Column: Sendable {
    /// The options in which the columns differ, with this column's words.
    package var words: [Word]
    package var outcome: Outcome
    /// What the hardware did; nil where nobody observed it.
    package var hardware: Hardware?

    package init(words: [Word], outcome: Outcome, hardware: Hardware? = nil) {
      self.words = words
      self.outcome = outcome
      self.hardware = hardware
    }

    /// Whether it came to its end.
    var isWhole: Bool {
      switch outcome {
      case .ran: true
      case .replayed(let replay): !replay.result.isPartial
      case .failed: false
      }
    }

    /// Traces that were played.
    package init(words: [Word], _ replay: TraceReplayReport) {
      self.init(words: words, outcome: .replayed(replay), hardware: Hardware(replay))
    }
  }

  /// A machine's option and its value.
  package struct Word: Equatable, Sendable {
    package var option: String
    package var value: String

    package init(option: String, value: String) {
      self.option = option
      self.value = value
    }
  }

  /// What the model of a column's core counted.
  package struct Hardware: Sendable {
    package var counters: Counters
    /// The same in cycles; nil where the core's file has no latencies.
    package var cycles: CycleEstimate?
    /// Whether the kernel's own accesses are among them.
    package var hasKernel = true

    /// Of an observed run.
    package init(_ observation: Observation, _ report: RunReport) {
      counters = observation.counters
      let statistics = report.result.statistics
      cycles = report.machine.core.hardware.map { hardware in
        CycleEstimate(
          observation.counters, hardware.latencies,
          hasSharedTLB: hardware.geometry.sharedTLB != nil,
          userInstructions: statistics?.userInstructions ?? 0,
          kernelInstructions: statistics?.kernelInstructions ?? 0)
      }
    }

    /// Of a replay.
    init(_ replay: TraceReplayReport) {
      counters = replay.result.counters
      cycles = replay.cycles
      hasKernel = replay.result.kernel == .recorded
    }
  }

  package enum Outcome: Sendable {
    case ran(RunReport)
    case replayed(TraceReplayReport)
    /// Why there is nothing to compare.
    case failed(String)
  }

  /// A figure of every column.
  struct Row {
    var name: String
    /// The name in JSON and CSV.
    var key: String
    var unit: Unit
    var values: [Double?]
    /// The columns that came to no end: they compare with nothing.
    var partial: Set<Int> = []

    enum Unit: String { case bytes, count, percent, rate }

    /// The least, where columns differ: less is better in every row.
    var best: Double? {
      let known = values.indices.filter { !partial.contains($0) }.compactMap { values[$0] }
      guard known.count > 1, let least = known.min(), least != known.max() else { return nil }
      return least
    }
  }

  /// The figures; what a column does not have is nil.
  var rows: [Row] {
    let measures = columns.map(\.measures)
    func row(_ name: String, _ key: String, _ unit: Row.Unit, _ value: (Measures) -> UInt64?) -> Row
    {
      Row(
        name: name, key: key, unit: unit,
        values: measures.map { $0.flatMap(value).map { Double($0) } })
    }
    var rows = [
      row("resident at most", "peakResident", .bytes) { $0.peakResident },
      row("  anonymous", "residentAnonymous", .bytes) { $0.residentAnonymous },
      row("  file", "residentFile", .bytes) { $0.residentFile },
      row("page tables", "pageTables", .bytes) { $0.pageTables },
      row("minor faults", "minorFaults", .count) { $0.minorFaults },
      row("major faults", "majorFaults", .count) { $0.majorFaults },
      row("user instructions", "userInstructions", .count) { $0.userInstructions },
      row("kernel instructions", "kernelInstructions", .count) { $0.kernelInstructions },
    ]
    rows.insert(fragmentation(rows[0]), at: 1)
    rows.append(
      Row(
        name: "kernel share", key: "kernelShare", unit: .percent,
        values: measures.map { measures in
          guard let user = measures?.userInstructions, let kernel = measures?.kernelInstructions
          else { return nil }
          return user + kernel == 0 ? 0 : Double(kernel) * 100 / Double(user + kernel)
        }))
    let partial = Set(
      columns.indices.filter { columns[$0].measures != nil && !columns[$0].isWhole })
    return (rows + hardwareRows).map { row in
      var row = row
      row.partial = partial
      return row
    }
  }

  /// What the hardware did, where it was observed.
  private var hardwareRows: [Row] {
    guard columns.contains(where: { $0.hardware != nil }) else { return [] }
    func row(
      _ name: String, _ key: String, _ unit: Row.Unit, _ value: (Hardware) -> Double?
    ) -> Row {
      Row(name: name, key: key, unit: unit, values: columns.map { $0.hardware.flatMap(value) })
    }
    /// Of each thousand instructions.
    func rate(_ name: String, _ key: String, _ counter: (AccessKind, Privilege) -> Counter) -> Row {
      Row(
        name: name, key: key, unit: .rate,
        values: columns.map { column in
          guard let hardware = column.hardware, let user = column.measures?.userInstructions else {
            return nil
          }
          let all = user + (column.measures?.kernelInstructions ?? 0)
          return all == 0 ? 0 : Double(hardware.sum(counter)) * 1000 / Double(all)
        })
    }
    return [
      rate("TLB misses per 1000", "tlbMissesPerThousand") { .tlbMisses($0, $1) },
      rate("walks per 1000", "walksPerThousand") { .walks($0, $1) },
      row("L1 misses", "firstMisses", .count) { hardware in
        let levels: [ServedBy] = [.second, .last, .memory]
        return Double(
          levels.reduce(0) { sum, level in sum + hardware.sum { .served($0, $1, level) } })
      },
      row("lines from memory", "memoryLines", .count) { hardware in
        Double(hardware.sum { .served($0, $1, .memory) })
      },
      row("estimated cycles", "cycles", .count) { $0.cycles.map { $0.total.rounded() } },
      row("  of TLBs", "tlbCycles", .count) { hardware in
        hardware.cycles.map { ($0.user.tlb + $0.kernel.tlb).rounded() }
      },
      row("  of walks", "walkCycles", .count) { hardware in
        hardware.cycles.map { ($0.user.walk + $0.kernel.walk).rounded() }
      },
      row("  of caches", "cacheCycles", .count) { hardware in
        hardware.cycles.map { ($0.user.cache + $0.kernel.cache).rounded() }
      },
      row("  of the kernel", "kernelCycles", .count) { hardware in
        hardware.hasKernel ? hardware.cycles.map { $0.kernel.total.rounded() } : nil
      },
    ]
  }

  /// What larger pages hold that nobody asked for.
  ///
  /// It is the resident memory that the column with the least of it did without; that column's own
  /// is not seen.
  private func fragmentation(_ resident: Row) -> Row {
    let least = resident.values.compactMap(\.self).min() ?? 0
    return Row(
      name: "  internal fragmentation", key: "internalFragmentation", unit: .bytes,
      values: resident.values.map { $0.map { $0 - least } })
  }

  /// Whether every column came to its end.
  package var isWhole: Bool {
    columns.allSatisfy(\.isWhole)
  }

  /// Why all columns failed, where that is the same: there is nothing to show.
  package var commonFailure: String? {
    var reasons: Set<String> = []
    for column in columns {
      guard case .failed(let why) = column.outcome else { return nil }
      reasons.insert(why)
    }
    return reasons.count == 1 ? reasons.first : nil
  }

  /// How columns are called in a list: their words.
  func name(of column: Column) -> String {
    column.words.isEmpty ? "-" : column.words.map(\.value).joined(separator: " ")
  }
}

extension Comparison.Hardware {
  /// A count of all kinds and both privileges.
  fileprivate func sum(_ counter: (AccessKind, Privilege) -> Counter) -> UInt64 {
    var sum: UInt64 = 0
    for kind in AccessKind.allCases {
      sum += counters[counter(kind, .user)] + counters[counter(kind, .kernel)]
    }
    return sum
  }
}
