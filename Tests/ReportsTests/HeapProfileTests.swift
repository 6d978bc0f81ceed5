import HeapTraces
import Testing

@testable import Reports

/// The profile against a model that keeps everything and looks again each time.
@Suite struct HeapProfileTests {
  private struct Model {
    var live: [UInt32: (size: UInt64, site: UInt32)] = [:]
    var peak: UInt64 = 0
    var atPeak: [UInt32: UInt64] = [:]
    var allocated: [UInt32: UInt64] = [:]

    mutating func allocate(_ slot: UInt32, _ size: UInt64, _ site: UInt32) {
      live[slot] = (size, site)
      allocated[site, default: 0] += size
      let sum = live.values.reduce(0) { $0 + $1.size }
      guard sum > peak else { return }
      peak = sum
      atPeak = bySite
    }

    var bySite: [UInt32: UInt64] {
      live.values.reduce(into: [:]) { $0[$1.site, default: 0] += $1.size }
    }
  }

  @Test(arguments: [1, 2, 3] as [UInt64]) func agreesWithAModel(seed: UInt64) {
    var state = seed
    func random(_ bound: UInt64) -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return (state >> 33) % bound
    }
    var profile = HeapProfile()
    var model = Model()
    for step in 0..<20_000 {
      let slot = UInt32(random(200))
      let site = UInt32(random(30)) + 1
      // Grows in waves, so that the peak moves often.
      if model.live[slot] == nil, random(100) < (step / 2_000 % 2 == 0 ? 80 : 30) {
        let size = random(5_000)
        profile.add(HeapEvent(.malloc, slot: slot, size: size, site: site))
        model.allocate(slot, size, site)
      } else if model.live[slot] != nil {
        if random(4) == 0 {
          let size = random(9_000) + 1
          profile.add(HeapEvent(.realloc, slot: slot, source: slot, size: size, site: site))
          model.live[slot] = nil
          model.allocate(slot, size, site)
        } else {
          profile.add(HeapEvent(.free, slot: slot))
          model.live[slot] = nil
        }
      }
      if step % 97 == 0 { #expect(profile.checkInvariants(), "seed \(seed), step \(step)") }
    }
    #expect(profile.peak.bytes == model.peak, "seed \(seed)")
    let bySite = model.bySite
    for (index, site) in profile.sites.enumerated() {
      let number = UInt32(index)
      #expect(site.live.bytes == bySite[number] ?? 0, "seed \(seed), site \(index)")
      #expect(site.atPeak.bytes == model.atPeak[number] ?? 0, "seed \(seed), site \(index)")
      #expect(site.allocated.bytes == model.allocated[number] ?? 0, "seed \(seed)")
    }
  }

  @Test func temporaryIsFreedBeforeItsThreadsNext() {
    var profile = HeapProfile()
    profile.add(HeapEvent(.malloc, thread: 0, slot: 0, size: 10, site: 1))
    // Another thread's allocation between does not count.
    profile.add(HeapEvent(.malloc, thread: 1, slot: 1, size: 20, site: 2))
    profile.add(HeapEvent(.free, thread: 0, slot: 0))
    profile.add(HeapEvent(.malloc, thread: 1, slot: 0, size: 30, site: 2))
    profile.add(HeapEvent(.free, thread: 1, slot: 1))
    #expect(profile.sites[1].temporary == .init(bytes: 10, objects: 1))
    #expect(profile.sites[2].temporary == .init())
    #expect(profile.live == .init(bytes: 30, objects: 1))
  }

  @Test func resizingToNothingFreesAndAFailureKeeps() {
    var profile = HeapProfile()
    profile.add(HeapEvent(.malloc, slot: 0, size: 100, site: 1))
    profile.add(HeapEvent(.realloc, source: 0, size: 1 << 60, site: 1, isNull: true))
    #expect(profile.live.bytes == 100 && profile.failed == 1)
    profile.add(HeapEvent(.realloc, source: 0, size: 0, site: 1, isNull: true))
    #expect(profile.live.bytes == 0 && profile.failed == 1)
    #expect(profile.checkInvariants())
  }
}
