import Arm64
import HostBoard
import MemoryTypes
import TestSupport
import Testing

/// Mappings with blocks and contiguous runs, against what Linux printed and against a walk.
@Suite struct KernelMappingTests {
  /// One line of `kernel_page_tables`: bytes from the first on, level, and the words it prints.
  struct Row: Equatable, CustomStringConvertible {
    var start: UInt64
    var end: UInt64
    var level: Int
    var words: String
    var description: String {
      "\(String(start, radix: 16))-\(String(end, radix: 16)) \(level) \(words)"
    }
  }

  /// The linear map of 512M as mm/mmu.c:map_mem makes it around the kernel's text and read-only
  /// data, and as Linux 6.1's debugfs printed it (the same on every boot).
  struct Recorded: Sendable {
    var shape: Shape
    var kernelEnd: UInt64
    var rows: [Row]
  }

  static let recorded: [Recorded] = [
    Recorded(
      shape: Shape(shift: 12, vaBits: 48, large: false), kernelEnd: 0x5c_0000,
      rows: [
        Row(start: 0, end: 0x20_0000, level: 2, words: "RW"),
        Row(start: 0x20_0000, end: 0x21_0000, level: 3, words: "RW CON"),
        Row(start: 0x21_0000, end: 0x5c_0000, level: 3, words: "ro"),
        Row(start: 0x5c_0000, end: 0x60_0000, level: 3, words: "RW CON"),
        Row(start: 0x60_0000, end: 0x200_0000, level: 2, words: "RW"),
        Row(start: 0x200_0000, end: 0x2000_0000, level: 2, words: "RW CON"),
      ]),
    Recorded(
      shape: Shape(shift: 14, vaBits: 47, large: false), kernelEnd: 0x5d_0000,
      rows: [
        Row(start: 0, end: 0x20_0000, level: 3, words: "RW CON"),
        Row(start: 0x20_0000, end: 0x21_0000, level: 3, words: "RW"),
        Row(start: 0x21_0000, end: 0x5d_0000, level: 3, words: "ro"),
        Row(start: 0x5d_0000, end: 0x60_0000, level: 3, words: "RW"),
        Row(start: 0x60_0000, end: 0x200_0000, level: 3, words: "RW CON"),
        Row(start: 0x200_0000, end: 0x2000_0000, level: 2, words: "RW"),
      ]),
    Recorded(
      shape: Shape(shift: 16, vaBits: 42, large: false), kernelEnd: 0x63_0000,
      rows: [
        Row(start: 0, end: 0x20_0000, level: 3, words: "RW CON"),
        Row(start: 0x20_0000, end: 0x21_0000, level: 3, words: "RW"),
        Row(start: 0x21_0000, end: 0x63_0000, level: 3, words: "ro"),
        Row(start: 0x63_0000, end: 0x80_0000, level: 3, words: "RW"),
        Row(start: 0x80_0000, end: 0x2000_0000, level: 3, words: "RW CON"),
      ]),
  ]

  @Test(arguments: recorded)
  func linearMapAsRecorded(_ recorded: Recorded) throws {
    let space = try Space(recorded.shape)
    defer { space.release() }
    let base = UInt64.max << recorded.shape.vaBits
    let ram = 0x4000_0000 as UInt64
    let pieces: [(UInt64, UInt64, Descriptor.Attributes, MappingOptions)] = [
      (0, 0x21_0000, .kernelLinearMap, []),
      (recorded.kernelEnd, 0x2000_0000, .kernelLinearMap, []),
      (0x21_0000, recorded.kernelEnd, .kernel, .noContiguous),
      (0x21_0000, recorded.kernelEnd, .kernelReadOnly, .noContiguous),
    ]
    for (start, end, attributes, options) in pieces {
      let done = space.table.map(
        VirtualAddress(base + start), to: PhysicalAddress(ram + start), ByteCount(end - start),
        attributes, options, allocate: { _ in space.frame() })
      #expect(done)
    }
    #expect(rows(space, base, 0x2000_0000) == recorded.rows)
  }

