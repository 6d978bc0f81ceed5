import BoardFormat
import MemoryTypes
import Testing

@testable import Reports

/// `--timeline`'s rows, and what is read of the kernel's account of memory being short.
@Suite struct TimelineTests {
  private func bytes(_ records: [TraceRecord]) -> [UInt8] {
    records.flatMap { record in unsafe withUnsafeBytes(of: record) { unsafe Array($0) } }
  }

  private func sample(time: UInt64, some: UInt64) -> [TraceRecord] {
    [
      TraceRecord(.sample, number: 0, time, 100, 20, 30, 40, 5),
      TraceRecord(.sample, number: 1, 6, 7, some, some / 2, 11, 12),
      TraceRecord(.sample, number: 2, 13, 14, 15, 16, 1, 2),
    ]
  }

  @Test func rows() {
    var timeline = Timeline(pageSize: .fourKiB)
    let all = bytes(
      sample(time: 1_000_000, some: 0) + [TraceRecord(.switched, number: 3)]
        + sample(time: 11_000_000, some: 2_500))
    var text = ""
    // In pieces that end anywhere.
    for start in stride(from: 0, to: all.count, by: 37) {
      text += timeline.receive(Array(all[start..<min(start + 37, all.count)]))
    }
    #expect(
      text == """
        1000,400,80,120,160,20,24,28,4,8,11,12,13,14,15,16,0,0,0.0
        11000,400,80,120,160,20,24,28,4,8,11,12,13,14,15,16,2500,1250,25.0

        """)
    #expect(timeline.count == 2)
    let columns = Timeline.header.split(separator: ",").count
    #expect(text.split(separator: "\n").allSatisfy { $0.split(separator: ",").count == columns })
  }

  @Test func aSampleWithoutABeginning() {
    var timeline = Timeline(pageSize: .sixtyFourKiB)
    let torn = sample(time: 5, some: 0).dropFirst() + sample(time: 9_000, some: 0)
    #expect(timeline.receive(bytes(Array(torn))).hasPrefix("9,6400,"))
    #expect(timeline.count == 1)
  }

  @Test func account() {
    let account = ShortageAccount(
      """
      stalled some 1500 full 700
      cause limit 4 128 64 2500000
      waited high 3000000000
      process 3 64 the program
      mapping 4 1000-3000 [heap]
      mapping 60 5000-9000 lib of c.so
      process 5 99 other
      nonsense
      cause short

      """)
    #expect(account.some == 1500 && account.full == 700 && account.waited == 3_000_000_000)
    #expect(account[cause: "limit"]?.taken == 64)
    #expect(account.causes.count == 1)
    #expect(account.losers.map(\.pid) == [5, 3])
    #expect(account.losers[1].name == "the program")
    #expect(account.losers[1].mappings.map(\.label) == ["lib of c.so", "[heap]"])
  }
}
