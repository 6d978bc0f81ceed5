import TraceFiles
import Foundation
import Testing

@testable import HeapTraces

/// Kilburn's own format: what is written is read, and wrong bytes are named.
@Suite struct KilburnTraceTests {
  /// Random calls with addresses, as a tracer gives them; `expected` is what a reader has to give.
  static func write(_ path: String, seed: UInt64, calls: Int) throws -> [HeapEvent] {
    var state = seed
    func next(_ bound: UInt64) -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return (state >> 33) % bound
    }
    let writer = try KilburnTraceWriter(path, facts: [TraceFact("command", "a b c")])
    let name = try writer.add(string: "main")
    let frame = try writer.add(SiteTable.Frame(address: 0x1234, function: name))
    let outer = try writer.add(SiteTable.Stack(parent: 0, frame: frame))
    let inner = try writer.add(SiteTable.Stack(parent: outer, frame: frame))
    var live: [(address: UInt64, slot: UInt32)] = []
    var slots = SlotList()
    var expected: [HeapEvent] = []
    var fresh: UInt64 = 0x5555_0000_0000
    for _ in 0..<calls {
      let thread = UInt32(next(3))
      let site = [0, outer, inner][Int(next(3))]
      fresh += 16 * (1 + next(1000))
      switch next(12) {
      case 0...4:
        let operation = HeapOperation(rawValue: [0, 1, 3, 4, 5, 6, 7][Int(next(7))]) ?? .malloc
        let isAligned = [.memalign, .alignedAlloc, .posixMemalign].contains(operation)
        let event = HeapEvent(
          operation, thread: thread, slot: slots.take() ?? 0, size: next(1 << 20),
          alignment: isAligned ? 1 << next(12) : 0, address: fresh, site: site)
        try writer.allocate(
          operation, thread: thread, size: event.size, alignment: event.alignment, address: fresh,
          site: site)
        live.append((fresh, event.slot))
        expected.append(event)
      case 5...7 where !live.isEmpty:
        let gone = live.remove(at: Int(next(UInt64(live.count))))
        try writer.free(thread: thread, address: gone.address)
        _ = slots.release(gone.slot)
        expected.append(HeapEvent(.free, thread: thread, slot: gone.slot))
      case 8 where !live.isEmpty:
        let index = Int(next(UInt64(live.count)))
        let slot = live[index].slot
        let size = next(1 << 14) + 1
        try writer.realloc(
          thread: thread, old: live[index].address, size: size, address: fresh, site: site)
        live[index].address = fresh
        expected.append(
          HeapEvent(
            .realloc, thread: thread, slot: slot, source: slot, size: size, address: fresh,
            site: site))
      case 9:
        try writer.allocate(.malloc, thread: thread, size: .max, address: 0, site: site)
        expected.append(HeapEvent(.malloc, thread: thread, size: .max, site: site, isNull: true))
      case 10:
        try writer.free(thread: thread, address: 0xdead_0000)
        expected.append(HeapEvent(.freeUnknown, thread: thread, address: 0xdead_0000))
      default:
        try writer.free(thread: thread, address: 0)
        expected.append(HeapEvent(.free, thread: thread, isNull: true))
      }
    }
    try writer.finish()
    return expected
  }

  @Test(arguments: [1, 2, 3] as [UInt64]) func whatIsWrittenIsRead(seed: UInt64) throws {
    try Samples.withFile([]) { path in
      let expected = try Self.write(path, seed: seed, calls: 60_000)
      let reader = try HeapTraceFile.open(path)
      let (events, failure) = Samples.events(reader)
      #expect(failure == nil)
      #expect(events.count == expected.count)
      for (index, event) in events.enumerated() where event != expected[index] {
        Issue.record("seed \(seed), event \(index): \(event) and not \(expected[index])")
        break
      }
      #expect(reader.facts == [TraceFact("command", "a b c")])
      #expect(reader.sites.text(of: 2) == "main < main")
      #expect(reader.threads == 3)
    }
  }

  /// Every reader's slots are the format's, so that any trace can be written as it.
  @Test(arguments: ["recorded.mtrace", "recorded.raw.zst", "recorded.heaptrack.gz"])
  func recordedTracesSurviveConversion(name: String) throws {
    let source = try HeapTraceFile.open(Samples.path(name))
    let (expected, _) = Samples.events(source)
    try Samples.withFile([]) { path in
      let writer = try KilburnTraceWriter(path, facts: source.facts)
      try writer.add(from: source.sites)
      for event in expected { try writer.append(event) }
      try writer.finish()
      let reader = try HeapTraceFile.open(path)
      let (events, failure) = Samples.events(reader)
      #expect(failure == nil)
      let same = expected.map { event in
        var event = event
        if event.operation == .free {
          event.address = 0
          event.site = 0
        }
        if event.operation == .freeUnknown { event.site = 0 }
        return event
      }
      #expect(events == same)
      #expect(reader.sites == source.sites)
    }
  }

  /// Any byte changed, and any length: an answer or an error with its place, and never a trap.
  @Test func damagedFilesAreNamed() throws {
    var whole: [UInt8] = []
    try Samples.withFile([]) { path in
      _ = try Self.write(path, seed: 9, calls: 300)
      whole = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    }
    for length in stride(from: 0, to: whole.count, by: 3) {
      let failure = Samples.failure(of: Array(whole[..<length]))
      #expect(failure?.kind == .truncated || failure?.kind == .unsupported, "\(length)")
    }
    var state: UInt64 = 1
    for _ in 0..<600 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      var bytes = whole
      bytes[Int(state >> 33) % bytes.count] ^= UInt8(truncatingIfNeeded: state >> 24) | 1
      if let failure = Samples.failure(of: bytes) { #expect(failure.place != nil) }
    }
  }

  /// Uncompressed events by hand: doubles and unknown slots have their call's number.
  @Test(
    arguments: [
      [0x00, 5, 0x08, 0, 0x08, 0], [0x00, 5, 0x02, 9, 1], [0x40, 1], [0x0e], [0x10, 5, 7],
    ] as [[UInt8]])
  func hostileRecordsAreNamed(records: [UInt8]) throws {
    var file = TraceFormat.magic + [1, 0, 0, 0, 0, 0, 0, 0]
    file += [0x45, 0, 0, 0] + Self.word(records.count) + Self.word(records.count) + Self.word(9)
    file += Self.word(1) + Self.word(0) + records
    let failure = Samples.failure(of: file)
    #expect(failure?.kind == .malformed)
    #expect(failure?.place?.event != nil)
  }

  private static func word(_ value: Int) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
  }
}
