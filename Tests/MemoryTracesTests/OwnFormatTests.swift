import Arm64
import Glibc
import HardwareModel
import MemoryTraces
import MemoryTypes
import TestSupport
import Testing
import TraceFiles

/// What is written is read, whatever it is; what is damaged is named.
@Suite struct OwnFormatTests {
  /// Records of loops, of wandering, and of anything.
  static func records(_ count: Int, _ seed: UInt64) -> [AccessRecord] {
    var random = Random(seed: seed)
    var records: [AccessRecord] = []
    var address: UInt64 = 0x40_0000
    while records.count < count {
      switch random.next() % 5 {
      case 0:
        let stride = random.next() % 64
        let period = Int(random.next() % 5 + 1)
        for step in 0..<Int(random.next() % 300) {
          let place = address &+ UInt64(step / period) &* stride &- UInt64(step % period) &* 4096
          records.append(
            AccessRecord(
              AccessKind.allCases[step % period % 4], VirtualAddress(place), size: 8,
              by: step % period == 3 ? .kernel : .user))
        }
      case 1:
        for _ in 0..<Int(random.next() % 100) {
          records.append(AccessRecord(rawValue: random.next()))
        }
      case 2: address = random.next() % (1 << 48)
      case 3: address = 0 &- random.next() % (1 << 47)
      default:
        for _ in 0..<Int(random.next() % 200) {
          let kind = AccessKind.allCases[Int(random.next() % 4)]
          records.append(
            AccessRecord(
              kind, VirtualAddress(address &+ random.next() % 8192), size: random.next() % 128,
              by: .user))
        }
      }
    }
    return Array(records.prefix(count))
  }

  static func write(
    _ records: [AccessRecord], _ events: [MemoryTraceEvent], _ path: String, facts: [TraceFact] = []
  ) throws(TraceError) {
    let writer = try MemoryTraceWriter(path, facts: facts)
    var next = 0
    for (index, record) in records.enumerated() {
      while next < events.count, events[next].position == index {
        writer.append(events[next])
        next += 1
      }
      writer.append(record)
    }
    for event in events[next...] { writer.append(event) }
    try writer.finish()
  }

  static func events(_ accesses: Int, _ count: Int, _ seed: UInt64) -> [MemoryTraceEvent] {
    var random = Random(seed: seed)
    let positions = (0..<count).map { _ in Int(random.next() % UInt64(accesses + 1)) }.sorted()
    let kinds: [MemoryTraceEvent.Kind] = [
      .systemCall, .systemReturn, .faultBegin, .faultEnd, .descriptor, .time, .gap, .threadEnd,
      .invalidateInstructions,
    ]
    return positions.map { position in
      if random.next() % 4 == 0 {
        var event = MemoryTraceEvent(
          .range(
            VirtualAddress(random.next()), PageCount(random.next() % 99), ASID(7), tables: true))
        event.position = position
        return event
      }
      var event = MemoryTraceEvent(
        kinds[Int(random.next() % UInt64(kinds.count))], position: position)
      let words = (0..<event.kind.words).map { _ in random.next() >> (random.next() % 64) }
      if words.count > 0 { event.a = words[0] }
      if words.count > 1 { event.b = words[1] }
      if words.count > 2 { event.c = words[2] }
      if words.count > 3 { event.d = words[3] }
      if words.count > 6 { (event.e, event.f, event.g) = (words[4], words[5], words[6]) }
      return event
    }
  }

  @Test(arguments: [0, 1, 100, 32767, 32768, 32769, 100_000], [1, 2])
  func whatIsWrittenIsRead(_ count: Int, _ seed: Int) throws {
    let path = Scratch.path()
    defer { unsafe unlink(path) }
    let records = Self.records(count, UInt64(seed))
    let events = Self.events(count, 500, UInt64(seed))
    try Self.write(records, events, path, facts: [TraceFact("command", "a b")])
    let whole = WholeTrace(path: path)
    #expect(whole.failure == nil)
    // Not as an expectation of two long arrays, which would be printed.
    let isSame = whole.records == records
    #expect(isSame, "seed \(seed)")
    let areSame = whole.events == events
    #expect(areSame, "seed \(seed)")
  }

  @Test func loopsTakeNoRoom() throws {
    let path = Scratch.path()
    defer { unsafe unlink(path) }
    var records: [AccessRecord] = []
    for step in 0..<100_000 as Range<UInt64> {
      records.append(AccessRecord(.fetch, VirtualAddress(0x40_0000), size: 12, by: .user))
      let kind = step % 2 == 0 ? AccessKind.load : .store
      records.append(AccessRecord(kind, VirtualAddress(0x10_0000 + step * 8), size: 8, by: .user))
    }
    try Self.write(records, [], path)
    #expect(Scratch.bytes(of: path).count < 2000)
    let isSame = WholeTrace(path: path).records == records
    #expect(isSame)
  }

