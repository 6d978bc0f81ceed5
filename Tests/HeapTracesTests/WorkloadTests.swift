import TraceFiles
import Testing

@testable import HeapTraces

/// Workloads, written here as trace2wl writes them.
@Suite struct WorkloadTests {
  static func number(_ value: UInt64) -> [UInt8] {
    var bytes = [UInt8(value & 0x7f)]
    var rest = value >> 7
    while rest > 0 {
      bytes.append(UInt8(rest & 0x7f) | 0x80)
      rest >>= 7
    }
    return bytes.reversed()
  }

  /// A file of threads, each its commands: a byte and numbers.
  static func file(objects: UInt64, _ threads: [[[UInt64]]]) -> [UInt8] {
    var blocks: [[UInt8]] = []
    for commands in threads {
      var block: [UInt8] = []
      for command in commands {
        block.append(UInt8(command[0]))
        for argument in command.dropFirst() { block += number(argument) }
      }
      blocks.append(block + [1])
    }
    var setUp: [UInt8] = []
    var length = 0
    repeat {
      length = setUp.count
      setUp = [8] + number(objects) + [9] + number(16) + [10] + number(UInt64(threads.count))
      var offset = length
      for block in blocks {
        setUp += [11] + number(UInt64(offset))
        offset += block.count
      }
      setUp.append(1)
    } while setUp.count != length
    return setUp + blocks.flatMap { $0 }
  }

  @Test func numbersAreMostSignificantFirst() throws {
    let bytes = Self.file(objects: 9, [[[2, 1, 300_000], [4, 2, 1, 1 << 40], [5, 2], [5, 0]]])
    let (events, failure) = try Samples.events(of: bytes)
    #expect(failure == nil)
    #expect(events.map(\.operation) == [.malloc, .realloc, .free, .free, .threadEnd])
    #expect(events[0].size == 300_000 && events[1].size == 1 << 40)
    #expect(events[1].source == 0 && events[1].slot == 0)
    #expect(events[3].isNull)
  }

  @Test func aThreadWaitsForWhatItAcquires() throws {
    let bytes = Self.file(
      objects: 9,
      [
        [[7, 1], [5, 1], [3, 3, 5]],
        [
          [2, 2, 16], [2, 1, 32], [6, 1], [12, 4, 64, 100], [15, 5, 32, 1], [13, 6, 7], [14, 7, 8],
        ],
      ])
    let (events, failure) = try Samples.events(of: bytes)
    #expect(failure == nil)
    let calls = events.calls
    #expect(calls.filter { $0.thread == 0 }.map(\.operation) == [.free, .calloc])
    #expect(
      calls.filter { $0.thread == 1 }.map(\.operation)
        == [.malloc, .malloc, .memalign, .posixMemalign, .valloc, .pvalloc])
    let free = try #require(calls.firstIndex { $0.operation == .free })
    let made = try #require(calls.firstIndex { $0.size == 32 })
    #expect(free > made)
    #expect(events.count(.threadEnd) == 2)
  }

  @Test(
    arguments: [
      (file(objects: 9, [[[5, 1]]]), TraceError.Kind.unknownPointer),
      (file(objects: 9, [[[2, 1, 8], [5, 1], [5, 1]]]), .unknownPointer),
      (file(objects: 9, [[[2, 1, 8], [2, 1, 8]]]), .allocatedTwice),
      (file(objects: 9, [[[2, 10, 8]]]), .malformed),
      (file(objects: 1 << 60, [[[2, 1 << 50, 8]]]), .malformed),
      (file(objects: 9, [[[7, 1]], [[7, 2]]]), .malformed),
      (file(objects: 9, [[[99]]]), .malformed),
      (file(objects: 9, [[[2, 1, 8]]]).dropLast(1), .truncated),
    ] as [([UInt8], TraceError.Kind)])
  func hostileWorkloadsAreNamed(bytes: [UInt8], kind: TraceError.Kind) throws {
    let (_, failure) = try Samples.events(of: bytes)
    #expect(failure?.kind == kind, "\(String(describing: failure))")
    #expect(failure?.place?.offset != nil)
  }

  @Test func hostileSetUpsAreNamed() throws {
    for bytes in [
      [8, 9, 9, 1, 10, 2, 1], [8, 9, 9, 1, 11, 99, 1], [8, 9, 9, 1, 77],
      [8] + Array(repeating: 0xff, count: 30) + [9, 1], [8, 9, 9],
    ] as [[UInt8]] {
      #expect(throws: TraceError.self, "\(bytes)") { try Samples.events(of: bytes) }
    }
  }
}
