import Arm64
import HardwareModel
import MemoryTraces
import MemoryTypes
import TestSupport
import Testing
import TraceFiles

/// Records of other tools: right, cut, damaged.
@Suite struct BinaryReaderTests {
  private static func bytes(_ number: UInt64, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: number >> (8 * UInt64($0))) }
  }

  private static func instruction(
    _ address: UInt64, reads: [UInt64] = [], writes: [UInt64] = []
  ) -> [UInt8] {
    bytes(address, 8) + [0, 0, 1, 2, 3, 4, 5, 6]
      + (0..<2).flatMap { bytes($0 < writes.count ? writes[$0] : 0, 8) }
      + (0..<4).flatMap { bytes($0 < reads.count ? reads[$0] : 0, 8) }
  }

  @Test func champSim() {
    let file =
      Self.instruction(0x40_1000, reads: [0x7fff_0000, 0x7fff_0040], writes: [0x60_0000])
      + Self.instruction(0x40_1004)
    let whole = WholeTrace(file)
    #expect(whole.failure == nil)
    #expect(
      whole.records.map(\.kind) == [.fetch, .load, .load, .store, .fetch])
    #expect(
      whole.records.map(\.address.rawValue) == [
        0x40_1000, 0x7fff_0000, 0x7fff_0040, 0x60_0000, 0x40_1004,
      ])
    #expect(whole.events == [MemoryTraceEvent(.instructions, 2, position: 5)])
  }

  @Test func damagedInstructionsHaveTheirOffset() {
    let good = (0..<20_000 as Range<UInt64>).flatMap { Self.instruction(0x40_0000 + $0 * 4) }
    let cut = WholeTrace(Array(good.dropLast(7)))
    #expect(cut.failure?.kind == .truncated && cut.records.count == 19_999)
    #expect(cut.failure?.place?.offset == 19_999 * 64)
    var damaged = good
    damaged[15_000 * 64 + 9] = 7
    let wrong = WholeTrace(damaged)
    #expect(wrong.failure?.kind == .malformed && wrong.records.count == 15_000)
    #expect(wrong.failure?.place?.offset == 15_000 * 64)
  }

  private static func entry(_ type: UInt64, _ size: UInt64, _ address: UInt64) -> [UInt8] {
    bytes(type, 2) + bytes(size, 2) + bytes(address, 8)
  }

  private static let drmemtrace: [UInt8] = [
    entry(25, 0, 4), entry(28, 12, 4), entry(28, 9, 0x248), entry(22, 0, 101), entry(24, 0, 100),
    entry(28, 2, 1_000_000), entry(28, 18, 4096), entry(47, 4, 0xd65f03c0), entry(10, 4, 0x40_0000),
    entry(0, 8, 0x7000_0000), entry(1, 16, 0x7000_0010), entry(10, 4, 0x40_0004),
    entry(17, 3, 0x04_0404), entry(28, 25, 64), entry(28, 2, 1_000_003), entry(28, 27, 0),
    entry(10, 4, 0xffff_8000_0000_1000), entry(28, 28, 0), entry(4, 1, 0x7000_0020),
    entry(23, 0, 101), entry(26, 0, 0),
  ].flatMap { $0 }

  @Test func drmemtraceIsRead() throws {
    try Scratch.file(Self.drmemtrace) { path in
      let reader = try MemoryTraceFile.open(path)
      let whole = WholeTrace(reader)
      #expect(whole.failure == nil)
      #expect(!reader.nature.isSampled)
      #expect(
        whole.records.map(\.address.rawValue) == [
          0x40_0000, 0x7000_0000, 0x7000_0010, 0x40_0004, 0x40_0008, 0x40_000c, 0x40_0010,
          0xffff_8000_0000_1000,
        ])
      #expect(whole.records.map(\.privilege).filter { $0 == .kernel }.count == 1)
      let told = whole.events.filter { $0.kind == .instructions }
      #expect(told.reduce(0) { $0 + $1.a } == 5 && told.reduce(0) { $0 + $1.b } == 1)
      #expect(whole.events.contains { $0.kind == .systemCall && $0.a == 64 })
      #expect(whole.events.contains { $0.kind == .time && $0.a == 3000 })
      #expect(whole.events.contains { $0.kind == .task && $0.a == 100 && $0.b == 101 })
      #expect(reader.facts.contains(TraceFact("traced-page-size", "4096")))
    }
  }

  /// -record_syscall: arguments and result; x86-64's munmap is arm64's.
  @Test func drmemtraceTellsArguments() {
    let base: UInt64 = 1 << 32
    let calls = [
      Self.entry(25, 0, 4), Self.entry(28, 9, 0x40), Self.entry(10, 4, 0x40_0000),
      Self.entry(28, 25, 11), Self.entry(28, 4, base + 11), Self.entry(28, 6, 0x7000_0000),
      Self.entry(28, 6, 0x1000), Self.entry(28, 2, 5), Self.entry(28, 4, base + 11),
      Self.entry(28, 7, 0), Self.entry(10, 4, 0x40_0004), Self.entry(28, 25, 200),
      Self.entry(10, 4, 0x40_0008), Self.entry(28, 4, 7), Self.entry(28, 7, 9),
      Self.entry(26, 0, 0),
    ].flatMap { $0 }
    let told = WholeTrace(calls).events.filter {
      $0.kind == .systemCall || $0.kind == .systemReturn
    }
    #expect(
      told == [
        MemoryTraceEvent(.systemCall, 215, 0x7000_0000, 0x1000, position: 1),
        MemoryTraceEvent(.systemReturn, 0, position: 1),
        MemoryTraceEvent(.systemCall, base + 200, position: 2),
      ])
  }

  @Test func whatWasFilteredIsSampled() throws {
    let filtered = [
      Self.entry(25, 0, 4), Self.entry(28, 9, 0x180), Self.entry(26, 0, 0),
    ].flatMap { $0 }
    try Scratch.file(filtered) { path in
      let reader = try MemoryTraceFile.open(path)
      _ = WholeTrace(reader)
      #expect(reader.nature.isSampled)
    }
  }

  @Test func damagedDrmemtraceIsNamed() {
    let cut = WholeTrace(Array(Self.drmemtrace.dropLast(12)))
    #expect(cut.failure?.kind == .truncated, "no footer")
    let middle = WholeTrace(Array(Self.drmemtrace.dropLast(5)))
    #expect(middle.failure?.kind == .truncated)
    var damaged = Self.drmemtrace
    damaged[9 * 12] = 200
    let wrong = WholeTrace(damaged)
    #expect(wrong.failure?.kind == .malformed && wrong.failure?.place?.offset == 9 * 12)
    #expect(wrong.records.count == 1)
    var version = Self.drmemtrace
    version[4] = 1
    #expect(WholeTrace(version).failure?.kind == .unsupported)
    var size = Self.drmemtrace
    size[9 * 12 + 3] = 0xff
    #expect(WholeTrace(size).failure?.kind == .malformed)
  }

  /// Whatever the bytes, reading ends, and what is wrong has a name.
  @Test(arguments: MemoryTraceFile.Format.allCases) func anyBytesEnd(
    _ format: MemoryTraceFile.Format
  ) {
    var random = Random(seed: UInt64(format.rawValue.count))
    for _ in 0..<60 {
      var bytes = (0..<Int(random.next() % 4000)).map { _ in UInt8(random.next() % 256) }
      if format == .drmemtrace { bytes = Self.entry(25, 0, 4) + bytes }
      let whole = WholeTrace(bytes, format: format)
      if let failure = whole.failure { #expect(!"\(failure)".contains("\n")) }
    }
  }
}
