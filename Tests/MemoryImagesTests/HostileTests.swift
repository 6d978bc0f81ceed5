import Arm64
import MemoryTypes
import Testing

@testable import MemoryImages

/// Tables and files that are wrong: each is named, none hangs or traps.
@Suite struct HostileTests {
  static let start: UInt64 = 0xffff_0000_0000_0000

  @Test func aWildPointerIsNamed() throws {
    var machine = TestMachine(.fourKiB, 48)
    machine.map(Self.start, to: 0x4000_0000)
    let slot = machine.slot(Self.start + 3 << 39, level: 0)
    machine[slot] = 0x7_0000_0003
    let image = try machine.rawImage()
    let wild = ImageError.wildTable(
      PhysicalAddress(0x7_0000_0000), level: 1, from: slot, at: VirtualAddress(Self.start + 3 << 39)
    )
    let (lines, error) = dump(image, machine.root, machine.geometry)
    #expect(error == wild)
    #expect(lines.count > 2)
    let regime = TranslationRegime(geometry: machine.geometry, upperRoot: machine.root)
    #expect(throws: wild) {
      try ImageWalk(VirtualAddress(Self.start + 3 << 39), image, regime)
    }
    #expect(
      dump(image, PhysicalAddress(0x1000), machine.geometry).error
        == .wildRoot(PhysicalAddress(0x1000), size: 4096))
  }

  @Test(arguments: [0, 1, 2]) func aLoopIsNamed(level: Int) throws {
    var machine = TestMachine(.fourKiB, 48)
    machine.map(Self.start, to: 0x4000_0000)
    let slot = machine.slot(Self.start + 1 << 21 + 1 << 30 + 1 << 39, level: level)
    machine[slot] =
      Descriptor(
        table: PageFrameNumber(containing: machine.root, .fourKiB), in: machine.geometry
      ).rawValue
    let error = dump(try machine.rawImage(), machine.root, machine.geometry).error
    guard case .loop(let table, let named, let from, _) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(table == machine.root)
    #expect(named == level + 1)
    #expect(from == slot)
  }

  /// A terabyte of one page, as KASAN's shadow is: told in one piece, and fast.
  @Test func sharedTablesAreToldOnce() throws {
    var machine = TestMachine(.fourKiB, 48)
    let tables = (1...3).map { _ in machine.frame() }
    for (index, table) in tables.enumerated() {
      for entry in UInt64(0)..<512 {
        machine[table + ByteCount(entry * 8)] =
          index == 0
          ? Descriptor(output: PhysicalAddress(0x4003_0000), .kernelReadOnly, in: machine.geometry)
            .rawValue : tables[index - 1].rawValue | 3
      }
    }
    for entry in UInt64(0)..<4 {
      machine[machine.root + ByteCount(entry * 8)] = tables[2].rawValue | 3
    }
    let (lines, error) = dump(try machine.rawImage(), machine.root, machine.geometry)
    #expect(error == nil)
    #expect(
      lines[1].hasPrefix("0xffff000000000000-0xffff020000000000           2T PTE       ro NX"))
    #expect(lines.count == 3)
  }

  /// Tables shared a billion times that are not alike: bounded.
  @Test func sharingWithoutEndIsNamed() throws {
    var machine = TestMachine(.fourKiB, 48)
    let tables = (1...3).map { _ in machine.frame() }
    for (index, table) in tables.enumerated() {
      for entry in UInt64(0)..<512 {
        machine[table + ByteCount(entry * 8)] =
          index == 0 ? entry & 1 : tables[index - 1].rawValue | 3
      }
    }
    for entry in UInt64(0)..<512 {
      machine[machine.root + ByteCount(entry * 8)] = tables[2].rawValue | 3
    }
    var ranges = 0
    var sink = PageTableDump(markers: [.init(VirtualAddress(Self.start), "Start")]) { _ in
      ranges += 1
    }
    var tree = TableTree(try machine.rawImage(), root: machine.root, geometry: machine.geometry)
    #expect {
      try tree.walk(from: VirtualAddress(Self.start), &sink)
    } throws: { error in
      guard let error = error as? ImageError, case .tooManyTables = error else { return false }
      return true
    }
    #expect(ranges < 4_000_000)
  }

  /// Images of noise, in all shapes; most entries of the noise look like tables that are there.
  @Test(arguments: UInt64(1)...14) func noise(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let shapes: [(PageSize, UInt64, Bool)] = [
      (.fourKiB, 39, false), (.fourKiB, 48, false), (.fourKiB, 52, true), (.sixteenKiB, 47, false),
      (.sixteenKiB, 52, true), (.sixtyFourKiB, 42, false), (.sixtyFourKiB, 52, true),
    ]
    let shape = shapes[Int(seed) % shapes.count]
    var machine = TestMachine(shape.0, shape.1, large: shape.2, frames: 16)
    let frame = shape.0.bytes.rawValue
    for at in stride(from: 0, to: machine.ram.count, by: 8) {
      let word = random.next()
      machine[machine.base + ByteCount(UInt64(at))] =
        switch word >> 60 {
        case 0: word
        case 1: (machine.base.rawValue + word % 16 * frame) | 3
        case 2...4: word & 0x00ff_0000_0000_0fff | 0x4000_0001
        default: 0
        }
    }
    let image = try machine.rawImage()
    var ranges = 0
    let bottom = VirtualAddress(0 &- 1 << shape.1)
    var sink = PageTableDump(markers: [.init(bottom, "Start")]) { _ in ranges += 1 }
    var tree = TableTree(image, root: machine.root, geometry: machine.geometry)
    _ = try? tree.walk(from: bottom, &sink)
    let regime = TranslationRegime(
      geometry: machine.geometry, lowerRoot: machine.root, upperRoot: machine.root)
    for _ in 0..<500 {
      let word = random.next()
      let address = word & 1 == 0 ? word : word | (.max << shape.1)
      _ = try? ImageWalk(VirtualAddress(address), image, regime)
    }
  }

  /// Files with some bytes changed, or cut short.
  @Test(arguments: UInt64(1)...12) func changedFiles(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let machine = FormatTests.machine()
    var core = CoreWriter(notes: CoreWriter.notes("OSRELEASE=6.1\nPAGESIZE=4096\n"))
    core.segments = [.init(physical: machine.base.rawValue, bytes: machine.ram)]
    var kdump = KdumpWriter(
      machine: machine, compression: TestCompression.allCases[Int(seed) % 5], notes: "A=B\n")
    kdump.omitsZeros = seed & 1 == 0
    let files = [core.bytes, kdump.bytes, kdump.flattened(&random)]
    for round in 0..<60 {
      var bytes = files[round % files.count]
      if Bool.random(using: &random) {
        bytes.removeLast(Int.random(in: 0...bytes.count - 1, using: &random))
      }
      for _ in 0..<Int.random(in: 0...6, using: &random) where !bytes.isEmpty {
        // Mostly in the headers.
        let reach = Bool.random(using: &random) ? min(bytes.count, 8192) : bytes.count
        let values: [UInt8] = [0, 1, 0x7f, 0x80, 0xff, UInt8.random(in: 0...255, using: &random)]
        bytes[Int.random(in: 0..<reach, using: &random)] =
          values[Int.random(in: 0..<6, using: &random)]
      }
      guard let image = try? FormatTests.open(bytes) else { continue }
      _ = dump(image, machine.root, machine.geometry)
      _ = image.ranges.count
    }
  }

  @Test func whatIsCutShortSaysWhere() throws {
    let machine = FormatTests.machine()
    var core = CoreWriter()
    core.segments = [.init(physical: machine.base.rawValue, bytes: machine.ram)]
    let whole = core.bytes
    #expect(
      throws: ImageError.truncated(
        "the \(machine.ram.count) bytes of segment 1", offset: 240, length: UInt64(whole.count - 1))
    ) {
      try FormatTests.open(whole.dropLast())
    }
    #expect(throws: ImageError.truncated("the ELF header", offset: 0, length: 40)) {
      try FormatTests.open(Array(whole[..<40]))
    }
    let kdump = KdumpWriter(machine: machine, compression: .zlib).bytes
    #expect(throws: ImageError.truncated("the sub-header", offset: 4096, length: 4100)) {
      try FormatTests.open(Array(kdump[..<4100]))
    }
    #expect(throws: (any Error).self) { try FormatTests.open([]) }
    #expect(throws: (any Error).self) { try MemoryImageFile.open("/nowhere/at/all", base: nil) }
    #expect(throws: (any Error).self) { try MemoryImageFile.open("/tmp", base: nil) }
  }
}
