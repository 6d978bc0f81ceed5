import MemoryTypes
import PTMalloc
import Testing

/// The library against streams recorded on real Linux with pages of 16K and 64K, and with the C
/// libraries of Debian 11 and 13.
///
/// They are played to their ends where `KILBURN_MALLOC_CALLS` says how long streams are.
@Suite(.serialized) struct RecordedStreamTests {
  @Test(arguments: RecordedStream.names) func everyDigestIsTheRecordedOne(name: String) throws {
    let recording = try RecordedStream(name)
    let version = GlibcVersion.allCases.first { "2.\($0.rawValue)" == recording.version }
    let environment = MallocEnvironment(version: try #require(version, "\(name)"))
    let twin = try StreamTwin(
      recording, environment, limit: StreamTests.isLong ? .max : 6_000)
    try twin.run()
    #expect(twin.failure == nil, "\(name)")
    #expect(twin.callsChecked > 1000, "\(name)")
  }

  @Test func thereAreStreamsOfEachKind() {
    for kind in ["16k47", "64k42", "2.31", "2.41"] {
      #expect(RecordedStream.names.contains { $0.hasPrefix(kind) }, "\(kind)")
    }
  }
}
