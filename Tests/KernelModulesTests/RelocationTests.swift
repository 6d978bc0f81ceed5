import Testing

@testable import KernelModules

/// Values and fields of relocations, beside instructions that the GNU assembler and linker made.
@Suite struct RelocationTests {
  @Test func branches() {
    // bl .+0x7fffffc, bl .-0x8000000
    #expect(
      Relocation.insert(0x9400_0000, .bits26, 0x7ff_fffc, from: 2, length: 26) == (
        0x95ff_ffff, true
      ))
    #expect(
      Relocation.insert(0x9400_0000, .bits26, -0x800_0000, from: 2, length: 26) == (
        0x9600_0000, true
      ))
    #expect(!Relocation.insert(0x9400_0000, .bits26, 0x800_0000, from: 2, length: 26).fits)
    #expect(!Relocation.insert(0x9400_0000, .bits26, -0x800_0004, from: 2, length: 26).fits)
  }

  @Test func pages() throws {
    let page = try #require(Relocation(type: 275))
    #expect(page.value(0x12345, at: 0xfff) == 0x12000)
    #expect(page.value(0xfff, at: 0x1000) == -0x1000)
    // adrp x0, .+0xfffff000; adrp x1, .-0x1000
    #expect(
      Relocation.insert(0x9000_0000, .address, 0xffff_f000, from: 12, length: 21)
        == (0xf07f_ffe0, true))
    #expect(
      Relocation.insert(0x9000_0001, .address, -0x1000, from: 12, length: 21)
        == (0xf0ff_ffe1, true))
    #expect(!Relocation.insert(0x9000_0000, .address, 1 << 32, from: 12, length: 21).fits)
  }

  @Test func data() throws {
    let absolute = try #require(Relocation(type: 258))
    #expect(absolute.fits(0xffff_ffff, bits: 32))
    #expect(!absolute.fits(0x1_0000_0000, bits: 32))
    #expect(!absolute.fits(-1, bits: 32))
    let relative = try #require(Relocation(type: 261))
    #expect(relative.fits(-0x8000_0000, bits: 32))
    #expect(relative.fits(0x7fff_ffff, bits: 32))
    #expect(!relative.fits(0x8000_0000, bits: 32))
    #expect(relative.value(0x1000, at: 0x1004) == -4)
  }

  @Test func moves() {
    // movz x0, #0x1234; movn x0, #0
    #expect(Relocation.move(0xd280_0000, 0x1234, from: 0, signed: true) == (0xd282_4680, true))
    #expect(Relocation.move(0xd280_0000, -1, from: 0, signed: true) == (0x9280_0000, true))
    // movk x3, #0xdead, lsl #16
    #expect(
      Relocation.move(0xf2a0_0003, 0xdead_beef, from: 16, signed: false) == (0xf2bb_d5a3, true))
    #expect(!Relocation.move(0xd280_0000, 0x1_0000, from: 0, signed: false).fits)
  }

  @Test func veneers() throws {
    // adrp x16, page; add x16, x16, #0x678; br x16
    let veneer = Veneer(at: 0x1000, to: 0x2345_6678)
    #expect(veneer.add == 0x9119_e210)
    #expect(veneer.branch == 0xd61f_0200)
    #expect(Veneer.isLate(0xff8) && Veneer.isLate(0x1fffc) && !Veneer.isLate(0xff4))
  }

  @Test(arguments: [1, 281, 294, 300, 311, 312, 1024, 0xffff_ffff] as [UInt32])
  func unknownTypes(_ type: UInt32) {
    #expect(Relocation(type: type) == nil)
  }
}
