import HostBoard
import MemoryTypes
import PageCompressors
import PageFrames
import Swap
import TestSupport
import Testing

/// The disk of compressed pages beside a dictionary of what was written to it.
@Suite struct ZRAMTests {
  /// Pages of every kind: of one word, of few and of many bytes, incompressible.
  static func page(_ seed: UInt64, _ size: Int) -> [UInt8] {
    var random = Random(seed: seed)
    var bytes = [UInt8](repeating: UInt8(truncatingIfNeeded: seed % 3 == 0 ? 0 : seed), count: size)
    let kind = random.below(6)
    let written = [0, 8, size / 16, size / 3, size / 2, size][kind]
    let start = written == size ? 0 : random.below(size - written)
    for index in start..<start + written { bytes[index] = UInt8(truncatingIfNeeded: random.next()) }
    return bytes
  }

  struct Machine {
    let board: HostBoard
    let frames: KernelPointer<FrameAllocator<HostBoard>>
    let disk: KernelPointer<ZRAM<HostBoard>>
    let frame: PageFrameNumber

    init(_ size: PageSize, ram: ByteCount = .mebibytes(64)) {
      let machine = HostMachine(size, ram: ram)
      board = machine.board
      frames = machine.frames
      let slab = machine.makeHeap()
      guard let disk = ZRAM.make(board, frames, slab),
        let frame = frames.pointee.allocate(.kernel)
      else { fatalError("no disk") }
      self.disk = disk
      self.frame = frame
    }

    var bytes: UnsafeMutableRawBufferPointer {
      unsafe UnsafeMutableRawBufferPointer(
        start: board.pointer(to: frame.address(board.pageSize)),
        count: Int(board.pageSize.bytes.rawValue))
    }

    func write(_ index: UInt64, _ page: [UInt8]) -> Bool {
      unsafe bytes.copyBytes(from: page)
      return disk.pointee.write(index, from: frame)
    }

    func read(_ index: UInt64) -> [UInt8]? {
      guard disk.pointee.read(index, into: frame) else { return nil }
      return unsafe Array(bytes)
    }
  }

  @Test(arguments: [PageSize.fourKiB, .sixteenKiB, .sixtyFourKiB], PageCompressor.allCases)
  func pagesComeBackAsTheyWent(size: PageSize, compressor: PageCompressor) throws {
    let machine = Machine(size)
    let disk = machine.disk
    let bytes = Int(size.bytes.rawValue)
    let pages = size == .sixtyFourKiB ? 150 as UInt64 : 600
    try disk.pointee.choose(compressor)
    let free = machine.frames.pointee.unused
    for round in 0..<2 as Range<UInt64> {
      try disk.pointee.setSize(PageCount(pages).bytes(of: size))
      #expect(throws: Errno.self) { try disk.pointee.choose(.lz4) }
      var random = Random(seed: 5 + round)
      var model: [UInt64: [UInt8]] = [:]
      for step in 0..<(size == .sixtyFourKiB ? 500 : 2_000) {
        let note = Comment("round \(round), step \(step)")
        let index = UInt64(random.below(Int(pages)))
        switch random.below(8) {
        case 0, 1, 2:
          let page = Self.page(random.next(), bytes)
          #expect(machine.write(index, page), note)
          model[index] = page
        case 3:
          disk.pointee.discard(index)
          model[index] = nil
        case 4 where step % 50 == 0: try disk.pointee.compact()
        default:
          let expected = model[index] ?? [UInt8](repeating: 0, count: bytes)
          #expect(machine.read(index) == expected, note)
        }
        if step % 100 == 0 { #expect(disk.pointee.checkInvariants() == nil, note) }
      }
      #expect(disk.pointee.statistics.pagesStored == UInt64(model.count))
      let counted = machine.frames.pointee.statistic(.nr_zspages)
      #expect(UInt64(counted) == disk.pointee.poolPages)
      // Two of three written pages are made of little.
      #expect(disk.pointee.poolPages < UInt64(model.count))
      for (index, page) in model { #expect(machine.read(index) == page) }
      #expect(machine.read(pages) == nil && !machine.write(pages, Self.page(1, bytes)))
      disk.pointee.reset()
      #expect(disk.pointee.pages == .zero && machine.read(0) == nil)
      #expect(machine.frames.pointee.statistic(.nr_zspages) == 0)
    }
    #expect(machine.frames.pointee.unused.rawValue + 24 >= free.rawValue)
  }

  /// Compaction gives frames back and loses no byte.
  @Test func compactionGivesFramesBack() throws {
    let machine = Machine(.fourKiB)
    try machine.disk.pointee.setSize(.mebibytes(8))
    for index in 0..<2048 as Range<UInt64> {
      #expect(machine.write(index, Self.small(index)))
    }
    for index in 0..<2048 as Range<UInt64> where index % 8 != 0 {
      machine.disk.pointee.discard(index)
    }
    let before = machine.disk.pointee.poolPages
    try machine.disk.pointee.compact()
    #expect(machine.disk.pointee.checkInvariants() == nil)
    #expect(machine.disk.pointee.poolPages * 2 < before)
    #expect(machine.disk.pointee.compactedPages == before - machine.disk.pointee.poolPages)
    for index in stride(from: 0, to: 2048, by: 8) as StrideTo<UInt64> {
      #expect(machine.read(index) == Self.small(index))
    }
  }

  /// Half a kilobyte that does not compress.
  static func small(_ seed: UInt64) -> [UInt8] {
    var random = Random(seed: seed)
    return (0..<4096).map { $0 < 500 ? UInt8(truncatingIfNeeded: random.next()) : 0 }
  }

  /// Beyond its limit, or without memory, a write fails, and what was there is still there.
  @Test func aWriteWithoutMemoryFails() throws {
    let machine = Machine(.fourKiB, ram: .mebibytes(16))
    let disk = machine.disk
    try disk.pointee.setSize(.mebibytes(64))
    disk.pointee.setLimit(.mebibytes(1))
    var random = [UInt8](repeating: 0, count: 4096)
    var numbers = Random(seed: 3)
    for index in 0..<4096 { random[index] = UInt8(truncatingIfNeeded: numbers.next()) }
    var index: UInt64 = 0
    while machine.write(index, random) { index += 1 }
    #expect(index == 256 && disk.pointee.statistics.failedWrites == 1)
    #expect(machine.read(3) == random && disk.pointee.checkInvariants() == nil)
    // One over itself needs a frame, too, before the old one is given back.
    #expect(!machine.write(3, random) && machine.read(3) == random)
    disk.pointee.setLimit(.zero)
    while machine.write(index, random) { index += 1 }
    #expect(disk.pointee.statistics.stalls == 1)
    #expect(machine.frames.pointee.free.rawValue < 8)
    #expect(machine.read(index - 1) == random && disk.pointee.checkInvariants() == nil)
    let zeros = [UInt8](repeating: 0, count: 4096)
    #expect(machine.write(index, zeros) && machine.read(index) == zeros)
  }
}
