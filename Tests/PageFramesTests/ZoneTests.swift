import HostBoard
import MemoryTypes
import PageFrames
import TestSupport
import Testing

/// Zones, watermarks at work, and what start-up does.
@Suite struct ZoneTests {
  static let both: [TestMachine.Bank] = [(0, 256 * mebibyte), (3 * gibibyte, 256 * mebibyte)]

  @Test(arguments: pageSizes) func requestsFallToLowerZones(size: PageSize) {
    let machine = TestMachine(size, Self.both)
    defer { machine.end() }
    let frames = machine.frames
    let border = PageFrameNumber(containing: PhysicalAddress(1 << 32), size)
    var last = frames.pointee.allocate(.highUserMovable)
    #expect(last.map { $0 >= border } == true)
    var fell = false
    while let number = frames.pointee.allocate(.highUserMovable) {
      if number < border { fell = true }
      last = number
    }
    #expect(fell)
    // DMA keeps its minimum and what lowmem_reserve sets aside; requests for DMA still get that.
    let dma = frames.pointee.figures(of: .dma)
    #expect(dma.free >= dma.watermarks.min + dma.protection[2])
    if dma.protection[2] > 2 * dma.pageSetBatch {
      #expect(frames.pointee.allocate([.kernel, .dma]).map { $0 < border } == true)
    }
    #expect(frames.pointee.shortage == Shortage(order: .zero, flags: .highUserMovable))
    frames.pointee.checkInvariants()
  }

  /// Ordinary requests end at the minimum, atomic ones lower, and who helps to free memory gets the
  /// last frame.
  @Test(arguments: pageSizes) func reservesAreForTheUrgent(size: PageSize) {
    let machine = TestMachine(size, [(0, 128 * mebibyte)])
    defer { machine.end() }
    let frames = machine.frames
    let marks = frames.pointee.figures(of: .dma).watermarks
    while frames.pointee.allocate(.kernel) != nil {}
    let ordinary = Int(frames.pointee.free.rawValue)
    #expect(ordinary <= marks.min)
    #expect(ordinary > marks.min - 64)
    while frames.pointee.allocate(.atomic) != nil {}
    let atomic = Int(frames.pointee.free.rawValue)
    #expect(atomic < ordinary && atomic > 0)
    while frames.pointee.allocate([.kernel, .memoryAllocator]) != nil {}
    #expect(frames.pointee.unused == .zero)
    frames.pointee.checkInvariants()
  }

  /// MemTotal is what was asked for, to the page.
  @Test(arguments: pageSizes) func memTotalIsHeldBackTo(size: PageSize) {
    var options = FrameAllocator<HostBoard>.Options()
    options.memTotal = .kibibytes(507_712)
    let machine = TestMachine(
      size, [(0, 512 * mebibyte)], reserved: [(0, 2 * mebibyte), (9 * mebibyte, 4097)],
      options: options)
    defer { machine.end() }
    #expect(machine.frames.pointee.managed.bytes(of: size) == .kibibytes(507_712))
    machine.frames.pointee.checkInvariants()
  }

  /// 16 GiB are some 4,096 blocks of 4 MiB: no work for each frame.
  @Test func startingTouchesBlocksOnly() {
    let machine = TestMachine(.fourKiB, [(0, 16 * gibibyte)])
    defer { machine.end() }
    let frames = machine.frames
    let geometry = frames.pointee.geometry
    var blocks = 0
    for zone in [ZoneIndex.dma, .normal] {
      for order in 0...geometry.largest.rawValue {
        blocks += frames.pointee.freeBlocks(zone, Order(order))
      }
    }
    #expect(blocks > 4000 && blocks < 4100 + 64)
    var touched = 0
    let first = HostBoard.ramBase.rawValue >> 12
    for number in stride(from: first + 4096, to: first + 1 << 20, by: 1) {
      if frames.pointee.frame(PageFrameNumber(number)).pointee.state != .untouched { touched += 1 }
    }
    #expect(touched == (1 << 20 - 4096) / 1024)
  }

  /// RAM that begins above 4 GiB is all of it DMA (`max_zone_phys()`); as the host board begins
  /// lower, a machine with everything below is the other end.
  @Test(arguments: pageSizes) func zonesAreLinux(size: PageSize) {
    let machine = TestMachine(size, [(0, 64 * mebibyte)])
    defer { machine.end() }
    #expect(!machine.frames.pointee.figures(of: .normal).isPopulated)
    #expect(!machine.frames.pointee.figures(of: .dma32).isPopulated)
    let dma = machine.frames.pointee.figures(of: .dma)
    #expect(dma.spanned == dma.present && dma.present == Int(64 * mebibyte >> size.shift))
    #expect(dma.managed < dma.present)
  }

  @Test(arguments: [32, 33, 64, 100, 256] as [UInt64], pageSizes)
  func smallMachinesStart(megabytes: UInt64, size: PageSize) {
    let machine = TestMachine(size, [(0, megabytes * mebibyte)])
    defer { machine.end() }
    #expect(machine.frames.pointee.allocate(.kernel) != nil)
    machine.frames.pointee.checkInvariants()
  }

  @Test func aFrameFreedTwiceTraps() async {
    await #expect(processExitsWith: .failure) {
      let machine = TestMachine(.fourKiB, [(0, 32 * mebibyte)])
      guard let number = machine.frames.pointee.allocate(.kernel) else { return }
      machine.frames.pointee.free(number)
      machine.frames.pointee.free(number)
    }
  }
}
