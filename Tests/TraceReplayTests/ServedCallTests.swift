import Arm64
import HardwareModel
import MemoryTypes
import Testing
import TraceFiles

@testable import MemoryTraces
@testable import TraceReplay

/// What traced programs give back is gone, and what does not fit goes to swap.
@Suite struct ServedCallTests {
  private static let start: UInt64 = 0x1000_0000

  /// Touches so many pages of 4K, makes a call behind them, and touches them again.
  private func play(
    _ call: MemoryTraceEvent, result: UInt64 = 0, size: PageSize = .fourKiB, pages: UInt64 = 64
  ) throws -> ReplayResult {
    let walk = ReplayTests.walk(pages, from: Self.start)
    var calls = [call, MemoryTraceEvent(.systemReturn, result)]
    for index in calls.indices { calls[index].position = walk.count }
    var replay = try ServedReplay(try ReplayTests.setup(size))
    return replay.play([ReplayedTrace("t", ReplayTests.Made(walk + walk, calls))]) { true }
  }

  private static let pieces: [(call: MemoryTraceEvent, result: UInt64, gone: UInt64)] = [
    (MemoryTraceEvent(.systemCall, 215, start, 16 << 12), 0, 16),
    (MemoryTraceEvent(.systemCall, 215, start, 16 << 12), 0 &- 22, 0),
    (MemoryTraceEvent(.systemCall, 233, start, 8 << 12, 4), 0, 8),
    (MemoryTraceEvent(.systemCall, 233, start, 8 << 12, 3), 0, 0),
    (MemoryTraceEvent(.systemCall, 222, start, 4 << 12, 3, 0x32, .max, 0), start, 4),
    (MemoryTraceEvent(.systemCall, 222, 0, 4 << 12, 3, 0x22, .max, 0), start, 0),
    (MemoryTraceEvent(.systemCall, 216, start, 32 << 12, 8 << 12, 1), start, 24),
    (MemoryTraceEvent(.systemCall, 216, start, 32 << 12, 64 << 12, 1), 0x2000_0000, 32),
    (MemoryTraceEvent(.systemCall, 215, start &+ 100, 1 << 40), 0, 63),
    (MemoryTraceEvent(.systemCall, 215, .max, .max), 0, 0),
  ]

  @Test func whatIsGivenBackIsFaultedInAgain() throws {
    for (call, result, gone) in Self.pieces {
      let replay = try play(call, result: result)
      #expect(replay.failure == nil)
      #expect(replay.faults == 64 + gone, "\(call): \(replay.faults)")
      #expect(replay.resident == ByteCount(64 << 12))
    }
  }

  /// Of larger pages, those go that were given back whole.
  @Test func partsOfPagesStay() throws {
    let replay = try play(
      MemoryTraceEvent(.systemCall, 215, Self.start + 0x1000, 40 << 12), size: .sixtyFourKiB)
    #expect(replay.faults == 4 + 1)
  }

  @Test func aBreakThatFallsGivesBack() throws {
    let walk = ReplayTests.walk(64, from: Self.start)
    let top = Self.start + 64 << 12
    var calls: [MemoryTraceEvent] = []
    for (place, end) in [(0, top), (64, top - 16 << 12)] {
      calls.append(MemoryTraceEvent(.systemCall, 214, end, position: place))
      calls.append(MemoryTraceEvent(.systemReturn, end, position: place))
    }
    var replay = try ServedReplay(try ReplayTests.setup(.fourKiB))
    let result = replay.play([ReplayedTrace("t", ReplayTests.Made(walk + walk, calls))]) { true }
    #expect(result.failure == nil && result.faults == 64 + 16, "\(result.faults)")
  }

  /// Children begin with what their parent has; programs that end give all of it back.
  @Test(arguments: [false, true]) func processesComeAndGo(_ dirty: Bool) throws {
    let walk = ReplayTests.walk(64, from: Self.start)
    func at(_ position: Int, _ kind: MemoryTraceEvent.Kind, _ words: UInt64...) -> MemoryTraceEvent
    {
      let words = words + Array(repeating: 0, count: 4)
      return MemoryTraceEvent(kind, words[0], words[1], words[2], words[3], position: position)
    }
    let made = ReplayTests.Made(
      Array(repeating: walk, count: 4).flatMap { $0 },
      [
        at(0, .addressSpace, 0x1000, 1), at(64, .systemCall, 220, 17),
        // The child writes to every third page, and has the others already.
        at(64, .addressSpace, 0x2000, 2), at(128, .systemCall, 221),
        at(128, .addressSpace, 0x3000, 3),
        at(128, .systemReturn, 0), at(192, .systemCall, 94), at(192, .addressSpace, 0x1000, 1),
      ])
    made.nature = MemoryTraceNature(.kilburn, hasKernel: true)
    var replay = try ServedReplay(try ReplayTests.setup(.fourKiB, dirty: dirty))
    let result = replay.play([ReplayedTrace("t", made)]) { true }
    #expect(result.failure == nil && result.processes == 3, "\(result.processes)")
    // The first 64; copies of those that the child writes; the new program's; the parent's own again.
    // A child's other pages are old (copy_present_pte() in mm/memory.c), which faults where the CPU
    // sets no access flag.
    let written: UInt64 = 22
    let old: UInt64 = dirty ? 0 : 64 - written
    let expected: UInt64 = 64 + written + old + 64 + written
    #expect(result.faults == expected, "\(result.faults)")
    #expect(result.resident < ByteCount(3 * 64 << 12))
  }

  /// Twice as much as there is RAM: it is swapped, and the counts are the same twice over.
  @Test(arguments: [PageSize.fourKiB, .sixtyFourKiB], [false, true])
  func whatDoesNotFitIsSwapped(_ size: PageSize, _ dirty: Bool) throws {
    let walk = ReplayTests.walk(16_384, from: Self.start)
    func once() throws -> ReplayResult {
      var replay = try ServedReplay(try ReplayTests.setup(size, dirty: dirty, ram: 32 << 20))
      return replay.play([
        ReplayedTrace("t", ReplayTests.Made(walk + walk + walk.reversed()))
      ]) { true }
    }
    let result = try once()
    #expect(result.failure == nil, "\(result.failure.map { "\($0)" } ?? "")")
    #expect(result.accesses == 3 * 16_384)
    #expect(result.swapped.out > 0 && result.swapped.back > 0)
    #expect(result.majorFaults > 0 && result.faults > result.majorFaults)
    #expect(result.resident < .mebibytes(32) && result.resident > .mebibytes(20))
    let again = try once()
    #expect(again.counters == result.counters && again.swapped == result.swapped)
  }

  /// What is used all the time stays: reclaim sees which pages are.
  @Test func whatIsUsedStays() throws {
    var records: [AccessRecord] = []
    for page in 0..<16_384 as Range<UInt64> {
      let cold = VirtualAddress(Self.start + page << 12)
      records.append(AccessRecord(.store, cold, size: 8, by: .user))
      let hot = VirtualAddress(0x4000_0000 + page % 256 << 12)
      records.append(AccessRecord(.load, hot, size: 8, by: .user))
    }
    for dirty in [false, true] {
      var replay = try ServedReplay(try ReplayTests.setup(.fourKiB, dirty: dirty, ram: 32 << 20))
      let result = replay.play([ReplayedTrace("t", ReplayTests.Made(records))]) { true }
      #expect(result.failure == nil && result.swapped.out > 8_000)
      #expect(result.majorFaults < 256, "\(result.majorFaults) of 256 pages came back")
    }
  }
}
