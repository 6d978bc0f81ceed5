import Arm64
import MemoryTypes
import Testing

@testable import MemoryImages

/// One machine, written in every format, reads the same from each.
@Suite struct FormatTests {
  /// A machine with a page, a block, a run and a hole.
  static func machine() -> TestMachine {
    var machine = TestMachine(.fourKiB, 39, frames: 32)
    machine.map(0xffff_ff80_0000_0000, to: 0x4000_1000)
    for page in UInt64(0)..<16 {
      machine.map(
        0xffff_ff80_0001_0000 + page << 12, to: 0x4000_0000 + page << 12, level: 3,
        [.kernel, .contiguous])
    }
    machine.map(0xffff_ff80_4000_0000, to: 0x4000_0000, level: 2, .kernelReadOnly)
    for place in stride(from: 20 << 12, to: 24 << 12, by: 3) {
      machine.ram[place] = UInt8(truncatingIfNeeded: place)
    }
    return machine
  }

  static func open(_ bytes: [UInt8]) throws -> any MemoryImage {
    let file = try TemporaryFile(bytes)
    return try MemoryImageFile.open(file.path, base: nil)
  }

  /// Every byte, in pieces that cross pages.
  static func expectSame(_ image: any MemoryImage, _ machine: TestMachine) throws {
    var random = SeededGenerator(seed: 7)
    for _ in 0..<200 {
      let start = Int.random(in: 0..<machine.ram.count / 8, using: &random) * 8
      let count = Int.random(in: 1...2000, using: &random)
      let end = min(machine.ram.count, start + count * 8)
      var words = [UInt64](repeating: 0, count: (end - start) / 8)
      try image.words(at: machine.base + ByteCount(UInt64(start)), into: &words)
      let bytes = words.flatMap { word in
        (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(8 * $0)) }
      }
      #expect(bytes == Array(machine.ram[start..<start + words.count * 8]))
    }
    let (lines, error) = dump(image, machine.root, machine.geometry)
    #expect(error == nil)
    #expect(lines == expectedLines)
    #expect(throws: ImageError.absent(PhysicalAddress(0x3fff_fff8))) {
      try image.word(at: PhysicalAddress(0x3fff_fff8))
    }
    #expect(throws: ImageError.absent(machine.base + ByteCount(UInt64(machine.ram.count)))) {
      try image.word(at: machine.base + ByteCount(UInt64(machine.ram.count)))
    }
  }

  static let expectedLines = [
    "---[ Start ]---",
    "0xffffff8000000000-0xffffff8000001000           4K PTE       RW NX SHD AF"
      + "            UXN    MEM/NORMAL",
    "0xffffff8000001000-0xffffff8000010000          60K PTE",
    "0xffffff8000010000-0xffffff8000020000          64K PTE       RW NX SHD AF"
      + "    CON     UXN    MEM/NORMAL",
    "0xffffff8000020000-0xffffff8000200000        1920K PTE",
    "0xffffff8000200000-0xffffff8040000000        1022M PMD",
    "0xffffff8040000000-0xffffff8040200000           2M PMD       ro NX SHD AF"
      + "        BLK UXN    MEM/NORMAL",
    "0xffffff8040200000-0xffffff8080000000        1022M PMD",
    "0xffffff8080000000-0x0000000000000000         510G PGD",
  ]

  @Test func rawImage() throws { try Self.expectSame(Self.machine().rawImage(), Self.machine()) }

  @Test(arguments: [false, true]) func cores(countsElsewhere: Bool) throws {
    let machine = Self.machine()
    let half = machine.ram.count / 2
    var writer = CoreWriter(countsElsewhere: countsElsewhere)
    // In pieces, not in order; a part twice, the first one right; zeros that are not in the file.
    writer.segments = [
      .init(physical: machine.base.rawValue + UInt64(half), bytes: Array(machine.ram[half...])),
      .init(physical: machine.base.rawValue, bytes: Array(machine.ram[..<(half - 4096)])),
      .init(physical: machine.base.rawValue + 4096, bytes: [UInt8](repeating: 0xee, count: 4096)),
      .init(
        physical: machine.base.rawValue + UInt64(half - 4096), bytes: [], memorySize: 4096),
    ]
    #expect(machine.ram[(half - 4096)..<half].allSatisfy { $0 == 0 })
    writer.notes = CoreWriter.notes("OSRELEASE=6.1.7\nPAGESIZE=4096\n")
    let image = try Self.open(writer.bytes)
    try Self.expectSame(image, machine)
    #expect(image.notes?["OSRELEASE"] == "6.1.7")
    #expect(image.ranges == [machine.base..<machine.base + ByteCount(UInt64(machine.ram.count))])
  }

  @Test(arguments: TestCompression.allCases, [4096, 16384])
  func kdump(compression: TestCompression, blockSize: Int) throws {
    let machine = Self.machine()
    var writer = KdumpWriter(machine: machine, compression: compression)
    writer.blockSize = blockSize
    writer.notes = "NUMBER(VA_BITS)=39\nPAGESIZE=4096\n"
    let image = try Self.open(writer.bytes)
    try Self.expectSame(image, machine)
    #expect(image.notes?.number("VA_BITS") == 39)
    #expect(image.ranges == [machine.base..<machine.base + ByteCount(UInt64(machine.ram.count))])
    writer.omitsZeros = true
    try Self.expectSame(Self.open(writer.bytes), machine)
  }

  @Test(arguments: UInt64(1)...4) func flattened(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let writer = KdumpWriter(machine: Self.machine(), compression: .zlib)
    try Self.expectSame(Self.open(writer.flattened(&random)), Self.machine())
  }

  @Test func notesNameEverything() throws {
    var machine = TestMachine(.sixteenKiB, 47)
    machine.map(0xffff_8000_0000_0000, to: 0x4000_4000)
    let offset: UInt64 = 0xffff_bfff_c000_0000
    let text = """
      OSRELEASE=6.1.0-test
      PAGESIZE=16384
      SYMBOL(swapper_pg_dir)=\(String(machine.root.rawValue &+ offset, radix: 16))
      NUMBER(VA_BITS)=47
      NUMBER(kimage_voffset)=0x\(String(offset, radix: 16))
      NUMBER(TCR_EL1_T1SZ)=0x11
      NUMBER(MAX_PHYSMEM_BITS)=48

      """
    var writer = CoreWriter()
    writer.segments = [.init(physical: machine.base.rawValue, bytes: machine.ram)]
    writer.notes = CoreWriter.notes(text)
    let image = try Self.open(writer.bytes)
    let kernel = try ImagedKernel(image, ImagedKernel.Words())
    #expect(kernel.geometry == machine.geometry)
    #expect(kernel.upperRoot == machine.root)
    #expect(kernel.release == "6.1.0-test")
    let walk = try ImageWalk(VirtualAddress(0xffff_8000_0000_0123), image, kernel.regime)
    guard case .mapped(let mapping) = walk.outcome else {
      Issue.record("\(walk.outcome)")
      return
    }
    #expect(mapping.address == PhysicalAddress(0x4000_4123))
  }

  /// 52 bits of physical address: the upper ones are elsewhere in the descriptor.
  @Test(arguments: [PageSize.fourKiB, .sixteenKiB, .sixtyFourKiB])
  func largeAddresses(pageSize: PageSize) throws {
    let base: UInt64 = 0x000a_8001_0000_0000
    var machine = TestMachine(pageSize, 52, large: true, base: base)
    let address: UInt64 = 0xfff0_0000_0000_0000 + 5 << pageSize.shift
    machine.map(address, to: base + 3 << pageSize.shift)
    let image = try machine.rawImage()
    var words = ImagedKernel.Words()
    words.pageSize = pageSize
    words.vaBits = 52
    words.upperRoot = machine.root.rawValue
    let kernel = try ImagedKernel(image, words)
    #expect(kernel.upperRoot == machine.root)
    // The register's form of the same root: the upper four bits in 5:2.
    words.upperRoot = machine.root.rawValue & 0x0000_ffff_ffff_ffff | machine.root.rawValue >> 46
    #expect(try ImagedKernel(image, words).upperRoot == machine.root)
    let walk = try ImageWalk(VirtualAddress(address + 0x77), image, kernel.regime)
    guard case .mapped(let mapping) = walk.outcome else {
      Issue.record("\(walk.outcome)")
      return
    }
    #expect(mapping.address.rawValue == base + 3 << pageSize.shift + 0x77)
    #expect(dump(image, machine.root, machine.geometry).error == nil)
  }
}
