import Foundation
import Testing

/// Debian's own dynamic programs print on our kernel what they print on Linux, on every page size,
/// and leave nothing behind.
///
/// The expected words were recorded on real Linux 6.1 (of sqlite3, which wants file locks that the
/// recorded kernel was built without, under user-mode emulation).
@Suite(.serialized) struct DynamicProgramTests {
  /// A program and one of the scripts in `Programs/Dynamic`.
  struct Case: CustomStringConvertible, Sendable {
    var program: [String]
    var script: String
    var status: Int32 = 0
    var options: [String] = []
    /// What the report has to say of it: at least so much resident, for one.
    var peak: ClosedRange<Int> = 0...(1 << 30)

    var description: String { script }
    var arguments: [String] {
      program.count > 1
        ? Array(program.dropLast()) + ["\(program[program.count - 1]) /data/\(script)"]
        : program + ["/data/\(script)"]
    }
    var recording: String { script.prefix { $0 != "." } + ".txt" }
  }

  static let cases = [
    Case(program: ["lua"], script: "tables.lua", peak: 8 << 20...64 << 20),
    Case(program: ["perl"], script: "words.pl", peak: 10 << 20...64 << 20),
    Case(program: ["sqlite3", "/tmp/rows", ".read"], script: "rows.sql", peak: 4 << 20...64 << 20),
    // 300,000 numbers, as many strings and the table of a dict.
    Case(program: ["python3"], script: "table.py", peak: 60 << 20...160 << 20),
    // 16 MiB of its own, and not one more for its child.
    Case(program: ["python3"], script: "fork.py", peak: 24 << 20...36 << 20),
    Case(program: ["python3"], script: "processes.py"),
    Case(program: ["python3"], script: "mapping.py"),
    Case(program: ["sh"], script: "system.sh"),
    // One of its requests alone is larger than 512M.
    Case(program: ["sh"], script: "compress.sh", options: ["--ram", "1G"]),
    Case(program: ["python3"], script: "threads.py"),
  ]

  static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "Programs/Dynamic")
  static let sysroot = Kilburn.checkout.appending(path: ".build/sysroot").path

  @Test(arguments: cases, Pages.all.filter { $0.bits != "39" })
  func printsWhatLinuxPrints(_ case: Case, pages: Pages) throws {
    try #require(
      FileManager.default.fileExists(atPath: Self.sysroot), "run `make sysroot` first")
    let expected = try String(
      contentsOf: Self.folder.appending(path: `case`.recording), encoding: .utf8)
    let report = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).json")
    defer { try? FileManager.default.removeItem(at: report) }
    let ours = try Kilburn.run(
      ["run", "--quiet", "--sysroot", Self.sysroot, "--bind", "\(Self.folder.path):/data"]
        + ["--json", report.path] + pages.options + `case`.options + ["--"] + `case`.arguments)
    #expect(ours.output == expected, "\(`case`) \(pages) \(ours.errors)")
    #expect(ours.status == `case`.status, "\(`case`) \(pages) \(ours.errors)")

    let run = try JSONDecoder().decode(Report.self, from: Data(contentsOf: report))
    #expect(run.endedBy == "exit")
    #expect(run.frames.allReturned && run.frames.missing == 0, "\(`case`) \(pages) \(run.frames)")
    #expect(`case`.peak.contains(run.memory.peakResident), "\(`case`) \(pages) \(run.memory)")
    #expect(run.faults.copyOnWrite > 0 && run.faults.file > 0)
    // A link leads to each program; its text is known as such all the same.
    #expect(run.mappings.contains { $0.role == "text" }, "\(`case`) \(pages)")
  }

  /// What of the JSON is looked at here.
  struct Report: Decodable {
    struct Frames: Decodable {
      var allReturned: Bool
      var missing: Int
    }
    struct Memory: Decodable {
      var peakResident: Int
    }
    struct Faults: Decodable {
      var copyOnWrite: Int
      var file: Int
    }
    struct Mapping: Decodable {
      var role: String
    }
    var endedBy: String
    var mappings: [Mapping]
    var frames: Frames
    var memory: Memory
    var faults: Faults
  }
}
