import Foundation
import ProbeComparison
import Testing

/// `kilburn heap replay` and `convert`, through the built tool.
@Suite struct HeapReplayTests {
  private static let samples = "\(Checkout.folder.path)/Tests/HeapTracesTests/Samples"

  private func replays(_ words: [String]) throws -> [[String: Any]] {
    let run = try Kilburn.run(["heap", "replay", "--json"] + words)
    #expect(run.status == 0, "\(run.errors)")
    let object =
      try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any]
    #expect(object?["format"] as? String == "kilburn-heap-replay")
    return try #require(object?["replays"] as? [[String: Any]])
  }

  private func number(_ object: [String: Any], _ path: String...) -> UInt64? {
    var value: Any? = object
    for name in path { value = (value as? [String: Any])?[name] }
    return (value as? NSNumber)?.uint64Value
  }

  @Test func aRecordedTraceEndsAsTheProcessDid() throws {
    let replay = try #require(try replays(["\(Self.samples)/addresses.mtrace"]).first)
    // The last lines of the recording: the break, and mallinfo2's arena and keepcost.
    #expect(number(replay, "end", "footprint") == 0x560000)
    #expect(number(replay, "heap", "top", "bytes") == 0x20e00)
    #expect(replay["complete"] as? Bool == true)
  }

  @Test func aConvertedTraceReplaysTheSame() throws {
    let file = FileManager.default.temporaryDirectory.appending(path: "kilburn-\(UUID()).kht")
    defer { try? FileManager.default.removeItem(at: file) }
    for name in ["recorded.mtrace", "recorded.raw.zst", "recorded.heaptrack.gz"] {
      let source = "\(Self.samples)/\(name)"
      #expect(try Kilburn.run(["heap", "convert", source, file.path]).status == 0)
      let before = try #require(try replays([source]).first)
      let after = try #require(try replays([file.path]).first)
      for member in ["peakFootprint", "peakResident", "end", "kernel", "trimming"] {
        let (old, new) = (before[member] as? NSDictionary, after[member] as? NSDictionary)
        #expect(old != nil && old == new, "\(name): \(member)")
      }
    }
  }

  @Test func listsAreCompared() throws {
    let columns = try replays([
      "\(Self.samples)/addresses.mtrace", "--page-size", "4K,64K", "--tcache-count", "0,7",
      "--tunables", "glibc.malloc.top_pad=1048576",
    ])
    #expect(
      columns.map { $0["name"] as? String } == [
        "4K tcache-count=0", "4K tcache-count=7", "64K tcache-count=0", "64K tcache-count=7",
      ])
    #expect(number(columns[0], "heap", "tcache", "chunks") == 0)
    #expect(number(columns[1], "heap", "tcache", "chunks") ?? 0 > 0)
    #expect(columns.allSatisfy { number($0, "allocator", "tunables", "top_pad") == 1 << 20 })
    let text = try Kilburn.run([
      "heap", "replay", "\(Self.samples)/addresses.mtrace", "--page-size", "4K,64K",
    ]).output
    #expect(text.contains("peak footprint") && text.contains(" *") && text.contains(" %)"))
  }

  @Test func aWrongTraceIsShownAsFarAsItIsRight() throws {
    let file = FileManager.default.temporaryDirectory.appending(path: "kilburn-\(UUID())")
    defer { try? FileManager.default.removeItem(at: file) }
    try "= Start\n+ 0x10 0x64\n- 0x20\n".write(to: file, atomically: true, encoding: .utf8)
    let run = try Kilburn.run(["heap", "replay", file.path])
    #expect(run.status == 1)
    #expect(run.errors.contains("\(file.path), line 3: unknown pointer: 0x20"))
    #expect(run.output.contains("What follows is of the 1 calls before."))
    #expect(try Kilburn.run(["heap", "replay", file.path, "--skip-unknown"]).status == 0)
    #expect(try Kilburn.run(["heap", "replay", file.path, "--top-pad", "x"]).status == 64)
    #expect(try Kilburn.run(["heap", "replay", "/nonexistent"]).status == 1)
  }
}
