import BoardFormat
import Machine
import MemoryTypes
import Testing

@testable import Reports

@Suite struct ComparisonTests {
  private func column(
    _ pageSize: String, resident: UInt64, faults: UInt64, kernel: UInt64
  ) throws -> Comparison.Column {
    var configuration = MachineConfiguration()
    try configuration.set(.pageSize, to: pageSize)
    var counts = Statistics()
    counts.peakResident = resident
    counts.residentAnonymous = resident
    counts.minorFaults = faults
    counts.userInstructions = 3_000
    counts.kernelInstructions = kernel
    counts.tablePages = [0, 1, 1, 1, 2]
    let result = RunResult(ending: .exited(status: 0), statistics: counts, texts: [], log: [])
    return .init(
      words: [.init(option: "page-size", value: pageSize)],
      outcome: .ran(
        RunReport(
          machine: try configuration.described(), arguments: ["/bin/a"], result: result)))
  }

  private func comparison() throws -> Comparison {
    Comparison(
      command: ["./a", "1"],
      columns: [
        try column("4K", resident: 100, faults: 900, kernel: 1_000),
        try column("64K", resident: 10, faults: 90, kernel: 500),
        .init(
          words: [.init(option: "page-size", value: "8K")],
          outcome: .failed("there are no, \"8K\" pages")),
      ])
  }

  @Test func theLeastIsMarkedAndDifferencesAreToTheFirst() throws {
    let lines = try comparison().text(.plain).map { line in
      line.split(separator: " ").joined(separator: " ")
    }
    #expect(
      lines == [
        "./a 1",
        "page-size 4K 64K 8K",
        "ended by exit 0 exit 0 failed",
        "resident at most 400K * 640K +60.0% -",
        "internal fragmentation 0 * 240K -",
        "anonymous 400K * 640K +60.0% -",
        "file 0 0 -",
        "page tables 20K * 256K +1180% -",
        "minor faults 900 90 -90.0% * -",
        "major faults 0 0 -",
        "user instructions 3,000 3,000 -",
        "kernel instructions 1,000 500 -50.0% * -",
        "kernel share 25.0 % 14.3 % -10.7 * -",
        "8K failed: there are no, \"8K\" pages",
        "",
        "* the least of a row; percentages are of the first column",
      ])
  }

  @Test func linesOfColumnsAreQuoted() throws {
    let lines = try comparison().csv.split(separator: "\n").map(String.init)
    #expect(lines.count == 4)
    #expect(lines[0].hasPrefix("page-size,endedBy,peakResident,internalFragmentation,"))
    #expect(lines[1].hasPrefix("4K,exit,409600,0,"))
    #expect(lines[2].hasSuffix(",14.286,"))
    #expect(lines[3].hasPrefix("8K,failed,,"))
    #expect(lines[3].hasSuffix(",\"there are no, \"\"8K\"\" pages\""))
  }

  @Test func theObjectSaysWhoIsBest() throws {
    let text = try comparison().json.line
    #expect(text.contains("\"best\":{\"peakResident\":[0],\"internalFragmentation\":[0],"))
    #expect(text.contains("\"minorFaults\":[1],\"majorFaults\":[]"))
    #expect(text.contains("\"failure\":\"there are no, \\\"8K\\\" pages\"}"))
  }
}
