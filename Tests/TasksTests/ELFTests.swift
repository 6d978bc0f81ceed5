import MemoryTypes
import TestSupport
import Testing

@testable import Tasks

@Suite struct ELFTests {
  /// A header and two segments, as bytes.
  static func file(type: UInt16 = 2, segments: [(UInt64, UInt64, UInt64, UInt64)]) -> [UInt8] {
    var bytes: [UInt8] = []
    func add<T: FixedWidthInteger>(_ value: T) {
      for index in 0..<T.bitWidth / 8 {
        bytes.append(UInt8(truncatingIfNeeded: value >> T(index * 8)))
      }
    }
    add(UInt32(0x464c_457f))
    add(UInt32(0x0001_0102))
    add(UInt64(0))
    add(type)
    add(UInt16(183))
    add(UInt32(1))
    add(UInt64(0x40_0100))
    add(UInt64(64))
    add(UInt64(0))
    add(UInt32(0))
    for value in [64, 56, segments.count, 0, 0, 0] { add(UInt16(value)) }
    for (address, offset, file, memory) in segments {
      add(UInt32(1))
      add(UInt32(5))
      for value in [offset, address, address, file, memory, 0x1_0000] { add(value) }
    }
    return bytes
  }

  static let plain = file(segments: [
    (0x40_0000, 0, 0x1000, 0x1000), (0x41_1000, 0x1000, 0x800, 0x3000),
  ])

  /// Everything that exec computes from a file's bytes; nil where it is refused.
  static func load(_ bytes: [UInt8], _ pageSize: PageSize = .fourKiB) -> ELFLayout? {
    do {
      var probe = bytes
      while probe.count < ELFHeader.probeLength { probe.append(0) }
      let header = try unsafe ELFHeader(probe.span.bytes)
      guard let length = header.tableLength(pageSize), header.tableOffset < UInt64(bytes.count),
        UInt64(bytes.count) - header.tableOffset >= length.rawValue
      else { return nil }
      let start = Int(header.tableOffset)
      let table = Array(bytes[start..<start + Int(length.rawValue)])
      let layout = try unsafe ELFLayout(
        table.span.bytes, count: Int(header.entryCount), header: header, pageSize: pageSize,
        taskSize: 1 << 48)
      for index in 0..<Int(header.entryCount) {
        let entry = unsafe ProgramHeader(index, of: table.span.bytes)
        guard entry.type == .load else { continue }
        for bias in [0, 0xffff_f7e0_0000, 0 &- entry.virtualAddress] {
          let mapping = SegmentMapping(entry, bias: bias, pageSize)
          #expect(mapping.start.isAligned(to: pageSize))
          #expect(mapping.length.rawValue & pageSize.offsetMask == 0)
          #expect(mapping.bssStart.isAligned(to: pageSize))
        }
      }
      return layout
    } catch { return nil }
  }

  @Test func readsAProgram() throws {
    let layout = try #require(Self.load(Self.plain))
    #expect(layout.segments == 2)
    #expect(layout.startCode == 0x40_0000 && layout.endCode == 0x41_1800)
    #expect(layout.startData == 0x41_1000 && layout.endData == 0x41_1800)
    #expect(layout.end == 0x41_4000)
    #expect(layout.tableAddress == 0x40_0040)
    #expect(layout.totalSize == 0x1_4000)
    #expect(layout.alignment == 0x1_0000)
  }

  @Test(arguments: [PageSize.fourKiB, .sixteenKiB, .sixtyFourKiB])
  func mapsSegments(_ pageSize: PageSize) throws {
    let entry = unsafe ProgramHeader(1, of: Array(Self.plain[64...]).span.bytes)
    let mapping = SegmentMapping(entry, bias: 0, pageSize)
    #expect(mapping.start == VirtualAddress(0x41_1000).alignedDown(to: pageSize))
    #expect(mapping.fileOffset == 0x1000 &- (0x41_1000 & pageSize.offsetMask))
    #expect(mapping.zeroStart == VirtualAddress(0x41_1800))
    #expect(mapping.bssEnd == VirtualAddress(0x41_4000).alignedUp(to: pageSize))
  }

  @Test func refusesWhatIsNoProgram() {
    var other = Self.plain
    other[18] = 62  // x86-64
    #expect(Self.load(other) == nil)
    #expect(Self.load(Self.file(type: 1, segments: [(0x40_0000, 0, 8, 8)])) == nil)
    #expect(Self.load(Self.file(type: 3, segments: [])) == nil)
    // Larger in the file than in memory; beyond the space; wrapping around it.
    #expect(Self.load(Self.file(segments: [(0x40_0000, 0, 9, 8)])) == nil)
    #expect(Self.load(Self.file(segments: [(1 << 48, 0, 8, 8)])) == nil)
    #expect(Self.load(Self.file(segments: [(0x40_0000, 0, 8, ~0)])) == nil)
    #expect(Self.load(Self.file(segments: [((1 << 48) - 4096, 0, 8, 8192)])) == nil)
  }

