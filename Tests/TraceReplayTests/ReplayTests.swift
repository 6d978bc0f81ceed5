import Arm64
import HardwareModel
import MemoryTypes
import TestSupport
import Testing
import TraceFiles

@testable import MemoryTraces
@testable import TraceReplay

/// Traces on the host board.
@Suite struct ReplayTests {
  static func core() throws -> CoreGeometry {
    let pages: [ByteCount] = [.kibibytes(4), .kibibytes(16), .kibibytes(64)]
    let tables: [ByteCount] = [.mebibytes(2), .mebibytes(32), .mebibytes(512)]
    return try CoreGeometry(
      instructionTLB: TLBGeometry(entries: 16, ways: 16, sizes: pages),
      dataTLB: TLBGeometry(entries: 16, ways: 16, sizes: pages),
      sharedTLB: TLBGeometry(entries: 64, ways: 4, sizes: pages),
      walkCache: TLBGeometry(entries: 8, ways: 8, sizes: tables),
      instructionCache: CacheGeometry(bytes: 4096, ways: 2),
      dataCache: CacheGeometry(bytes: 4096, ways: 4),
      secondCache: CacheGeometry(bytes: 32768, ways: 8),
      lastCache: CacheGeometry(bytes: 131072, ways: 8), walksThroughDataCache: true)
  }

  static func setup(
    _ size: PageSize, dirty: Bool = false, ram: UInt64 = 64 << 20, vaBits: UInt64? = nil
  ) throws -> ReplaySetup {
    let start = PhysicalAddress(0x4000_0000)
    return ReplaySetup(
      translation: .forTests(size, vaBits: vaBits), hasHardwareAccessAndDirty: dirty,
      banks: [start..<start + ByteCount(ram)], core: try core())
  }

  /// A trace that stands in memory.
  final class Made: MemoryTraceReader {
    var nature = MemoryTraceNature(.lackey)
    var facts: [TraceFact] = []
    var progress: TraceProgress { TraceProgress(done: 0, total: nil) }
    private var left: [AccessRecord]
    private let failure: TraceError?
    private var events: [MemoryTraceEvent]

    init(
      _ records: [AccessRecord], _ events: [MemoryTraceEvent] = [], failure: TraceError? = nil
    ) {
      left = records
      self.events = events
      self.failure = failure
    }

    func read(into batch: MemoryTraceBatch) {
      batch.fill(with: left.prefix(5000))
      batch.set(events: events)
      events = []
      left = Array(left.dropFirst(5000))
      if left.isEmpty { batch.failure = failure }
    }
  }

  static func walk(_ pages: UInt64, from start: UInt64, step: UInt64 = 4096) -> [AccessRecord] {
    (0..<pages).map {
      AccessRecord(
        $0 % 3 == 0 ? .store : .load, VirtualAddress(start + $0 * step), size: 8, by: .user)
    }
  }

  @Test(arguments: [PageSize.fourKiB, .sixteenKiB, .sixtyFourKiB])
  func whatIsTouchedIsMapped(_ size: PageSize) throws {
    let records = Self.walk(1024, from: 0x1000_0000) + Self.walk(1024, from: 0x1000_0000)
    var replay = try ServedReplay(try Self.setup(size))
    let result = replay.play([ReplayedTrace("t", Made(records))]) { true }
    #expect(result.failure == nil)
    let pages = 1024 * 4096 / size.bytes.rawValue
    #expect(result.faults == pages)
    #expect(result.resident == ByteCount(1024 * 4096))
    #expect(result.accesses == 2048)
    let counts = result.counters
    #expect(
      counts[.accesses(.load, .user)] + counts[.accesses(.store, .user)] == 2048)
    // Each page is walked for once with the fault, and once more than the TLBs hold.
    #expect(counts[.walks(.load, .user)] + counts[.walks(.store, .user)] >= pages * 2)
  }

  @Test func processesHaveSpacesOfTheirOwn() throws {
    let one = Self.walk(300, from: 0x1000_0000)
    let many = Array(repeating: one, count: 10).flatMap { $0 }
    var setup = try Self.setup(.fourKiB)
    setup.quantum = 500
    var replay = try ServedReplay(setup)
    let result = replay.play([
      ReplayedTrace("a", Made(many)), ReplayedTrace("b", Made(many)), ReplayedTrace("c", Made(one)),
    ]) { true }
    #expect(result.failure == nil)
    #expect(result.processes == 3)
    #expect(result.faults == 900)
    #expect(result.accesses == 6300)
    #expect(result.switches >= 10)
    #expect(result.traces.map(\.accesses) == [3000, 3000, 300])
  }

  @Test func whatCannotBeReplayedIsNamed() throws {
    var small = try Self.setup(.fourKiB, ram: 32 << 20)
    small.swap = .mebibytes(8)
    var replay = try ServedReplay(small)
    let full = replay.play([ReplayedTrace("t", Made(Self.walk(20_000, from: 0x1000_0000)))]) {
      true
    }
    #expect(full.failure?.kind == .usage && full.accesses > 1000)
    let high = [AccessRecord(.load, VirtualAddress(0x7fff_0000_0000), size: 8, by: .user)]
    replay = try ServedReplay(try Self.setup(.fourKiB, vaBits: 39))
    let beyond = replay.play([ReplayedTrace("t", Made(Self.walk(5, from: 0x1000) + high))]) { true }
    #expect(beyond.failure?.kind == .unsupported && beyond.accesses == 5)
    let cut = TraceError(.truncated, "x", at: TracePlace("t", line: 3))
    replay = try ServedReplay(try Self.setup(.fourKiB))
    let partial = replay.play([ReplayedTrace("t", Made(Self.walk(50, from: 0x1000), failure: cut))])
    {
      true
    }
    #expect(partial.failure == cut && partial.accesses == 50)
  }

  @Test func kernelsOfOthersArePassedOver() throws {
    let kernel = AccessRecord(.load, VirtualAddress(0xffff_8000_0000_0000), size: 8, by: .kernel)
    var replay = try ServedReplay(try Self.setup(.fourKiB))
    let records = Self.walk(5, from: 0x1000) + [kernel, kernel] + Self.walk(5, from: 0x1000)
    let result = replay.play([ReplayedTrace("t", Made(records))]) { true }
    #expect(result.skipped == 2 && result.counters[.accesses(.load, .kernel)] == 0)
    #expect(result.failure == nil)
  }
}
