import Arm64
import Foundation
import HardwareModel
import MemoryTypes
import Testing

/// The model beside the reference over random accesses, mappings and invalidations.
@Suite struct ModelTests {
  struct Case: CustomTestStringConvertible, Sendable {
    var name: String
    var pageSize: PageSize
    var vaBits: UInt64
    var policy: Replacement
    var geometry: @Sendable (Replacement) throws -> CoreGeometry
    var seed: UInt64
    var testDescription: String { "\(name) \(pageSize.shift)/\(vaBits) \(policy) seed \(seed)" }
  }

  /// Small structures, so that everything is full at once and everybody leaves some day.
  static func small(_ policy: Replacement) throws -> CoreGeometry {
    let sizes: [ByteCount] = [.kibibytes(4), .kibibytes(64), .mebibytes(2)]
    return try CoreGeometry(
      instructionTLB: TLBGeometry(entries: 4, ways: 4, sizes: sizes, policy),
      dataTLB: TLBGeometry(entries: 8, ways: 8, sizes: sizes, policy),
      sharedTLB: TLBGeometry(
        entries: 24, ways: 4, sizes: sizes + [.mebibytes(32), .gibibytes(1)], policy),
      walkCache: TLBGeometry(
        entries: 8, ways: 4, sizes: [.mebibytes(2), .gibibytes(1), .mebibytes(32)], policy),
      instructionCache: CacheGeometry(sets: 4, ways: 2, policy),
      dataCache: CacheGeometry(sets: 8, ways: 4, policy),
      secondCache: CacheGeometry(sets: 24, ways: 4, policy),
      lastCache: CacheGeometry(sets: 100, ways: 4, policy), walksThroughDataCache: false)
  }

  /// Odd numbers of sets and ways, nothing shared but memory, walks through L1D.
  static func odd(_ policy: Replacement) throws -> CoreGeometry {
    let isTree = policy == .treePseudoLRU
    return try CoreGeometry(
      instructionTLB: TLBGeometry(
        entries: isTree ? 6 : 9, ways: isTree ? 2 : 3, sizes: [.kibibytes(4)], policy),
      dataTLB: TLBGeometry(
        entries: isTree ? 12 : 15, ways: isTree ? 4 : 5,
        sizes: [.kibibytes(4), .kibibytes(16), .mebibytes(2)], policy),
      sharedTLB: nil,
      walkCache: TLBGeometry(
        entries: 4, ways: 4, sizes: [.mebibytes(512), .mebibytes(2), .mebibytes(32)], policy),
      instructionCache: CacheGeometry(sets: 3, ways: 1, line: 32, policy),
      dataCache: CacheGeometry(sets: 7, ways: isTree ? 4 : 3, line: 32, policy),
      secondCache: nil, lastCache: CacheGeometry(sets: 61, ways: 2, line: 32, policy),
      walksThroughDataCache: true)
  }

  /// The numbers of sets and ways that have straight code of their own.
  static func usual(_ policy: Replacement) throws -> CoreGeometry {
    let sizes: [ByteCount] = [.kibibytes(4), .mebibytes(2)]
    return try CoreGeometry(
      instructionTLB: TLBGeometry(entries: 8, ways: 4, sizes: sizes, policy),
      dataTLB: TLBGeometry(entries: 16, ways: 16, sizes: sizes, policy),
      sharedTLB: TLBGeometry(entries: 32, ways: 4, sizes: sizes, policy), walkCache: nil,
      instructionCache: CacheGeometry(sets: 2, ways: 8, policy),
      dataCache: CacheGeometry(sets: 4, ways: 4, policy),
      secondCache: CacheGeometry(sets: 4, ways: 8, policy),
      lastCache: CacheGeometry(sets: 8, ways: 16, policy), walksThroughDataCache: true)
  }

  /// Nothing but first levels.
  static func bare(_ policy: Replacement) throws -> CoreGeometry {
    try CoreGeometry(
      instructionTLB: TLBGeometry(entries: 2, ways: 1, sizes: [], policy),
      dataTLB: TLBGeometry(entries: 2, ways: 2, sizes: [.mebibytes(2)], policy),
      sharedTLB: nil, walkCache: nil,
      instructionCache: CacheGeometry(sets: 2, ways: 1, policy),
      dataCache: CacheGeometry(sets: 2, ways: 2, policy),
      secondCache: nil, lastCache: nil, walksThroughDataCache: false)
  }

