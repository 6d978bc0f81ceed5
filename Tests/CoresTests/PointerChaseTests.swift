import Arm64
import Cores
import Foundation
import HardwareModel
import MemoryTypes
import Testing

/// The curve of a pointer chase has its steps where a preset says.
@Suite struct PointerChaseTests {
  static let names = CorePresets.names.filter { !["cortex-a35", "cortex-a57", "max"].contains($0) }

  private func chase(_ name: String, _ pageSize: PageSize, limit: UInt64) throws
    -> (PointerChase, CoreDescription.Hardware)
  {
    let hardware = try #require(try CorePresets.core(name)?.hardware)
    let bits: UInt64 = pageSize == .sixteenKiB ? 47 : 48
    let shape = try #require(TranslationGeometry(pageSize: pageSize, vaBits: bits))
    return (
      PointerChase(hardware.geometry, hardware.latencies, in: shape, limit: limit), hardware
    )
  }

  @Test(arguments: names) func cachesEndWhereTheirSizeSays(_ name: String) throws {
    let isLong = ProcessInfo.processInfo.environment["KILBURN_LONG_TESTS"] != nil
    let most: UInt64 = isLong ? 256 << 20 : 2 << 20
    let (chase, hardware) = try chase(name, .sixtyFourKiB, limit: most)
    let geometry = hardware.geometry
    let levels = [geometry.dataCache, geometry.secondCache, geometry.lastCache]
    var inner: UInt64 = 0
    for (level, cache) in levels.enumerated() {
      guard let cache, UInt64(cache.bytes) > inner, UInt64(cache.bytes) * 2 <= most else {
        continue
      }
      inner = UInt64(cache.bytes)
      let fits = chase.point(inner)
      let outgrown = chase.point(inner * 2)
      // Descriptors need a line here and there.
      #expect(fits.served[...level].reduce(0, +) > 0.95, "\(cache.bytes): \(fits)")
      #expect(outgrown.served[...level].reduce(0, +) < 0.8, "\(cache.bytes): \(outgrown)")
      #expect(outgrown.cycles.total > fits.cycles.total * 1.1)
      // Walks that read through L1D leave their lines in it.
      if level == 0, !geometry.walksThroughDataCache {
        #expect(fits.served[0] == 1)
        if fits.tlbMisses == 0 { #expect(fits.cycles.total == hardware.latencies.first) }
      }
    }
  }

  @Test(arguments: names) func tlbsEndWhereTheyReach(_ name: String) throws {
    let (chase, hardware) = try chase(name, .fourKiB, limit: 4 << 20)
    let geometry = hardware.geometry
    let reach = UInt64(geometry.dataTLB.entries) << 12
    let (fits, outgrown) = (chase.point(reach), chase.point(reach * 2))
    #expect(fits.tlbMisses == 0)
    #expect(outgrown.tlbMisses > 0.2)
    #expect(outgrown.cycles.tlb > 0)
    let shared = try #require(geometry.sharedTLB)
    let far = UInt64(shared.entries) << 12
    guard far * 2 <= chase.limit else { return }
    let (known, walked) = (chase.point(far), chase.point(far * 2))
    #expect(known.walks < 0.01)
    #expect(walked.walks > 0.2)
    #expect(walked.cycles.walk > 1)
  }

  @Test func aCurveHasEveryStep() throws {
    let geometry = try #require(try CorePresets.core("neoverse-n1")?.hardware?.geometry)
    let steps = PointerChase.steps(geometry, .fourKiB)
    #expect(steps.map(\.what) == ["L1D", "L1 TLB", "L2", "L2 TLB", "last level"])
    let kibibytes: [UInt64] = [64, 192, 1024, 5120, 32768]
    #expect(steps.map { $0.bytes >> 10 } == kibibytes)
    let limit = PointerChase.limit(geometry)
    let sizes = PointerChase.sizes(geometry, .fourKiB, limit: limit)
    #expect(limit >> 20 == 64)
    #expect(sizes.contains(98304))
    #expect(sizes == sizes.sorted() && sizes.last == limit)
  }

  @Test func anEstimateIsTheSumOfItsRules() throws {
    let latencies = CoreLatencies(
      base: 0.5, first: 4, second: 10, last: 50, memory: 200, sharedTLB: 6, gigahertz: 2)
    let none = CycleEstimate(
      Counters(), latencies, hasSharedTLB: true, userInstructions: 100, kernelInstructions: 10)
    #expect(none.user.base == 50)
    #expect(none.kernel.base == 5)
    #expect(none.total == 55)
    #expect(latencies[.last] == 50)
  }
}
