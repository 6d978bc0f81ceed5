import Foundation
import Testing

/// `kilburn run --heap`: who allocates, heard through breakpoints.
@Suite(.serialized) struct HeapWatchTests {
  private static func run(
    _ options: [String], _ arguments: [String] = []
  ) throws -> (run: Kilburn.Result, folded: [String: UInt64]) {
    let folder = try GuestPrograms.folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: "stacks").path
    let program = try GuestPrograms.program("heap")
    let run = try Kilburn.run(
      ["run"] + options + ["--heap-stacks", "live:\(file)", "--", program] + arguments)
    var folded: [String: UInt64] = [:]
    for line in try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n") {
      let space = try #require(line.lastIndex(of: " "))
      let frames = line[..<space].split(separator: ";")
      // From main on: what is before it is the library's own affair.
      let known = frames.drop { $0 != "main" && $0 != "thread" }.joined(separator: ";")
      folded[known, default: 0] += try #require(UInt64(line[line.index(after: space)...]))
    }
    return (run, folded)
  }

  @Test(arguments: ["4K", "16K", "64K"]) func everyByteHasItsPlace(pageSize: String) throws {
    let (run, folded) = try Self.run(["--page-size", pageSize])
    #expect(run.status == 3)
    // 100 objects of 100 to 1,090 bytes; the rest of main's own calls.
    #expect(folded["main;leak;leaf"] == 59_500, "\(folded)")
    #expect(folded["main"] == (1 << 20) + 1000, "\(folded)")
    #expect(run.errors.contains("malloc 1,11"), "\(run.errors)")
    #expect(run.errors.contains("realloc 49, posix_memalign 1, free 1,012"), "\(run.errors)")
    // The same addresses as when nobody listens.
    let unwatched = try Kilburn.run(
      ["run", "-q", "--page-size", pageSize, "--", try GuestPrograms.program("heap")])
    #expect(run.output == unwatched.output)
    #expect(unwatched.output.count > 40)
  }

  @Test func threadsSignalsAndChildrenAreToldApart() throws {
    let (run, folded) = try Self.run([], ["threads"])
    #expect(run.status == 3)
    // Each of three threads leaks once, and so does the child.
    #expect(folded["thread;leak;leaf"] == 3 * 1_100, "\(folded)")
    #expect(folded["main;leak;leaf"] == 59_500 + 5_100, "\(folded)")
    #expect(run.errors.contains("All frames"), "\(run.errors)")
  }

  /// What is recorded says later what was reported at once, and goes through ptmalloc.
  @Test func aRecordedTraceTellsTheSame() throws {
    let folder = try GuestPrograms.folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let (trace, now, later) = (
      folder.appending(path: "t.kht").path, folder.appending(path: "now.json"),
      folder.appending(path: "later.json")
    )
    let program = try GuestPrograms.program("heap")
    let run = try Kilburn.run(
      ["run", "-q", "--heap-record", trace, "--json", now.path, "--", program, "threads"])
    #expect(run.status == 3, "\(run.errors)")
    let report = try Kilburn.run(["heap", "report", "--json", later.path, trace])
    #expect(report.status == 0, "\(report.errors)")
    #expect(report.output.contains("leaf < leak < main"))
    func object(_ file: URL) throws -> NSDictionary {
      try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? NSDictionary)
    }
    #expect(try object(now)["heap"] as? NSDictionary == object(later))
    let replay = try Kilburn.run(["heap", "replay", trace])
    #expect(replay.status == 0 && replay.output.contains("glibc 2.36"), "\(replay.errors)")
    // A trace that ends in the middle tells what it has, and that it is not all.
    let whole = try Data(contentsOf: URL(filePath: trace))
    try whole.prefix(whole.count - 20).write(to: URL(filePath: trace))
    let part = try Kilburn.run(["heap", "report", trace])
    #expect(part.status == 1 && part.output.contains("partial"), "\(part.output)\(part.errors)")
    #expect(part.errors.contains("truncated"), "\(part.errors)")
  }

  @Test func whatCannotBeHeardIsSaid() throws {
    let program = try GuestPrograms.program("heap")
    let stripped = try GuestPrograms.folder()
    defer { try? FileManager.default.removeItem(at: stripped) }
    let copy = stripped.appending(path: "heap").path
    let strip = try Process.run(
      URL(filePath: "/usr/bin/aarch64-linux-gnu-strip"), arguments: ["-o", copy, program])
    strip.waitUntilExit()
    let run = try Kilburn.run(["run", "--heap", "--", copy])
    #expect(run.status == 125 && run.errors.contains("name a malloc"), "\(run.errors)")
    let measure = try Kilburn.run(["run", "--heap-stacks", "weight:/tmp/x", "--", program])
    #expect(measure.status == 64 && measure.errors.contains("the measures are"))
    let file = try Kilburn.run(["run", "--heap-file", "/lib/none.so", "--", program])
    #expect(file.status == 64 && file.errors.contains("no such file"), "\(file.errors)")
    let side = try Kilburn.run(["run", "--heap", "--page-size", "4K,16K", "--", program])
    #expect(side.status == 64 && side.errors.contains("name one page size"))
  }
}