  static var cases: [Case] {
    let policies: [Replacement] = [
      .leastRecentlyUsed, .treePseudoLRU, .firstInFirstOut, .random(seed: 7),
    ]
    let shapes: [(PageSize, UInt64)] = [
      (.fourKiB, 48), (.fourKiB, 39), (.sixteenKiB, 47), (.sixtyFourKiB, 42), (.sixtyFourKiB, 52),
    ]
    var all: [Case] = []
    for (number, (pageSize, bits)) in shapes.enumerated() {
      for (index, policy) in policies.enumerated() {
        let seed = UInt64(number * 10 + index + 1)
        all.append(
          Case(
            name: "small", pageSize: pageSize, vaBits: bits, policy: policy, geometry: small,
            seed: seed))
        all.append(
          Case(
            name: "usual", pageSize: pageSize, vaBits: bits, policy: policy, geometry: usual,
            seed: seed + 200))
        all.append(
          Case(
            name: index % 2 == 0 ? "odd" : "bare", pageSize: pageSize, vaBits: bits,
            policy: policy, geometry: index % 2 == 0 ? odd : bare, seed: seed + 100))
      }
    }
    return all
  }

  @Test(arguments: cases) func agreesWithTheReference(_ one: Case) throws {
    let long = ProcessInfo.processInfo.environment["KILBURN_LONG_TESTS"] != nil
    let shape = try #require(TranslationGeometry(pageSize: one.pageSize, vaBits: one.vaBits))
    var world = try ModelWorld(shape, one.geometry(one.policy), seed: one.seed)
    for _ in 0..<100 { world.changeMapping() }
    for step in 0..<(long ? 100_000 : 200) {
      let difference = try world.step()
      guard difference.isEmpty else {
        Issue.record(
          "step \(step) (\(world.last)): \(difference.joined(separator: "; "))")
        return
      }
    }
    #expect(world.core.counters[.accesses(.load, .user)] > 100)
    #expect(world.core.counters[.tlbMisses(.store, .user)] > 20)
    #expect(world.core.counters[.faults(.user)] > 5)
    #expect(world.core.counters[.writeBacks(.first)] > 10)
  }

  /// A fetch whose walk goes through L1D can take the line that data used last: using that line
  /// again is no hit.
  @Test func aWalkForInstructionsTakesTheDataLine() throws {
    let shape = try #require(TranslationGeometry(pageSize: .fourKiB, vaBits: 48))
    let tables = TestTables(shape, size: 1 << 20)
    let root = try #require(tables.makeTable())
    let (data, code) = (VirtualAddress(0x40_0000), VirtualAddress(0x7000_0000_0000))
    for address in [data, code] {
      let place = try #require(tables.place(of: address, at: 3, under: root))
      let page = Descriptor(
        page: PageFrameNumber(0x80000), .userReadOnlyExecute, in: shape)
      tables.write(page, at: place)
    }
    let geometry = try CoreGeometry(
      instructionTLB: TLBGeometry(entries: 1, ways: 1, sizes: []),
      dataTLB: TLBGeometry(entries: 1, ways: 1, sizes: []), sharedTLB: nil, walkCache: nil,
      instructionCache: CacheGeometry(sets: 1, ways: 1),
      dataCache: CacheGeometry(sets: 1, ways: 2), secondCache: nil, lastCache: nil,
      walksThroughDataCache: true)
    var core = CoreModel(geometry, memory: tables.memory)
    core.load(TranslationRegime(geometry: shape, lowerRoot: root), asid: ASID(1))
    let load = AccessRecord(.load, data, size: 8, by: .user)
    let records = [load, load, AccessRecord(.fetch, code, size: 4, by: .user), load]
    let done = unsafe records.withUnsafeBufferPointer { unsafe core.run($0) }
    #expect(done == 4)
    #expect(core.counters[.served(.load, .user, .first)] == 1)
    #expect(core.counters[.served(.load, .user, .memory)] == 2)
  }
}