  @Test func instructionsAreSummed() throws {
    let path = Scratch.path()
    defer { unsafe unlink(path) }
    let writer = try MemoryTraceWriter(path)
    for step in 0..<100_000 as Range<UInt64> {
      writer.count(user: 3, kernel: step % 2)
      writer.append(AccessRecord(.fetch, VirtualAddress(step * 64), size: 12, by: .user))
    }
    writer.append(MemoryTraceEvent(.task, 4, 5))
    try writer.finish()
    let whole = WholeTrace(path: path)
    let told = whole.events.filter { $0.kind == .instructions }
    #expect(told.reduce(0) { $0 + $1.a } == 300_000)
    #expect(told.reduce(0) { $0 + $1.b } == 50_000)
    #expect(whole.failure == nil)
    #expect(whole.events.last?.kind == .task)
  }

  @Test func chunksRepeatWhoIsRunning() throws {
    let path = Scratch.path()
    defer { unsafe unlink(path) }
    let writer = try MemoryTraceWriter(path)
    writer.append(MemoryTraceEvent(.addressSpace, 0x4000_0000, 3))
    for record in Self.records(70_000, 3) { writer.append(record) }
    try writer.finish()
    let whole = WholeTrace(path: path)
    #expect(whole.events.map(\.position) == [0, 32768, 65536])
    #expect(whole.events.allSatisfy { $0.kind == .addressSpace && $0.b == 3 })
  }

  @Test func cutTracesGiveTheirBeginning() throws {
    let path = Scratch.path()
    defer { unsafe unlink(path) }
    let records = Self.records(100_000, 7)
    try Self.write(records, Self.events(100_000, 50, 7), path)
    let bytes = Scratch.bytes(of: path)
    for step in 1..<40 {
      let length = bytes.count * step / 40
      let part = WholeTrace(Array(bytes[..<length]), format: .kilburn)
      #expect(part.failure?.kind == .truncated, "\(length): \(String(describing: part.failure))")
      #expect(part.records.count % 32768 == 0)
      let isBeginning = part.records == Array(records[..<part.records.count])
      #expect(isBeginning)
    }
    let part = WholeTrace(Array(bytes.dropLast()), format: .kilburn)
    #expect(part.failure?.kind == .truncated && part.records.count == 100_000)
  }

  @Test func damagedTracesAreNamed() throws {
    let path = Scratch.path()
    defer { unsafe unlink(path) }
    try Self.write(Self.records(40_000, 5), Self.events(40_000, 50, 5), path)
    let bytes = Scratch.bytes(of: path)
    var random = Random(seed: 11)
    var named = 0
    for _ in 0..<200 {
      var damaged = bytes
      for _ in 0...random.next() % 3 {
        damaged[Int(random.next() % UInt64(bytes.count))] ^= UInt8(1 << (random.next() % 8))
      }
      let trace = WholeTrace(damaged, format: .kilburn)
      if let failure = trace.failure {
        named += 1
        #expect(!"\(failure)".contains("\n"))
      }
    }
    // A bit that nobody reads may change unnoticed: reserved ones.
    #expect(named > 190)
  }

  @Test func machinesAreTold() throws {
    let geometry = try #require(TranslationGeometry(pageSize: .sixteenKiB, vaBits: 47))
    let machine = TracedMachine(
      geometry: geometry, hasHardwareAccessAndDirty: true,
      ram: PhysicalAddress(0x4000_0000)..<PhysicalAddress(0x8000_0000), core: "neoverse-n1")
    #expect(TracedMachine(machine.facts) == machine)
    for (name, value) in [
      ("ram", "0x0 0xffffffffffffffff"), ("ram", "0x8000 0x4000"), ("page-size", "5000"),
      ("va-bits", "60"), ("output-bits", "99"),
    ] {
      let facts = machine.facts.map { $0.name == name ? TraceFact(name, value) : $0 }
      #expect(TracedMachine(facts) == nil, "\(name) \(value)")
    }
  }
}

extension OwnFormatTests {
  /// The example of Documentation/MemoryTrace.md, byte by byte.
  @Test func theDocumentedExampleIsWhatIsWritten() throws {
    let path = Scratch.path()
    defer { unsafe unlink(path) }
    let record = AccessRecord(.load, VirtualAddress(0x1000), size: 8, by: .user)
    try Self.write([record], [], path)
    let bytes = Scratch.bytes(of: path)
    let chunk: [UInt8] = [
      0x41, 0, 0, 0, 0x15, 0, 0, 0, 0x15, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
      0, 0, 0, 0, 0x39, 0x7a, 0xec, 0x2c, 0x32, 0x6f, 0x70, 0x58, 1, 0, 0, 0, 1, 0, 0, 0, 3, 0,
      0, 0, 0, 0, 0, 0, 2, 0x50, 8, 0, 0x20,
    ]
    #expect(Array(bytes[56..<56 + chunk.count]) == chunk)
    #expect(bytes[..<16] == [75, 76, 66, 77, 69, 77, 84, 10, 2, 0, 0, 0, 0, 0, 0, 0])
    #expect(bytes[bytes.count - 64] == 0x5a)
  }
}
