import Foundation
import HeapInspection
import RecordedCores
import Testing

/// A real heap of which words were overwritten so that walks could go on for ever, or anywhere: each
/// ends, and names what is wrong and where.
struct HostileHeapTests {
  /// The heap as it was, its chunks by what they are.
  private struct Whole {
    let core: RecordedCore
    let report: HeapReport
    var chunks: [HeapChunk] = []

    init() throws {
      core = try RecordedCore("static-4k")
      var chunks: [HeapChunk] = []
      report = try HeapInspector(core.memory()).inspect { chunks.append($0) }
      self.chunks = chunks
    }

    var main: Arena { report.arenas[0].arena }

    /// The n-th chunk of the main arena in a state.
    func chunk(_ state: ChunkState, _ number: Int = 0) throws -> UInt64 {
      let all = chunks.filter { chunk in
        chunk.state == state && chunk.isChunk && main.segment(at: chunk.address) != nil
      }
      return try #require(number < all.count ? all[number].address : nil)
    }

    func inspect() throws -> HeapReport {
      let report = try HeapInspector(core.memory()).inspect()
      // Whatever is wrong, no byte is left out.
      for arena in report.arenas { #expect(arena.bytes.reduce(0, &+) == arena.span) }
      return report
    }
  }

  private static let sizeOffset: UInt64 = 8
  private static let forward: UInt64 = 16
  private static let backward: UInt64 = 24
  private static let next: UInt64 = 2160
  private static let top: UInt64 = 96

  @Test(arguments: [ChunkState.unsorted, .smallBin, .largeBin])
  func namesABinThatLeadsToItself(state: ChunkState) throws {
    let heap = try Whole()
    let chunk = try heap.chunk(state)
    try heap.core.set(chunk + Self.backward, chunk)
    let damages = try heap.inspect().damages
    let damage = try #require(damages.first)
    #expect(damage.address == chunk)
    #expect(damage.message?.contains("corrupted") == true)
  }

  @Test func namesACacheThatLeadsToItself() throws {
    let heap = try Whole()
    let chunk = try heap.chunk(.tcache)
    // As it is stored: XORed with its own place.
    let place = chunk + Self.forward
    try heap.core.set(place, place ^ place >> 12)
    let damage = try #require(try heap.inspect().damages.first)
    #expect(damage.message == "free(): double free detected in tcache 2")
    #expect(damage.address == chunk)
  }

  @Test(
    arguments: [0, 1 << 63, (1 << 63) + 1, UInt64.max, 8, 24, 0x7fff_ffff_ffff_fff0] as [UInt64])
  func namesASizeThatCannotBe(size: UInt64) throws {
    let heap = try Whole()
    let chunk = try heap.chunk(.used, 20)
    try heap.core.set(chunk + Self.sizeOffset, size)
    let report = try heap.inspect()
    #expect(report.damages.contains { $0.address == chunk })
    // The walk goes on behind it.
    #expect(report.bytes(.damaged) < 1 << 16)
    #expect(report.count(.used) + 8 > heap.report.count(.used))
  }

  /// What lies between two damaged sizes is known all the same.
  @Test func goesOnBetweenDamages() throws {
    let heap = try Whole()
    let chunks = heap.chunks.filter { heap.main.segment(at: $0.address) != nil }
    let (first, last) = (chunks[chunks.count / 8], chunks[chunks.count * 7 / 8])
    try heap.core.set(first.address + Self.sizeOffset, 0)
    try heap.core.set(last.address + Self.sizeOffset, 0)
    let report = try heap.inspect()
    #expect(report.damages.contains { $0.address == first.address })
    #expect(report.damages.contains { $0.address == last.address })
    #expect(report.bytes(.damaged) < report.arenas[0].span / 4)
  }

  @Test(arguments: [0x1000, 0x7fff_ffff_f000, 1 << 63, UInt64.max & ~15] as [UInt64])
  func namesATopThatIsNowhere(top: UInt64) throws {
    let heap = try Whole()
    try heap.core.set(heap.main.address + Self.top, top)
    do {
      let report = try heap.inspect()
      #expect(!report.damages.isEmpty)
    } catch HeapError.damaged(let address, _) {
      #expect(address == heap.main.address + Self.top)
    } catch HeapError.unmapped(let address) {
      #expect(address == top &+ Self.sizeOffset)
    }
  }

  /// A ring that goes round elsewhere, and one that leads nowhere.
  @Test func namesARingOfArenasThatDoesNotComeBack() throws {
    let heap = try Whole()
    let second = heap.report.arenas[1].arena.address
    let third = heap.report.arenas[2].arena.address
    for (place, value) in [(third, second), (second, second), (heap.main.address, 0x1234_5678)] {
      try heap.core.set(place + Self.next, value)
      #expect {
        _ = try heap.inspect()
      } throws: {
        switch $0 as? HeapError {
        case .damaged(_, let what): what.contains("ring")
        case .noHeap(let what): what.contains("ring")
        default: false
        }
      }
    }
  }

  @Test func namesHeapsThatAreARing() throws {
    let heap = try Whole()
    let start = heap.report.arenas[1].arena.segments[0].start
    try heap.core.set(start + 8, start)
    #expect(
      throws: HeapError.damaged(
        address: start,
        "the heaps of the arena at \(Self.hex(heap.report.arenas[1].arena.address)) are a ring")
    ) { try heap.inspect() }
  }

  private static func hex(_ value: UInt64) -> String { "0x" + String(value, radix: 16) }

  /// Tables of very many segments, which lie over each other or side by side.
  @Test(arguments: [true, false])
  func readsManySegments(overlap: Bool) throws {
    let count = 100_000
    var bytes: [UInt8] = [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1] + [UInt8](repeating: 0, count: 57)
    func put(_ value: UInt64, _ size: Int, at place: Int) {
      for index in 0..<size {
        bytes[place + index] = UInt8(truncatingIfNeeded: value >> (8 * index))
      }
    }
    bytes += [UInt8](repeating: 0, count: 64 + count * 56)
    put(4, 2, at: 16)
    put(183, 2, at: 18)
    put(128, 8, at: 32)
    // PN_XNUM: the first section header has the number.
    put(64, 8, at: 40)
    put(0xffff, 2, at: 56)
    put(UInt64(count), 4, at: 64 + 44)
    for index in 0..<count {
      let at = 128 + index * 56
      put(1, 4, at: at)
      put(6, 4, at: at + 4)
      put(UInt64(index) * 16, 8, at: at + 8)
      put(0x10_0000 + UInt64(overlap ? index % 7 : index) * 0x1000, 8, at: at + 16)
      put(16, 8, at: at + 32)
      put(overlap ? 1 << 40 : 0x1000, 8, at: at + 40)
    }
    let path = NSTemporaryDirectory() + "kilburn-heap-segments-\(UUID().uuidString)"
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    #expect(throws: HeapError.self) {
      try HeapInspector(CoreMemory(MappedBytes(path), files: BackingFiles(root: nil))).inspect()
    }
  }
}
