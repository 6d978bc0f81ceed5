import Foundation
import Testing

/// What `run --record` keeps is played again by `replay`, to the same counts.
@Suite struct ReplayTests {
  @Test(arguments: Pages.all)
  func aRecordedRunIsReplayedToTheSameCounts(pages: Pages) throws {
    let folder = try GuestPrograms.folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let trace = folder.appending(path: "memory.trace").path
    let program = try GuestPrograms.program("memory")
    let run = try Kilburn.run(
      ["run", "--observe", "--record", trace] + pages.options + ["--", program])
    let replay = try Kilburn.run(["replay", trace])
    #expect(run.status == 0 && replay.status == 0, "\(run) \(replay)")
    var rows = 0
    for row in ["program loads", "program stores", "kernel loads", "kernel stores"] {
      // Accesses, TLB misses, second TLB, walks; first, second and last level, memory.
      let seen = Self.numbers(of: row, in: run.errors)
      guard seen.count == 8 else { continue }
      #expect(Self.numbers(of: row, in: replay.output) == seen, "\(row)")
      rows += 1
    }
    #expect(rows == 4, "\(run.errors)")
  }

  @Test func tracesAreCompared() throws {
    let folder = try GuestPrograms.folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let trace = folder.appending(path: "memory.trace").path
    let program = try GuestPrograms.program("memory")
    #expect(try Kilburn.run(["run", "--record", trace, "--", program]).status == 0)
    // One machine is the recorder's, so all are played without its kernel.
    let sizes = try Kilburn.run(["compare", "--page-size", "4K,64K", trace])
    #expect(sizes.status == 0, "\(sizes)")
    let faults = Self.numbers(of: "minor faults", in: sizes.output)
    #expect(faults.count >= 2 && faults[0] > faults[1] && faults[1] > 0, "\(sizes.output)")
    #expect(sizes.output.contains("the recorded kernel is of one of these machines"))
    // On the recorder's page size every column has it.
    let cores = try Kilburn.run(
      ["compare", "--core", "neoverse-n1,cortex-a76", "--json", trace + ".json", trace])
    #expect(cores.status == 0, "\(cores)")
    #expect(Self.numbers(of: "kernel instructions", in: cores.output).allSatisfy { $0 > 0 })
    let json = try String(contentsOfFile: trace + ".json", encoding: .utf8)
    #expect(json.contains("\"recorded\"") && !json.contains("\"served\""))
  }

  @Test func whatCannotBeComparedIsSaidInOneLine() throws {
    let folder = try GuestPrograms.folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let trace = folder.appending(path: "t").path
    try "I  00400000,4\n L 1ffe000010,8\n".write(
      toFile: trace, atomically: true, encoding: .utf8)
    let table: [(words: [String], status: Int32, cause: String)] = [
      (["--sysroot", "/", trace], 64, "--sysroot: a replay runs no program"),
      (["--timeout", "3", trace], 64, "--timeout: a replay runs no program"),
      ([trace, "--page-size", "4K"], 64, "--page-size stands behind a trace"),
      (["--format", "x", trace], 64, "--format: there is no format 'x'"),
      (["--quantum", "0", trace], 64, "--quantum: it is 1 access at least"),
      (["--format", "lackey", trace + ".none"], 125, "No such file"),
      (["--csv", "/nowhere/x", trace], 125, "--csv /nowhere/x"),
      (["--page-size", "4K,16K", "--", trace + ".none"], 125, "there is no such program"),
      (["--from", "9", "--to", "3", trace], 64, "--to 3: it is not behind --from 9"),
      (["--from", "9", trace], 125, "the trace has 2 accesses"),
    ]
    for (words, status, cause) in table {
      let run = try Kilburn.run(["compare"] + words)
      #expect(run.status == status && run.errors.contains(cause), "\(words): \(run)")
      #expect(run.errors.split(separator: "\n").count == 1 && run.output.isEmpty, "\(run)")
    }
  }

  /// A part counts what lies in it; the rest of what cannot be is said in one line.
  @Test func partsAndWordsOfReplays() throws {
    let folder = try GuestPrograms.folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let trace = folder.appending(path: "memory.trace").path
    let program = try GuestPrograms.program("memory")
    #expect(try Kilburn.run(["run", "--record", trace, "--", program]).status == 0)
    let part = try Kilburn.run(["replay", trace, "--from", "100000", "--to", "150000"])
    #expect(part.status == 0 && part.output.contains("50,000 accesses from 100,000 on"), "\(part)")
    #expect(part.output.contains("the recorded kernel"), "\(part)")
    let beyond = try Kilburn.run(["replay", trace, "--from", "99999999999"])
    #expect(beyond.status == 64 && beyond.errors.contains("the trace has"), "\(beyond)")
    // A larger page size: what the program unmapped is gone there, too.
    let served = try Kilburn.run(["replay", trace, "--page-size", "64K", "--json"])
    #expect(served.status == 0 && served.output.contains("\"served\""), "\(served)")
    let small = try Kilburn.run(["run", "--record", "/nowhere/x", "--", program])
    #expect(small.status == 125 && small.errors.contains("--record /nowhere/x"), "\(small)")
    let two = try Kilburn.run(
      ["run", "--page-size", "4K,16K", "--record", trace, "--", program])
    #expect(two.status == 64 && two.errors.contains("a trace is of one machine"), "\(two)")
  }

  /// The numbers of the first line that begins with these words.
  private static func numbers(of row: String, in text: String) -> [Int] {
    text.split(separator: "\n").map { $0.trimmingPrefix { $0 == " " } }
      .first { $0.hasPrefix(row + " ") }
      .map { line in
        line.dropFirst(row.count).split(separator: " ").compactMap {
          Int($0.filter { $0 != "," })
        }
      } ?? []
  }
}
