import Foundation
import ProbeComparison
import Testing

/// Streams of malloc calls that glibc served on real Linux (Tests/MallocRecordings/Streams), served
/// by the same library on our kernel: every address and every answer of a system call is the same.
@Suite struct MallocStreamTests {
  static let streams =
    [3, 6, 7].map { ("16k47-\($0)", Pages(size: "16K", bits: "47")) }
    + [3, 6, 12].map { ("64k42-\($0)", Pages(size: "64K", bits: "42")) }

  @Test(arguments: streams) func theKernelAnswersAsLinuxDid(name: String, pages: Pages) throws {
    let file = Kilburn.checkout.appending(path: "Tests/MallocRecordings/Streams/\(name).zst")
    let unpacked = try Kilburn.execute("/usr/bin/env", ["zstd", "-dcq", file.path])
    let recorded = unpacked.output.split(separator: "\n")
    // The first line: `# RELEASE SEED CALLS PROFILE THREADS FLAGS VARIABLE=VALUE…`.
    let words = try #require(recorded.first).split(separator: " ").map(String.init)
    try #require(words.count >= 7)
    let wholeCalls = recorded.count { $0.hasPrefix("c ") }
    let run = try Kilburn.run(
      ["run"] + Checkout.kernel + pages.options + words.dropFirst(7).flatMap { ["--env", $0] }
        + ["--", try Self.driver.get()] + words[2..<7] + ["\(wholeCalls)"])
    let lines = run.output.split(separator: "\n")
    #expect(lines.count == recorded.count - 1, "\(name)")
    for (ours, theirs) in zip(lines, recorded.dropFirst()) where ours != theirs {
      Issue.record("\(name): \(ours), recorded: \(theirs)")
      return
    }
  }

  /// The driver, whose library's system calls go through functions of its own (record.h).
  static let driver = Result {
    let calls = ["brk", "mmap", "munmap", "mremap", "mprotect", "madvise"]
    return try GuestPrograms.compile(
      Kilburn.checkout.appending(path: "Tests/MallocDriver/stream.c"), "malloc-stream",
      ["-O1", "-w", "-fno-builtin", "-static", "-pthread", "-DHAS_MALLINFO2", "-DWRAPPED"]
        + calls.map { "-Wl,--wrap=__\($0)" } + ["-Wl,--wrap=_dl_non_dynamic_init"])
  }
}
