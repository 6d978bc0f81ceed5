import Files
import Foundation
import MemoryTypes
import Testing

@testable import KernelModules

/// The loader beside the GNU linker: the same object, its sections at the same addresses, its
/// symbols with the same values, gives the same bytes; and what does not fit is refused by both.
@Suite struct LinkerTests {
  /// A way to write a relocation: a line of assembly, with `target` for the symbol; values of the
  /// symbol that fit, and that do not: absolute ones, or distances from the place.
  struct Form: Sendable, CustomTestStringConvertible {
    let line: String
    var isData = false
    var isRelative = false
    var good: [Int64]
    var bad: [Int64] = []
    var testDescription: String { line }
  }

  static let mebibyte: Int64 = 1 << 20
  static let low: [Int64] = [0, 0x10, 0xff0, 0x7fff_1230, 0x1234_5678_9abc_def0]
  static let forms: [Form] =
    data + moves + [
      Form(
        line: "ldr x3, target", isRelative: true, good: [0, mebibyte - 4, -mebibyte],
        bad: [mebibyte, -mebibyte - 4]),
      Form(
        line: "adr x4, target", isRelative: true, good: [1, mebibyte - 1, -mebibyte],
        bad: [mebibyte, -mebibyte - 1]),
      Form(
        line: "adrp x5, target", isRelative: true,
        good: [0, 0x1000, -1, 0xffff_e000, -0xffff_f000],
        bad: [0x1_0000_1000, -0x1_0000_1000]),
      Form(
        line: "adrp x5, :pg_hi21_nc:target", isRelative: true,
        good: [0x1000, 0xffff_e000, 0x12_3456_7000, -0x12_3456_7000]),
      Form(line: "add x6, x7, :lo12:target", good: low + [0xfff, 0x123]),
      Form(line: "ldrb w8, [x9, :lo12:target]", good: low + [0xfff, 0x123]),
      Form(line: "ldrh w8, [x9, :lo12:target]", good: low + [0xffe]),
      Form(line: "str w8, [x9, :lo12:target]", good: low + [0xffc]),
      Form(line: "ldr x8, [x9, :lo12:target]", good: low + [0xff8]),
      Form(line: "ldr q8, [x9, :lo12:target]", good: low),
      Form(
        line: "tbz x10, #37, target", isRelative: true, good: [0, 0x7ffc, -0x8000],
        bad: [0x8000, -0x8004]),
      Form(
        line: "b.ne target", isRelative: true, good: [0, mebibyte - 4, -mebibyte],
        bad: [mebibyte, -mebibyte - 4]),
      Form(line: "cbnz w11, target", isRelative: true, good: [4, mebibyte - 4, -mebibyte]),
      Form(line: "b target", isRelative: true, good: [0, 0x7ff_fffc, -0x800_0000]),
      Form(line: "bl target", isRelative: true, good: [0, 0x7ff_fffc, -0x800_0000]),
    ]

  static let data = [
    Form(line: ".quad target", isData: true, good: [0, -1, .min, 0x1234_5678_9abc_def0]),
    Form(
      line: ".word target", isData: true, good: [0, 0xffff_ffff, 0x1234_5678],
      bad: [0x1_0000_0000, -1, -0x8000_0000]),
    Form(
      line: ".hword target", isData: true, good: [0, 0xffff, 0x1234], bad: [0x1_0000, -1, -0x8000]),
    Form(
      line: ".quad target - .", isData: true, isRelative: true, good: [0, -8, 0x1234_5678_9abc]),
    Form(
      line: ".word target - .", isData: true, isRelative: true,
      good: [0, 0x7fff_ffff, -0x8000_0000], bad: [0x1_0000_0000, -0x1_0000_0000]),
    Form(
      line: ".hword target - .", isData: true, isRelative: true, good: [0, 0x7fff, -0x8000],
      bad: [0x1_0000, -0x1_0000]),
  ]

