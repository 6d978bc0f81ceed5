import Arm64
import HardwareModel
import Machine
import MemoryTraces
import MemoryTypes
import Testing
import TraceFiles
import TraceReplay

@testable import Reports

/// Traces in the columns of a comparison: what a replay knows is compared, the rest says so.
@Suite struct ReplayComparisonTests {
  private func column(
    _ value: String, _ kernel: ReplayResult.Kernel, faults: UInt64, walks: UInt64 = 0,
    failure: TraceError? = nil
  ) -> Comparison.Column {
    var result = ReplayResult(kernel: kernel)
    result.counters = Self.walks(walks)
    result.instructions = (2_000, 500)
    result.faults = faults
    result.resident = .kibibytes(64)
    result.tables = .kibibytes(20)
    result.failure = failure
    let report = TraceReplayReport(
      result, pageSize: .fourKiB, vaBits: 48, core: "max", latencies: nil, hasSharedTLB: false)
    return .init(words: [.init(option: "page-size", value: value)], report)
  }

  /// Counters of nothing but walks of a program's loads.
  private static func walks(_ count: UInt64) -> Counters {
    let all = (0..<Counter.all).map { place in
      Counters(words: (0..<Counter.all).map { $0 == place ? count : 0 })
    }
    return all.first { $0[.walks(.load, .user)] == count } ?? Counters()
  }

  private func lines(_ comparison: Comparison) -> [String] {
    comparison.text(.plain).map { $0.split(separator: " ").joined(separator: " ") }
  }

  @Test func aServedReplayKnowsPagesAndNoKernel() {
    let cut = TraceError(.truncated, "it ends", at: TracePlace("t.kmt", offset: 7))
    let comparison = Comparison(
      command: ["t.kmt"],
      columns: [
        column("4K", .served, faults: 90, walks: 40),
        column("64K", .served, faults: 9, walks: 4, failure: cut),
      ], notes: ["of all"])
    let lines = lines(comparison)
    #expect(lines.contains("ended by replayed partial"))
    #expect(lines.contains("resident at most 64K 64K"))
    #expect(lines.contains("page tables 20K 20K"))
    #expect(lines.contains("file - -"))
    #expect(lines.contains("major faults 0 0"))
    #expect(lines.contains("minor faults 90 9"))
    #expect(lines.contains("user instructions 2,000 2,000"))
    #expect(lines.contains("kernel instructions - -"))
    #expect(lines.contains("kernel share - -"))
    #expect(lines.contains("walks per 1000 20.0 2.0"))
    #expect(lines.contains("note: of all"))
    #expect(lines.contains { $0.hasPrefix("note: the kernel's own accesses are not modelled") })
    #expect(lines.contains { $0.hasPrefix("note: 64K: partial") })
    #expect(lines.contains { $0.hasPrefix("64K ended early: ") && $0.contains("offset 0x7") })
    #expect(!comparison.isWhole)
    let csv = comparison.csv.split(separator: "\n")
    #expect(csv[1].hasPrefix("4K,replayed,65536,0,65536,,20480,90,0,2000,"))
    #expect(csv[2].hasPrefix("64K,partial,") && csv[2].contains("offset 0x7"))
    let json = comparison.json.line
    #expect(json.contains("\"kernel\":\"served\""))
    #expect(json.contains("\"residentFile\":null"))
    #expect(json.contains("\"notes\":[\"of all\"]"))
  }

  @Test func aRecordedReplayKnowsTheKernelAndNoPages() {
    let comparison = Comparison(
      command: ["t.kmt"], columns: [column("4K", .recorded, faults: 3)])
    let lines = lines(comparison)
    #expect(lines.contains("resident at most -"))
    #expect(lines.contains("kernel instructions 500"))
    #expect(lines.contains("kernel share 20.0 %"))
    #expect(comparison.isWhole)
  }
}
