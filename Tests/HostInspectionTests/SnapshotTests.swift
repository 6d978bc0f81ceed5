import Machine
import MemoryTypes
import Testing

@testable import HostInspection

@Suite struct SnapshotTests {
  static func image(_ seed: UInt64) throws -> ProcessImage {
    var random = SeededRandom(seed)
    var host = HostPages(pageShift: 12)
    host.tlbEntries = 1234
    host.machine = "aarch64"
    host.release = "6.1"
    return try #require(
      ProcessImage(
        host: host, stat: Array("7 (x y) S 1 1 1 0 -1 0 1 0 0 0 0 0 0 0 20 0 7 0 1234 0 0".utf8),
        status: Array("VmRSS: 12 kB\n".utf8), smaps: Array(SMapsTests.text.utf8),
        runs: seed % 5 == 0 ? nil : CostTests.runs(&random, from: 0x7f00_0000_0000, pages: 500),
        images: [
          ELFImage(
            path: "/lib/a b.so",
            segments: [
              .init(offset: 0, address: 0, alignment: 0x1_0000),
              .init(offset: 0x1000, address: 0x2_1000, alignment: 0x1_0000),
            ])
        ], limits: ["something: refused"]))
  }

  @Test(arguments: 0..<20) func whatIsRecordedIsReadAgain(seed: UInt64) throws {
    let image = try Self.image(seed)
    #expect(try ProcessSnapshot.decode(ProcessSnapshot.encode(image), called: "x") == image)
  }

  /// Every prefix ends in an error, never in a trap.
  @Test func aFileThatIsCutOffIsRefused() throws {
    let bytes = ProcessSnapshot.encode(try Self.image(1))
    for length in stride(from: 0, to: bytes.count, by: 7) {
      #expect(throws: MachineError.self) {
        try ProcessSnapshot.decode(Array(bytes[..<length]), called: "x")
      }
    }
    #expect(throws: MachineError.self) {
      try ProcessSnapshot.decode(bytes + [0], called: "x")
    }
  }

  @Test(arguments: 0..<1000) func spoiledFilesAreRefusedOrRead(seed: UInt64) throws {
    var random = SeededRandom(seed)
    let bytes = random.spoiled(ProcessSnapshot.encode(try Self.image(seed)))
    do throws(MachineError) {
      let image = try ProcessSnapshot.decode(bytes, called: "x")
      let cost = ProcessCost(image)
      #expect(cost.areas.count == image.areas.count)
    } catch {
      #expect(error.description.hasPrefix("x: "), "\(error)")
    }
  }

  @Test func segmentsDecideWhereAFileLoads() {
    func image(_ segments: [(UInt64, UInt64, UInt64)]) -> ELFImage {
      ELFImage(
        path: "/x",
        segments: segments.map { .init(offset: $0.0, address: $0.1, alignment: $0.2) })
    }
    let large = image([(0, 0, 0x1_0000), (0x1000, 0x2_1000, 0x1_0000)])
    #expect(PageSize.all.allSatisfy { large.obstacle(on: $0) == nil })
    let small = image([(0, 0, 0x1000), (0x2_0000, 0x2_0000, 0x1000)])
    #expect(small.obstacle(on: .fourKiB) == nil)
    #expect(small.obstacle(on: .sixteenKiB) == "segments aligned to 4K")
    let android = image([(0, 0, 0x4000), (0x3000, 0x7000, 0x4000)])
    #expect(android.obstacle(on: .sixteenKiB) == nil)
    #expect(android.obstacle(on: .sixtyFourKiB) != nil)
    let shifted = image([(0x1000, 0x2000, 0x1_0000)])
    #expect(shifted.obstacle(on: .fourKiB) == nil)
    #expect(shifted.obstacle(on: .sixtyFourKiB) == "a segment's address and offset disagree")
  }

  @Test(arguments: 0..<300) func anyBytesAreAnImageOrNone(seed: UInt64) throws {
    var random = SeededRandom(seed)
    var bytes = try HostFile.start(of: "/proc/self/exe", limit: 4096)
    for _ in 0..<1 + random.below(20) {
      bytes[random.below(random.below(2) == 0 ? 64 : 1024)] = UInt8(
        truncatingIfNeeded: random.next())
    }
    if let image = ELFImage(path: "x", start: Array(bytes.prefix(random.below(4097)))) {
      for size in PageSize.all { _ = image.obstacle(on: size) }
    }
  }
}