  @Test func anyTruncationIsRefused() {
    for length in 0..<Self.plain.count {
      #expect(Self.load(Array(Self.plain.prefix(length))) == nil, "\(length) bytes")
    }
  }

  @Test func anyMutationIsHarmless() {
    var random = SystemRandomNumberGenerator()
    let seed = UInt64.random(in: 0...UInt64.max, using: &random)
    var generator = Random(seed: seed)
    for _ in 0..<20_000 {
      var bytes = Self.plain
      for _ in 0..<Int(1 + generator.next() % 6) {
        let at = Int(generator.next() % UInt64(bytes.count))
        bytes[at] = UInt8(truncatingIfNeeded: generator.next() % 3 == 0 ? 0xff : generator.next())
      }
      for pageSize in [PageSize.fourKiB, .sixteenKiB, .sixtyFourKiB] {
        if let layout = Self.load(bytes, pageSize) {
          #expect(layout.end <= 1 << 48, "seed \(seed)")
        }
      }
    }
  }

  @Test func propertiesAreChecked() {
    func errno(_ words: [UInt32], declared: Int? = nil) -> Errno? {
      var bytes: [UInt8] = []
      for word in words { for shift in 0..<4 { bytes.append(UInt8(word >> (8 * shift) & 255)) } }
      do {
        try unsafe GNUProperty.check(
          bytes.span.bytes, declared: UInt64(declared ?? bytes.count))
        return nil
      } catch { return error }
    }
    let head: [UInt32] = [4, 16, 5, 0x0055_4e47]
    #expect(errno(head + [0xc000_0000, 4, 1, 0]) == nil)
    #expect(errno(head + [0xc000_0000, 8, 1, 0]) == .ENOEXEC)
    #expect(errno([4, 16, 5]) == .EIO)
    #expect(errno([4, 16, 4, 0x0055_4e47, 0, 0, 0, 0]) == .ENOEXEC)
    #expect(errno(head + [0xc000_0000, 4]) == .ENOEXEC)
    #expect(errno([4, 32, 5, 0x0055_4e47, 2, 4, 0, 0, 1, 4, 0, 0]) == .ENOEXEC)
    #expect(errno(head, declared: 2000) == .ENOEXEC)
  }
}

@Suite struct ScriptTests {
  static func parse(_ text: String) -> (String, String?)? {
    var bytes = Array(text.utf8.prefix(256))
    while bytes.count < 256 { bytes.append(0) }
    do {
      let line = try unsafe ScriptLine(bytes.span.bytes)
      return (
        String(decoding: bytes[line.interpreter], as: UTF8.self),
        line.argument.map { String(decoding: bytes[$0], as: UTF8.self) }
      )
    } catch { return nil }
  }

  @Test func readsLines() throws {
    #expect(try #require(Self.parse("#!/bin/sh\necho")) == ("/bin/sh", nil))
    #expect(try #require(Self.parse("#! /bin/sh -e x \nls")) == ("/bin/sh", "-e x"))
    #expect(try #require(Self.parse("#!\t/bin/awk\t-f\n")) == ("/bin/awk", "-f"))
    #expect(try #require(Self.parse("#!/bin/sh")) == ("/bin/sh", nil))
    let long = String(repeating: "a", count: 300)
    #expect(try #require(Self.parse("#!/bin/sh " + long)).0 == "/bin/sh")
  }

  @Test func refusesOthers() {
    #expect(Self.parse("") == nil)
    #expect(Self.parse("#/bin/sh\n") == nil)
    #expect(Self.parse("#!\n") == nil)
    #expect(Self.parse("#!   \t \n") == nil)
    #expect(Self.parse("#!/" + String(repeating: "a", count: 300)) == nil)
    #expect(Self.parse("#!" + String(repeating: " ", count: 300)) == nil)
  }

  @Test func anyBytesAreHarmless() {
    var generator = Random(seed: 7)
    for _ in 0..<5000 {
      var text = "#!"
      for _ in 0..<Int(generator.next() % 260) {
        text.unicodeScalars.append(
          [" ", "\t", "\n", "\0", "a", "/"][Int(generator.next() % 6)])
      }
      if let (path, argument) = Self.parse(text) {
        #expect(!path.isEmpty && argument != "")
      }
    }
  }
}

@Suite struct HardwareCapabilityTests {
  /// What QEMU's neoverse-n1 says in its registers, and what Linux makes of it.
  @Test func areComputedFromRegisters() {
    var id = IDRegisters()
    id.pfr0 = 0x1100_0000_1011_1112
    id.pfr1 = 0x20
    id.isar0 = 0x0000_1000_1021_1120
    id.isar1 = 0x0000_0000_0010_0001
    let found = HardwareCapabilities(id)
    #expect(found.hwcap == 0x1011_9ffb)
    #expect(found.hwcap2 == 0)
    #expect(HardwareCapabilities(IDRegisters()).hwcap == 0x803)
    var without = IDRegisters()
    without.pfr0 = 0xff_0000
    #expect(HardwareCapabilities(without).hwcap == 0x800)
  }
}
