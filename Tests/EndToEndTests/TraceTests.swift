import Foundation
import Testing

/// `kilburn trace`: from a call of malloc to the page-table entry.
@Suite(.serialized) struct TraceTests {
  @Test(arguments: ["4K", "16K", "64K"]) func theWayFromMallocToTheEntry(pageSize: String) throws {
    let program = try GuestPrograms.program("growth")
    let run = try Kilburn.run(["trace", "--page-size", pageSize, "--", program])
    #expect(run.status == 3)
    #expect(run.output == "grown\n")
    let lines = run.errors.split(separator: "\n")
    // malloc asks for a mapping of its own, ...
    let mapping = try #require(
      lines.firstIndex { $0.contains("mmap(NULL, ") && $0.contains("MAP_PRIVATE|MAP_ANONYMOUS") },
      "\(run.errors)")
    let callers = lines[mapping + 1]
    #expect(callers.contains("malloc"), "\(callers)")
    #expect(callers.contains("grow") && callers.contains("main"), "\(callers)")
    #expect(
      lines[mapping + 2].contains("area +") || lines[mapping + 2].contains("area ~"),
      "\(lines[mapping + 2])")
    // ... and the program's first write brings a frame.
    let fault = try #require(
      lines[mapping...].firstIndex { $0.contains("fault: write") && !$0.contains("[stack]") })
    let effects = lines[fault...].prefix(8).joined(separator: "\n")
    #expect(effects.contains("allocated, movable, zeroed"), "\(effects)")
    #expect(effects.contains(": none → frame 0x"), "\(effects)")
    // What free gives back, and the child's copy.
    let unmapping = try #require(lines.firstIndex { $0.contains("munmap(0x") })
    let end = lines[unmapping...].prefix(8).joined(separator: "\n")
    #expect(end.contains("cleared") && end.contains("tlb: ") && end.contains("area -"), "\(end)")
    let copy = try #require(lines.first { $0.contains("page copied from frame") })
    #expect(!copy.isEmpty)
    #expect(lines.contains { $0.contains("task 3 made: process, parent 2") })
    #expect(lines.contains { $0.contains("task 3 ends with 7") })
  }

  @Test func jsonLinesAreObjectsThatNameTheirCauses() throws {
    let folder = try GuestPrograms.folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: "log.jsonl").path
    let program = try GuestPrograms.program("growth")
    let run = try Kilburn.run(
      ["trace", "--json", "--output", file, "--filter", "mmap,munmap,!tlb", "--", program])
    #expect(run.status == 3)
    #expect(run.errors.isEmpty, "\(run.errors)")
    let text = try String(contentsOfFile: file, encoding: .utf8)
    var calls: Set<Int> = []
    var effects = 0
    for line in text.split(separator: "\n") {
      let object = try #require(
        try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], "\(line)")
      let event = try #require(object["event"] as? String)
      #expect(event != "tlb")
      if event == "call" {
        #expect(["mmap", "munmap"].contains(try #require(object["call"] as? String)))
        calls.insert(try #require(object["id"] as? Int))
      } else if let cause = object["cause"] as? Int {
        #expect(calls.contains(cause) || event == "fault")
        effects += 1
      }
    }
    #expect(calls.count > 1 && effects > calls.count)
  }

  @Test func wordsThatCannotBeAreRefused() throws {
    let program = try GuestPrograms.program("growth")
    for (words, cause) in [
      (["--filter", "dreams"], "--filter: there is no 'dreams'"),
      (["--page-size", "4K,16K"], "trace is of one machine"),
      (["--timeout", "0"], "--timeout"), (["--colour"], "there is no option --colour"),
    ] {
      let run = try Kilburn.run(["trace"] + words + ["--", program])
      #expect(run.status == 64)
      #expect(run.errors.contains(cause), "\(run.errors)")
      #expect(run.errors.split(separator: "\n").count == 1)
    }
  }

  /// Telling costs the program nothing that it could see but time.
  @Test func aTracedProgramDoesTheSame() throws {
    let program = try GuestPrograms.program("growth")
    let plain = try Kilburn.run(["run", "--quiet", "--", program])
    let traced = try Kilburn.run(["trace", "--output", "/dev/null", "--", program])
    #expect(plain.status == traced.status)
    #expect(plain.output == traced.output)
  }
}
