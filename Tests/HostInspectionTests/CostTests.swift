import Arm64
import MemoryTypes
import Testing

@testable import HostInspection

/// Costs beside a model that knows every page: sets of pages, blocks and tables.
@Suite struct CostTests {
  static let sizes: [PageSize] = [.fourKiB, .sixteenKiB, .sixtyFourKiB]

  /// Random runs upwards from an address, on a host of 4K pages.
  static func runs(_ random: inout SeededRandom, from start: UInt64, pages: Int) -> [PageRun] {
    var runs: [PageRun] = []
    var page = start >> 12
    let end = page + UInt64(pages)
    while page < end {
      let kinds: [PageRun.Kind] = [.resident, .resident, .swapped, .uncounted, .perhaps]
      let kind = kinds[random.below(kinds.count)]
      var count = UInt64(1 + random.below(random.below(8) == 0 ? 200 : 6))
      var shift: UInt8 = 12
      // A huge page now and then, of 2M, where one can begin.
      if page & 511 == 0, random.below(2) == 0, page + 512 <= end {
        count = 512
        shift = 21
      }
      count = min(count, end - page)
      if shift == 21 || random.below(3) > 0 {
        runs.add(
          PageRun(
            start: VirtualAddress(page << 12), length: ByteCount(count << 12), kind: kind,
            unitShift: kind == .swapped || kind == .uncounted ? 12 : shift))
      }
      page += count
    }
    return runs
  }

  @Test(arguments: 0..<200) func pagesAreCountedAsAModelCountsThem(seed: UInt64) {
    var random = SeededRandom(seed)
    let start = UInt64(random.below(1 << 20)) << 12
    let runs = Self.runs(&random, from: start, pages: 3000)
    for size in Self.sizes {
      var counter = BlockCounter(size)
      var certain: Set<UInt64> = []
      var possible: Set<UInt64> = []
      var swapped: Set<UInt64> = []
      for run in runs {
        counter.add(run, run.start, run.end)
        let unit = UInt64(1) << UInt64(run.unitShift)
        for page in stride(from: run.start.rawValue, to: run.end.rawValue, by: 4096) {
          let block = page >> size.shift
          switch run.kind {
          case .swapped: swapped.insert(block)
          case .resident, .perhaps:
            possible.insert(block)
            // Of a unit, its first page stands for the one that was touched.
            if run.kind == .resident, unit <= size.bytes.rawValue || page & (unit - 1) == 0 {
              certain.insert(block)
            }
          case .uncounted, .pool: break
          }
        }
      }
      counter.close()
      #expect(counter.low == UInt64(certain.count), "seed \(seed), \(size)")
      #expect(counter.high == UInt64(possible.count), "seed \(seed), \(size)")
      #expect(
        counter.swapped == UInt64(swapped.subtracting(possible).count), "seed \(seed), \(size)")
    }
  }

  @Test(arguments: 0..<100) func tablesAreCountedAsAModelCountsThem(seed: UInt64) throws {
    var random = SeededRandom(seed)
    var runs: [PageRun] = []
    for place in 0..<8 {
      let start = UInt64(place) << 41 + UInt64(random.below(1 << 28)) << 12
      runs += Self.runs(&random, from: start, pages: 1 + random.below(900))
    }
    for (size, bits) in zip(Self.sizes, [UInt64(48), 47, 48]) {
      let geometry = try #require(TranslationGeometry(pageSize: size, vaBits: bits))
      var counter = TableCounter(geometry)
      var tables = [Set<UInt64>](repeating: [], count: geometry.levels)
      for run in runs {
        counter.add(run, run.start, run.end)
        for page in stride(from: run.start.rawValue, to: run.end.rawValue, by: 4096) {
          for index in tables.indices {
            let shift = geometry.shift(at: geometry.startLevel + index) + geometry.bitsPerLevel
            tables[index].insert(index == 0 ? 0 : page >> shift)
          }
        }
      }
      #expect(counter.tables == tables.map { UInt64($0.count) }, "seed \(seed), \(size)")
    }
  }

  private func image(_ areas: String, _ runs: [PageRun]?) throws -> ProcessImage {
    try #require(
      ProcessImage(
        host: HostPages(pageShift: 12),
        stat: Array("1 (x) S 1 1 1 0 -1 0 1 0 0 0 0 0 0 0 20 0 7 0 1234 0 0".utf8), status: [],
        smaps: Array(areas.utf8), runs: runs, images: [], limits: []))
  }

  @Test func neighboursShareAPageOrHaveOneEach() throws {
    // Two areas meet in the middle of a 64K page, and each has a page touched there.
    let image = try image(
      """
      00400000-00408000 r-xp 00000000 08:02 1 /a
      00408000-00420000 rw-p 00008000 08:02 1 /a
      """,
      [
        PageRun(
          start: VirtualAddress(0x40_7000), length: ByteCount(0x2000), kind: .resident,
          unitShift: 12)
      ])
    let cost = ProcessCost(image)
    #expect(cost.total.map(\.resident) == [8192...8192, 32768...32768, 65536...131072])
    #expect(
      cost.areas.map { $0.map(\.resident.upperBound) } == [
        [4096, 16384, 65536], [4096, 16384, 65536],
      ])
    #expect(cost.unaligned == [0, 0, 2])
    // One table of each level, a page each but for a root of 64 entries on 64K.
    #expect(cost.total.map(\.tables) == [.kibibytes(16), .kibibytes(48), ByteCount(131_584)])
    #expect(cost.areas[0][0].tables == .kibibytes(16) && cost.areas[1][0].tables == .zero)
  }

  @Test func withoutPagesThereAreBoundsFromRss() throws {
    let image = try image(
      """
      00400000-00500000 rw-p 00000000 00:00 0
      Rss: 20 kB
      00600000-00604000 rw-p 00000000 00:00 0
      Rss: 16 kB
      """, nil)
    let cost = ProcessCost(image)
    #expect(cost.total.map(\.resident) == [36864...36864, 49152...98304, 131072...393216])
    #expect(cost.total.allSatisfy { $0.tables == nil })
  }

  @Test func aHugePageHidesWhatWasTouched() throws {
    let image = try image(
      "40000000-40400000 rw-p 00000000 00:00 0",
      [
        PageRun(
          start: VirtualAddress(0x4000_0000), length: .mebibytes(4), kind: .resident, unitShift: 21)
      ])
    let cost = ProcessCost(image)
    #expect(
      cost.total.map(\.resident) == [
        8192...(4 << 20), 32768...(4 << 20), 131072...(4 << 20),
      ])
    #expect(!cost.total[0].isExact)
  }
}
