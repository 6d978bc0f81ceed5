import TraceFiles
import Foundation
import Testing

@testable import HeapTraces

/// mtrace's and heaptrack's texts, recorded by the real ones and written by hand.
@Suite struct TextFormatTests {
  @Test func theRecordedMTraceIsRead() throws {
    let (events, failure) = try Samples.events(Samples.path("recorded.mtrace"))
    #expect(failure == nil)
    #expect(events.prefix(4).map(\.operation) == [.malloc, .malloc, .realloc, .malloc])
    #expect(events.prefix(4).map(\.size) == [100, 21, 5000, 640])
    #expect(events.prefix(4).map(\.slot) == [0, 1, 0, 2])
    #expect(events[4...6].map(\.slot) == [1, 0, 2])
    #expect(events[7].isNull && events[7].size == UInt64(Int64.max))
    // A realloc is two lines; the first and the last are none.
    #expect(events.count + events.count(.realloc) == 1707 - 2)
    #expect(events.count { $0.site == 0 } == 0)
  }

  @Test func linesOfMTraceMayHaveNoCaller() throws {
    let (events, failure) = try Samples.events(
      of: "= Start\n+ 0x10 0x8\n@ /a - b:(f+0x1)[0x2] < 0x10\n> 0x30 0x40\n- 0x30\n".utf8)
    #expect(failure == nil)
    #expect(events.map(\.operation) == [.malloc, .realloc, .free])
    #expect(events.map(\.address) == [0x10, 0x30, 0x30])
  }

  /// Raw and interpreted tell the same sizes; the raw one more frees, of what it did not see made.
  @Test(arguments: ["recorded.heaptrack.zst", "recorded.heaptrack.gz"])
  func theRecordedHeaptracksAgree(name: String) throws {
    let raw = try HeapTraceFile.open(Samples.path("recorded.raw.zst"))
    let (rawEvents, rawFailure) = Samples.events(raw)
    let interpreted = try HeapTraceFile.open(Samples.path(name))
    let (events, failure) = Samples.events(interpreted)
    #expect(rawFailure == nil && failure == nil)
    let allocations = events.filter { $0.operation == .malloc }
    #expect(allocations.count == 877)
    #expect(rawEvents.filter { $0.operation == .malloc }.map(\.size) == allocations.map(\.size))
    #expect(rawEvents.count(.freeUnknown) == 1)
    #expect(rawEvents.count(.free) == events.count(.free))
    #expect(interpreted.sites.text(of: allocations[1].site).hasPrefix("make (recorded.c:"))
    let text = raw.sites.text(of: rawEvents.calls[1].site)
    #expect(text.hasPrefix("recorded 0x"), "\(text)")
    #expect(interpreted.facts.contains(TraceFact("page-size", "4096")))
  }

  @Test(arguments: [
    ("= Start\n+ 0x10 0x8\n- 0x20\n", TraceError.Kind.unknownPointer, 3),
    ("= Start\n+ 0x10 0x8\n- 0x10\n- 0x10\n", .unknownPointer, 4),
    ("= Start\n+ 0x10 0x8\n+ 0x10 0x8\n", .allocatedTwice, 3),
    ("= Start\n+ 0x10\n", .malformed, 2),
    ("= Start\n+ 0x10 0x11112222333344445\n", .malformed, 2),
    ("= Start\ngarbage\n", .malformed, 2),
    ("= Start\n+ 0x10 0x8\n< 0x10\n- 0x10\n", .malformed, 4),
    ("= Start\n+ 0x10 0x8\n< 0x10\n", .truncated, 3),
    ("= Start\n+ 0x10 0x8\n- 0x10\n< 0x10\n> 0x20 0x9\n", .unknownPointer, 4),
    ("= Start\n+ 0x10 0x8\n- 0x1", .truncated, 3),
    ("v 10400 3\na 20 0\n+ 0\n-", .truncated, 4),
    ("v 10400 3\nm 1 -\n+ 8 5 10\n", .malformed, 3),
    ("v 10400 3\n- \n", .malformed, 2),
    ("v 10400 3\nt 1 0\n", .malformed, 2),
    ("v 10400 3\na 8 0\n+ 1\n", .malformed, 3),
    ("v 10400 3\na 8 0\n+ 0\n- 0\n- 0\n", .unknownPointer, 5),
    ("v 10400 4\n", .unsupported, 1),
    ("v 10400 3\ns ff x\n", .malformed, 2),
    ("v 10400 3\n\u{1}\n", .malformed, 2),
  ])
  func hostileTextsAreNamed(text: String, kind: TraceError.Kind, line: UInt64) throws {
    let (_, failure) = try Samples.events(of: text.utf8)
    #expect(failure?.kind == kind)
    #expect(failure?.place?.line == line, "\(String(describing: failure))")
  }

  /// Far into a file, too, and after all that came before was told.
  @Test func garbageInTheMillionthLineIsNamed() throws {
    var bytes = Array("= Start\n".utf8)
    for _ in 0..<499_999 { bytes += "+ 0x10 0x20\n- 0x10\n".utf8 }
    bytes += "garbage\n- 0x10\n".utf8
    let (events, failure) = try Samples.events(of: bytes)
    #expect(events.count == 999_998)
    #expect(failure?.kind == .malformed)
    #expect(failure?.place?.line == 1_000_000)
  }

  @Test func unknownPointersAreSkippedWhereThatIsAsked() throws {
    let (events, failure) = try Samples.events(
      of: "= Start\n- 0x20\n+ 0x10 0x8\n+ 0x10 0x9\n< 0x40\n> 0x50 0x60\n".utf8,
      HeapTraceOptions(skipsUnknown: true))
    #expect(failure == nil)
    #expect(events.map(\.operation) == [.freeUnknown, .malloc, .free, .malloc, .malloc])
  }

  @Test func compressedFilesMayBeCutOrWrong() throws {
    for name in ["recorded.heaptrack.zst", "recorded.heaptrack.gz"] {
      let whole = try Data(contentsOf: URL(fileURLWithPath: Samples.path(name)))
      #expect(Samples.failure(of: whole.prefix(whole.count - 200))?.kind == .truncated)
      var wrong = whole
      for index in 2000..<2400 { wrong[index] = 0x5a }
      let kind = Samples.failure(of: wrong)?.kind
      #expect(kind == .malformed || kind == .truncated)
    }
  }

  @Test func whatBeginsAsNoTraceIsNamed() throws {
    for bytes in [[], [0x7f, 0x45], [8], [0x1f, 0x8b], Array("hello\n".utf8)] as [[UInt8]] {
      #expect(throws: TraceError.self) { try Samples.events(of: bytes) }
    }
    #expect(throws: TraceError.self) { try HeapTraceFile.open("/nonexistent") }
  }
}