  static let moves = [
    Form(line: "movz x0, #:abs_g0:target", good: [0, 0xffff], bad: [0x1_0000]),
    Form(line: "movk x0, #:abs_g0_nc:target", good: [0x1234_5678_9abc_def0, -1]),
    Form(line: "movz x0, #:abs_g1:target", good: [0xffff, 0xffff_ffff], bad: [0x1_0000_0000]),
    Form(line: "movk x0, #:abs_g1_nc:target", good: [0x1234_5678_9abc_def0, -1]),
    Form(line: "movz x0, #:abs_g2:target", good: [0xffff_ffff_ffff], bad: [0x1_0000_0000_0000]),
    Form(line: "movk x0, #:abs_g2_nc:target", good: [0x1234_5678_9abc_def0, -1]),
    Form(line: "movz x0, #:abs_g3:target", good: [0x1234_5678_9abc_def0, -1, .min]),
    Form(line: "movn x1, #:abs_g0_s:target", good: [0, 0xffff, -1, -0x1_0000], bad: [0x1_0000]),
    Form(
      line: "movz x1, #:abs_g1_s:target", good: [0xffff_ffff, -0x1_0000_0000, -2],
      bad: [0x1_0000_0000, -0x1_0000_0001]),
    Form(
      line: "movz x1, #:abs_g2_s:target", good: [0xffff_ffff_ffff, -0x1_0000_0000_0000],
      bad: [0x1_0000_0000_0000]),
    Form(
      line: "movz x2, #:prel_g0:target", isRelative: true, good: [0, 0xffff, -1], bad: [0x1_0000]),
    Form(line: "movk x2, #:prel_g0_nc:target", isRelative: true, good: [0x1_2345, -3]),
    Form(
      line: "movz x2, #:prel_g1:target", isRelative: true, good: [0xffff_ffff, -0x1_0000_0000],
      bad: [0x1_0000_0000]),
    Form(line: "movk x2, #:prel_g1_nc:target", isRelative: true, good: [0x1_2345_6789, -3]),
    Form(
      line: "movz x2, #:prel_g2:target", isRelative: true, good: [0xffff_ffff_ffff, -4],
      bad: [0x1_0000_0000_0000]),
    Form(line: "movk x2, #:prel_g2_nc:target", isRelative: true, good: [0x1_2345_6789_abcd, -3]),
    Form(line: "movz x2, #:prel_g3:target", isRelative: true, good: [0x1234_5678_9abc_def0, -5]),
  ]

  static let base: UInt64 = 0xffff_8000_0050_0000

