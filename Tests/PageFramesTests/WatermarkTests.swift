import MemoryTypes
import PageFrames
import TestSupport
import Testing

/// The formulas against figures that Linux 6.1.192 printed in `/proc/zoneinfo`.
@Suite struct WatermarkTests {
  struct Zone: Sendable {
    var size: PageSize
    var managed: Int
    /// `vm.min_free_kbytes`, where huge pages made it what the zone's minimum is.
    var minFree: ByteCount?
    /// What was free when the default was computed ("Memory: …K available" in the log).
    var available = ByteCount.zero
    var min: Int
    var low: Int
    var high: Int
    var cpus = 1
    var pageSetHigh: Int
    var batch: Int
    var threshold: Int
  }

  static let recorded: [Zone] = [
    Zone(
      size: .fourKiB, managed: 126938, available: .kibibytes(506844), min: 711, low: 888,
      high: 1065, pageSetHigh: 888, batch: 31, threshold: 6),
    Zone(
      size: .sixteenKiB, managed: 32169, available: .kibibytes(513744), min: 179, low: 223,
      high: 267, pageSetHigh: 223, batch: 7, threshold: 6),
    Zone(
      size: .sixteenKiB, managed: 32156, available: .kibibytes(513744), min: 179, low: 223,
      high: 267, cpus: 4, pageSetHigh: 55, batch: 7, threshold: 18),
    Zone(
      size: .sixtyFourKiB, managed: 8052, available: .kibibytes(514112), min: 44, low: 55,
      high: 66, pageSetHigh: 55, batch: 1, threshold: 6),
    Zone(
      size: .sixtyFourKiB, managed: 8049, available: .kibibytes(514112), min: 44, low: 55,
      high: 66, cpus: 4, pageSetHigh: 13, batch: 1, threshold: 18),
    Zone(
      size: .sixteenKiB, managed: 7725, minFree: .kibibytes(87 * 16), min: 87, low: 108,
      high: 129, pageSetHigh: 108, batch: 1, threshold: 2),
    Zone(
      size: .sixtyFourKiB, managed: 1917, minFree: .kibibytes(21 * 64), min: 21, low: 26,
      high: 31, pageSetHigh: 26, batch: 1, threshold: 2),
    Zone(
      size: .sixteenKiB, managed: 64761, minFree: .kibibytes(3215 * 16), min: 3215, low: 4018,
      high: 4821, pageSetHigh: 4018, batch: 15, threshold: 8),
    Zone(
      size: .sixteenKiB, managed: 195033, minFree: .kibibytes(9707 * 16), min: 9707, low: 12133,
      high: 14559, pageSetHigh: 12133, batch: 15, threshold: 12),
    Zone(
      size: .sixtyFourKiB, managed: 16224, minFree: .kibibytes(805 * 64), min: 805, low: 1006,
      high: 1207, pageSetHigh: 1006, batch: 3, threshold: 8),
    Zone(
      size: .sixtyFourKiB, managed: 48888, minFree: .kibibytes(2433 * 64), min: 2433, low: 3041,
      high: 3649, pageSetHigh: 3041, batch: 3, threshold: 12),
  ]

  @Test(arguments: recorded) func limitsAreLinux(zone: Zone) {
    let minFree =
      zone.minFree
      ?? Watermarks.minFree(
        lowMemory: Int(zone.available.wholePages(of: zone.size).rawValue), pageSize: zone.size)
    let marks = Watermarks(
      managed: zone.managed, ofAll: zone.managed, minFree: minFree, pageSize: zone.size)
    #expect(marks.min == zone.min)
    #expect(marks.low == zone.low)
    #expect(marks.high == zone.high)
    let limits = PageSetLimits(
      managed: zone.managed, low: marks.low, cpus: zone.cpus, pageSize: zone.size)
    #expect(limits.high == zone.pageSetHigh)
    #expect(limits.batch == zone.batch)
    #expect(
      PageSetLimits.statThreshold(managed: zone.managed, cpus: zone.cpus, pageSize: zone.size)
        == zone.threshold)
  }

  /// With huge pages a machine of 1G and 4K pages holds 22528K free.
  @Test func hugePagesRaiseTheMinimum() {
    let geometry = BlockGeometry(.fourKiB)
    #expect(
      Watermarks.recommendedMinFree(zones: 1, freeBuffer: 250_000, geometry: geometry)
        == .kibibytes(22528))
    // No more than a twentieth of memory.
    #expect(
      Watermarks.recommendedMinFree(zones: 1, freeBuffer: 50_000, geometry: geometry)
        == .kibibytes(10_000))
  }

  /// DMA keeps a 256th of what is above it: 254 of 65,087 pages.
  @Test func lowMemoryIsKept() {
    let machine = TestMachine(
      .sixteenKiB, [(0, 256 * mebibyte), (3 * gibibyte, 512 * mebibyte)])
    defer { machine.end() }
    let dma = machine.frames.pointee.figures(of: .dma)
    let normal = machine.frames.pointee.figures(of: .normal)
    #expect(dma.protection[0] == 0 && dma.protection[1] == 0)
    #expect(dma.protection[2] == normal.managed / 256)
    #expect(dma.protection[3] == normal.managed / 256)
    #expect((0..<4).allSatisfy { normal.protection[$0] == 0 })
    #expect(normal.firstFrame == PageFrameNumber(262144))
    #expect(dma.firstFrame == PageFrameNumber(65536))
    // The zone spans the hole up to 4 GiB, as Linux's does.
    #expect(dma.spanned == 196608 && dma.present == 16384)
  }
}
