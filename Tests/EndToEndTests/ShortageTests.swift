import Foundation
import Testing

/// What a person is told of memory being short.
@Suite struct ShortageTests {
  private static let large = ["67108864", "large"]

  /// Who took pages and why, how long tasks were stalled, and who lost pages.
  @Test(arguments: Pages.all)
  func theReportSaysWhoTookPagesWhyAndFromWhom(pages: Pages) throws {
    let program = try GuestPrograms.program("swap")
    let run = try Kilburn.run(
      ["run", "--swap", "128M", "--memory-max", "32M"] + pages.options + ["--", program]
        + Self.large)
    #expect(run.status == 0, "\(run)")
    #expect(run.errors.contains("All frames"), "\(run)")
    #expect(run.errors.contains(#/  at a limit  [\d,]+ scanned, [\d,]+ taken, in /#), "\(run)")
    #expect(run.errors.contains(#/as a group met memory\.max/#), "\(run)")
    #expect(run.errors.contains(#/  stalled     .* in which a task waited for memory/#), "\(run)")
    #expect(
      run.errors.contains(#/  taken from  swap \(\d+\) [\d,]+: [\d,]+ of \[anonymous\] /#), "\(run)"
    )
  }

  /// `--timeline`: rows in the order of time, columns that fit, pressure where there is any.
  @Test func theTimelineIsWritten() throws {
    let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).csv")
    defer { try? FileManager.default.removeItem(at: file) }
    let program = try GuestPrograms.program("swap")
    let run = try Kilburn.run(
      [
        "run", "--quiet", "--swap", "128M", "--memory-max", "32M", "--timeline", file.path,
        "--timeline-interval", "1ms", "--", program,
      ] + Self.large)
    #expect(run.status == 0, "\(run)")
    let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
    let names = lines[0].split(separator: ",").map(String.init)
    let rows = lines.dropFirst().map { line in
      Dictionary(uniqueKeysWithValues: zip(names, line.split(separator: ",").map(String.init)))
    }
    #expect(rows.count > 10 && rows.allSatisfy { $0.count == names.count })
    func column(_ name: String) -> [Int] { rows.map { Int($0[name] ?? "") ?? -1 } }
    let times = column("time_us")
    #expect(zip(times, times.dropFirst()).allSatisfy { $0 < $1 }, "\(times)")
    #expect((column("resident_kb").max() ?? 0) > 20 << 10)
    #expect((column("resident_kb").max() ?? 0) < 40 << 10)
    #expect((column("swap_kb").max() ?? 0) > 20 << 10)
    #expect(column("stalled_some_us").last ?? 0 > 0)
    #expect(rows.contains { $0["pressure"] != "0.0" })
    for name in ["scanned", "taken", "swapped_out"] {
      #expect(zip(column(name), column(name).dropFirst()).allSatisfy { $0 <= $1 })
    }
  }

  @Test(arguments: [
    (["--timeline", "/nowhere/file.csv"], "--timeline /nowhere/file.csv: "),
    (["--timeline", "/dev/null", "--timeline-interval", "fast"], "'fast' is no time"),
    (["--timeline", "/dev/null", "--timeline-interval", "1us"], "not between 10us and 1000s"),
    (["--timeline-interval", "1ms"], "without --timeline"),
    (["--timeline", "/dev/null", "--page-size", "4K,16K"], "a file is of one machine"),
  ])
  func whatCannotBeIsSaidBeforeTheRun(words: [String], reason: String) throws {
    let run = try Kilburn.run(["run"] + words + ["--", "/nowhere/program"])
    #expect(run.status != 0 && run.errors.contains(reason), "\(run)")
  }

  /// What `--explain-oom` says would have saved the process does save it.
  @Test(arguments: [["--memory-max", "32M"], ["--ram", "64M", "--overcommit", "always"]])
  func whatWouldHaveSavedTheProcessDoes(limits: [String]) throws {
    let program = try GuestPrograms.program("swap")
    let size = limits[0] == "--ram" ? ["100663296", "large"] : Self.large
    let killed = try Kilburn.run(
      ["run", "--quiet", "--explain-oom"] + limits + ["--", program] + size)
    #expect(killed.status == 137, "\(killed)")
    let limit = limits[0] == "--ram" ? #/(\d+M) of RAM instead/# : #/a limit of (\d+M) /#
    let more = try #require(killed.errors.firstMatch(of: limit), "\(killed)")
    let swap = try #require(killed.errors.firstMatch(of: #/(\d+M) of swap/#), "\(killed)")
    let roomier = [limits[0], String(more.1)] + limits.dropFirst(2)
    for words in [roomier, limits + ["--swap", String(swap.1)]] {
      let saved = try Kilburn.run(["run", "--quiet"] + words + ["--", program] + size)
      #expect(saved.status == 0, "\(words): \(saved)")
    }
  }
}