  @Test func bytesAreTheLinkers() throws {
    let object = try LinkedObject(
      Self.forms.flatMap { form in form.good.map { (form, $0) } }, at: Self.base)
    defer { object.remove() }
    let host = TestHost()
    host.next = Self.base
    host.exports = object.exports
    var loader = ModuleLoader<TestHost>.make(host)
    try loader.load(object.file)
    let newest = loader.first
    let core = try #require(newest).pointee.core
    #expect(core.address == Self.base)
    for (name, start) in [(".text", object.text), (".data", object.data)] {
      let linked = try object.linked(name)
      #expect(linked.count >= 16 * 10)
      for slot in 0..<linked.count / 16 {
        let address = start + UInt64(slot) * 16
        let ours = (0..<16).map { core.load(address + UInt64($0), UInt8.self) }
        #expect(
          ours == Array(linked[slot * 16..<slot * 16 + 16]), "\(object.lines[name]?[slot] ?? "")")
      }
    }
    if let newest { loader.unform(newest) }
  }

  @Test(arguments: forms.filter { !$0.bad.isEmpty })
  func whatDoesNotFit(_ form: Form) throws {
    for value in form.bad {
      let object = try LinkedObject([(form, value)], at: Self.base, mayFail: true)
      defer { object.remove() }
      #expect(!object.isLinked && object.said.contains("truncated"), "\(value): \(object.said)")
      let host = TestHost()
      host.next = Self.base
      host.exports = object.exports
      var loader = ModuleLoader<TestHost>.make(host)
      let error = #expect(throws: ModuleError.self, "\(value)") { try loader.load(object.file) }
      #expect(error?.reason == .relocationOverflow && host.areas == 0)
    }
  }

  /// A branch that does not reach by one instruction goes to a veneer whose three instructions lead
  /// to the target, as the CPU decodes them.
  @Test(arguments: [0x800_0000, -0x800_0004, 0x1_0000_0000 - 0x10_0000, -0x7fff_0000] as [Int64])
  func farBranches(_ distance: Int64) throws {
    for line in ["bl target", "b target"] {
      let form = Form(line: line, isRelative: true, good: [distance])
      let object = try LinkedObject([(form, distance)], at: Self.base, mayFail: true)
      defer { object.remove() }
      let host = TestHost()
      host.next = Self.base
      host.exports = object.exports
      var loader = ModuleLoader<TestHost>.make(host)
      try loader.load(object.file)
      let newest = loader.first
      let core = try #require(newest).pointee.core
      let place = object.text + 16
      let target = UInt64(bitPattern: Int64(bitPattern: place) + distance)
      let branch = core.load(place, UInt32.self)
      #expect(branch >> 26 == (line == "b target" ? 0b000101 : 0b100101))
      let veneer = Decoded.branch(branch, at: place)
      #expect(core.contains(veneer, 12) && veneer >= object.text)
      #expect(Decoded.address(core.load(veneer), core.load(veneer + 4), at: veneer) == target)
      #expect(core.load(veneer + 8, UInt32.self) == 0xd61f_0200)  // br x16
      if let newest { loader.unform(newest) }
    }
  }

  /// On a Cortex-A53 an ADRP in the last two words of 4 KiB becomes an ADR where that reaches, or a
  /// veneer; everywhere else it stays one (reloc_insn_adrp()).
  @Test(
    arguments: [0xff4, 0xff8, 0xffc] as [UInt64], [0x4000, 0x1234_5000, -0x8000_0000] as [Int64])
  func lateADRP(_ offset: UInt64, _ distance: Int64) throws {
    let place = Self.base + 0x1000 + offset
    let target = UInt64(bitPattern: Int64(bitPattern: place) + distance)
    var writer = ObjectWriter.module
    writer.sections[0].bytes += .init(repeating: 0, count: 0x3000 - 64)
    writer.sections[0].bytes.replaceSubrange(
      Int(0x1000 + offset)..<Int(0x1004 + offset), with: ObjectWriter.word(0x9000_0007))
    writer.sections[0].alignment = 4096
    writer.relocations.append((1, 0x1000 + offset, 275, 2, 0))
    let host = TestHost()
    host.next = Self.base
    host.avoidsLateADRP = true
    host.exports["_printk"] = target
    var loader = ModuleLoader<TestHost>.make(host)
    try loader.load(writer.bytes)
    let newest = loader.first
    let core = try #require(newest).pointee.core
    let instruction = core.load(place, UInt32.self)
    if offset == 0xff4 {
      #expect(instruction & 0x9f00_001f == 0x9000_0007)
      #expect(Decoded.address(instruction, 0, at: place) == target & ~0xfff)
    } else if distance == 0x4000 {
      #expect(instruction & 0x9f00_001f == 0x1000_0007)
      #expect(Decoded.near(instruction, at: place) == target & ~0xfff)
    } else {
      #expect(instruction >> 26 == 0b000101)
      let veneer = Decoded.branch(instruction, at: place)
      #expect(veneer & 0xfff < 0xff8)
      let pair: (UInt32, UInt32) = (core.load(veneer), core.load(veneer + 4))
      #expect(pair.0 & 31 == 7 && pair.1 & 0x3ff == 7 << 5 | 7)
      #expect(Decoded.address(pair.0, pair.1, at: veneer) == target & ~0xfff)
      #expect(Decoded.branch(core.load(veneer + 8), at: veneer + 8) == place + 4)
    }
    if let newest { loader.unform(newest) }
  }
}

/// What the CPU makes of instructions.
enum Decoded {
  static func signed(_ value: UInt32, _ bits: UInt32) -> Int64 {
    Int64(Int32(bitPattern: value << (32 - bits)) >> Int32(32 - bits))
  }

  static func branch(_ instruction: UInt32, at place: UInt64) -> UInt64 {
    place &+ UInt64(bitPattern: signed(instruction & 0x3ff_ffff, 26) * 4)
  }

  /// ADR.
  static func near(_ instruction: UInt32, at place: UInt64) -> UInt64 {
    let bits = (instruction >> 5 & 0x7_ffff) << 2 | instruction >> 29 & 3
    return place &+ UInt64(bitPattern: signed(bits, 21))
  }

  /// ADRP, and an ADD behind it.
  static func address(_ instruction: UInt32, _ add: UInt32, at place: UInt64) -> UInt64 {
    let bits = (instruction >> 5 & 0x7_ffff) << 2 | instruction >> 29 & 3
    return (place & ~0xfff) &+ UInt64(bitPattern: signed(bits, 21) * 4096)
      &+ UInt64(add >> 10 & 0xfff)
  }
}