  func rows(_ space: Space, _ base: UInt64, _ length: UInt64) -> [Row] {
    var rows: [Row] = []
    let geometry = space.geometry
    space.table.forEachLeaf(in: VirtualAddress(base)..<VirtualAddress(base + length)) { leaf in
      let attributes = leaf.descriptor.attributes(in: geometry)
      var words = attributes.contains(.readOnly) ? "ro" : "RW"
      if attributes.contains(.contiguous) { words += " CON" }
      #expect(leaf.descriptor.isValid)
      let start = leaf.address.rawValue - base
      let end = start + geometry.coverage(at: leaf.level).rawValue
      if let last = rows.last, last.level == leaf.level, last.words == words, last.end == start {
        rows[rows.count - 1].end = end
      } else {
        rows.append(Row(start: start, end: end, level: leaf.level, words: words))
      }
    }
    return rows
  }

  /// Random ranges, every page of which must translate to its own frame, and nothing beside them.
  @Test(arguments: Shape.all)
  func mapsEveryPage(shape: Shape) throws {
    var random = Random(seed: 7 &+ shape.vaBits &* 64 &+ shape.shift)
    for _ in 0..<6 {
      let space = try Space(shape)
      defer { space.release() }
      let page = UInt64(1) << shape.shift
      let unit = [page, page << 4, page << (shape.shift - 3)].randomElement(using: &random) ?? page
      let base = UInt64.max << shape.vaBits
      let start = UInt64.random(in: 1..<8, using: &random) * unit
      let length = UInt64.random(in: 1..<64, using: &random) * unit
      let physical =
        UInt64.random(in: 0..<4, using: &random) * unit + (Bool.random(using: &random) ? page : 0)
      let options = MappingOptions(rawValue: UInt8.random(in: 0..<8, using: &random))
      let done = space.table.map(
        VirtualAddress(base + start), to: PhysicalAddress(physical), ByteCount(length), .kernel,
        options, allocate: { _ in space.frame() })
      #expect(done)

      let walker = space.walker(upper: true)
      for _ in 0..<400 {
        let offset = UInt64.random(in: 0..<length, using: &random)
        guard case .mapped(let mapping) = walker.walk(VirtualAddress(base + start + offset)) else {
          Issue.record("not mapped: \(shape) \(start) \(length) \(offset)")
          continue
        }
        #expect(mapping.address.rawValue == physical + offset)
        if options.contains(.noBlocks) { #expect(mapping.level == 3) }
        if options.contains(.noContiguous) { #expect(!mapping.descriptor.isContiguous) }
        if mapping.descriptor.isContiguous {
          let run = space.geometry.contiguousCoverage(at: mapping.level).rawValue
          let first = (start + offset) & ~(run - 1)
          #expect(first >= start && first + run <= start + length)
        }
      }
      for outside in [start - 1, start + length] {
        #expect(
          walker.walk(VirtualAddress(base + outside)).isTranslationFault, "\(shape) \(outside)")
      }
      checkTables(space)
    }
  }

  @Test func changesAttributesOfWholePiecesOnly() throws {
    let space = try Space(Shape(shift: 12, vaBits: 48, large: false))
    defer { space.release() }
    let base = VirtualAddress(0xffff_0000_0000_0000)
    #expect(
      space.table.map(
        base, to: PhysicalAddress(0x4000_0000), .mebibytes(6), .kernel, .noContiguous,
        allocate: { _ in space.frame() }))
    let part = base..<base + .kibibytes(64)
    #expect(!space.table.changeAttributes(in: part, set: .readOnly, clear: .writable))
    let whole = base + .mebibytes(2)..<base + .mebibytes(4)
    #expect(space.table.changeAttributes(in: whole, set: .readOnly, clear: .writable))
    let walker = space.walker(upper: true)
    for (offset, allowed) in [(0, true), (2, false), (3, false), (4, true)] as [(UInt64, Bool)] {
      let result = walker.walk(base + .mebibytes(offset), for: .write, by: .kernel)
      #expect((result != .fault(.permission(level: 2))) == allowed)
    }
  }

  @Test func tellsWhenThereIsNoFrameForATable() throws {
    let space = try Space(Shape(shift: 12, vaBits: 48, large: false))
    defer { space.release() }
    var left = 2
    let done = space.table.map(
      VirtualAddress(0xffff_0000_0000_1000), to: PhysicalAddress(0x4000_1000), .kibibytes(4),
      .kernel,
      allocate: { _ in
        left -= 1
        return left < 0 ? nil : space.frame()
      })
    #expect(!done)
  }

  func checkTables(_ space: Space) {
    let counts = space.table.tableCounts()
    let all = (-1...3).reduce(0) { $0 + counts[$1] }
    #expect(all == space.used.count + 1)
  }
}

extension Translation {
  var isTranslationFault: Bool {
    if case .fault(.translation) = self { true } else { false }
  }
}
