import Foundation
import PTMalloc
import Testing

/// The library against what real glibc 2.36 on real Linux did, for each page size, static and
/// dynamically linked.
@Suite struct ProbeTests {
  static let names = ["malloc", "malloc-dyn"].flatMap { program in
    ["4k48", "16k47", "64k42"].map { "\(program).\($0)" }
  }

  @Test(arguments: names) func everyLineIsTheRecordedOne(name: String) throws {
    let recording = try Recordings.lines("\(name).txt")
    var probe = try MallocProbe(recording: recording)
    try probe.run()
    let expected = Array(recording.dropFirst(2).prefix { $0 != "-- maps" })
    let lines = probe.lines
    for (index, pair) in zip(lines, expected).enumerated() where pair.0 != pair.1 {
      Issue.record("\(name), line \(index + 3): \(pair.0), recorded: \(pair.1)")
      return
    }
    #expect(lines.count == expected.count)
  }
}

/// What real programs printed, in Tests/MallocRecordings.
enum Recordings {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appending(
      path: "MallocRecordings")

  static func lines(_ name: String) throws -> [String] {
    try String(contentsOf: folder.appending(path: name), encoding: .utf8).split(
      separator: "\n", omittingEmptySubsequences: true
    ).map(String.init)
  }
}
