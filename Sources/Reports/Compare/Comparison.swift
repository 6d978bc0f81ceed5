import Arm64
import BoardFormat
import Cores
package import HardwareModel
import Machine
import MemoryTypes
package import Observation

/// A program on several machines, a column each, and what differs.
package struct Comparison {
  package var command: [String]
  package var columns: [Column]

  package init(command: [String], columns: [Column]) {
    self.command = command
    self.columns = columns
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

    /// What there is to say of it; nil where it failed.
    var report: RunReport? {
      if case .ran(let report) = outcome { report } else { nil }
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
  }

  package enum Outcome: Sendable {
    case ran(RunReport)
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

    enum Unit: String { case bytes, count, percent, rate }

    /// The least, where columns differ: less is better in every row.
    var best: Double? {
      let known = values.compactMap(\.self)
      guard known.count > 1, let least = known.min(), least != known.max() else { return nil }
      return least
    }
  }

  /// The figures; what a column does not have is nil.
  var rows: [Row] {
    func row(
      _ name: String, _ key: String, _ unit: Row.Unit, _ value: (RunReport) -> UInt64?
    ) -> Row {
      Row(
        name: name, key: key, unit: unit,
        values: columns.map { column in column.report.flatMap(value).map { Double($0) } })
    }
    func size(_ pages: UInt64?, _ report: RunReport) -> UInt64? {
      pages.map { report.bytes($0).rawValue }
    }
    var rows = [
      row("resident at most", "peakResident", .bytes) { size($0.counts?.peakResident, $0) },
      row("  anonymous", "residentAnonymous", .bytes) { size($0.counts?.residentAnonymous, $0) },
      row("  file", "residentFile", .bytes) { size($0.counts?.residentFile, $0) },
      row("page tables", "pageTables", .bytes) { report in
        report.counts.map { _ in
          report.bytes(report.tablePages.reduce(0) { $0 + $1.pages }).rawValue
        }
      },
      row("minor faults", "minorFaults", .count) { $0.counts?.minorFaults },
      row("major faults", "majorFaults", .count) { $0.counts?.majorFaults },
      row("user instructions", "userInstructions", .count) { $0.counts?.userInstructions },
      row("kernel instructions", "kernelInstructions", .count) { $0.counts?.kernelInstructions },
    ]
    rows.insert(fragmentation(rows[0]), at: 1)
    rows.append(
      Row(
        name: "kernel share", key: "kernelShare", unit: .percent,
        values: columns.map { column in
          column.report?.counts.map {
            let all = $0.userInstructions + $0.kernelInstructions
            return all == 0 ? 0 : Double($0.kernelInstructions) * 100 / Double(all)
          }
        }))
    return rows + hardwareRows
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
          guard let hardware = column.hardware, let counts = column.report?.counts else {
            return nil
          }
          let all = counts.userInstructions + counts.kernelInstructions
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
        hardware.cycles.map { $0.kernel.total.rounded() }
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

extension RunReport {
  /// What the kernel counted, if the program came to its end.
  fileprivate var counts: Statistics? { result.statistics }
}
