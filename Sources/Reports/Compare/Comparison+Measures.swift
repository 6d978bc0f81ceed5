import BoardFormat
import Machine
import MemoryTypes
import TraceReplay

extension Comparison {
  /// What a run or a replay tells of a program's memory; nil is what it does not know.
  struct Measures {
    /// In bytes, as the other sizes are.
    var peakResident: UInt64?
    var residentAnonymous: UInt64?
    var residentFile: UInt64?
    var pageTables: UInt64?
    var minorFaults: UInt64?
    var majorFaults: UInt64?
    var userInstructions: UInt64?
    var kernelInstructions: UInt64?
  }
}

extension Comparison.Column {
  /// What there is to compare; nil where the column failed.
  var measures: Comparison.Measures? {
    switch outcome {
    case .ran(let report): Comparison.Measures(report)
    case .replayed(let replay): Comparison.Measures(replay)
    case .failed: nil
    }
  }
}

extension Comparison.Measures {
  /// Of a run: the kernel's counts, if the program came to its end.
  fileprivate init?(_ report: RunReport) {
    guard let counts = report.result.statistics else { return nil }
    func size(_ pages: UInt64) -> UInt64 { report.bytes(pages).rawValue }
    peakResident = size(counts.peakResident)
    residentAnonymous = size(counts.residentAnonymous)
    residentFile = size(counts.residentFile)
    pageTables = size(report.tablePages.reduce(0) { $0 + $1.pages })
    minorFaults = counts.minorFaults
    majorFaults = counts.majorFaults
    userInstructions = counts.userInstructions
    kernelInstructions = counts.kernelInstructions
  }

  /// Of a replay.
  ///
  /// The recorded kernel's accesses say nothing of pages, and the libraries' kernel executes no
  /// instructions: either half of the figures is missing.
  fileprivate init(_ replay: TraceReplayReport) {
    let result = replay.result
    let instructions = result.instructions
    if instructions != (0, 0) { userInstructions = instructions.user }
    switch result.kernel {
    case .recorded:
      kernelInstructions = instructions.kernel
      minorFaults = result.faults
    case .served:
      peakResident = result.resident.rawValue
      residentAnonymous = result.resident.rawValue
      pageTables = result.tables.rawValue
      minorFaults = result.faults - min(result.faults, result.majorFaults)
      majorFaults = result.majorFaults
    }
  }
}
