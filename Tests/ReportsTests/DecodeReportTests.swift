import KernelHistory
import MemoryTypes
import Testing

@testable import Reports

@Suite struct DecodeReportTests {
  static func report() throws -> DecodeReport {
    try #require(DecodeReport(try LayoutReportTests.map(KernelVersion(6, 1), 48)))
  }

  static func annotated(_ text: String, asJSON: Bool = false) throws -> String {
    var all: [UInt8] = []
    let isTaken = try report().annotate(Array(text.utf8), asJSON: asJSON) {
      all += $0
      return true
    }
    #expect(isTaken)
    return String(decoding: all, as: UTF8.self)
  }

  @Test func aListBecomesADescriptionALine() throws {
    let list = """
      ffff80000a3c1f40
      0xffff000000b01000
      fffffc0000000040
      1234
      0001000000000000
      """
    #expect(
      try Self.annotated(list) == """
        ffff80000a3c1f40  vmalloc+0x23c1f40  [256/0/81/449+0xf40]
        ffff000000b01000  memory+0xb01000  [0/0/5/257+0x0]  phys 0x40b01000 pfn 0x40b01
        fffffc0000000040  vmemmap+0x40  [504/0/0/0+0x40]  phys 0x40001000 pfn 0x40001 at ffff000000001000
        0000000000001234  user+0x1234  [0/0/0/1+0x234]
        0001000000000000  non-canonical+0x0

        """)
  }

  @Test func anOopsKeepsItsLines() throws {
    let oops = """
      [    0.041270] Unable to handle kernel paging request at virtual address ffff8000086e2000
      [    0.041298]   ESR = 0x0000000096000006
      [    0.041395] swapper pgtable: 4k pages, 48-bit VAs, pgdp=0000000040af9000
      [    0.041413] [ffff8000086e2000] pgd=1000000040afa003, p4d=1000000040afa003, pud=0800000040afb003
      [    0.041451] Internal error: Oops: 0000000096000006 [#1] SMP
      [    0.041592] x29: ffff8000086fbcd0 x28: ffff0000009a8ac0 x27: 0000000000000140
      [    0.042174] ---[ end trace 0000000000000000 ]---
      """
    let lines = try Self.annotated(oops).split(separator: "\n")
    #expect(lines.filter { !$0.hasPrefix("      > ") }.joined(separator: "\n") == oops)
    #expect(
      lines.filter { $0.hasPrefix("      > ") }.map { $0.dropFirst(8).prefix(16) } == [
        "ffff8000086e2000", "ffff8000086e2000", "ffff8000086fbcd0", "ffff0000009a8ac0",
      ])
  }

  @Test func anOopsSaysOfWhichKernelItIs() {
    let text = """
      [    0.041395] swapper pgtable: 64k pages, 42-bit VAs, pgdp=0000000040af9000
      [    0.041479] CPU: 0 PID: 24 Comm: lkdtm Tainted: G    B   W   5.10.0-30-arm64 #2
      [    1.000000] PHYS_OFFSET: 0x80000000
      [    1.000000] Kernel Offset: 0x2b364e200000 from 0xffff800008000000
      [    1.000000] BUG: KASAN: slab-out-of-bounds in foo+0x10/0x20
      """
    let facts = OopsFacts(Array(text.utf8))
    #expect(facts.version == KernelVersion(5, 10))
    #expect(facts.pageShift == 16 && facts.vaBits == 42)
    #expect(facts.physicalOffset == 0x8000_0000)
    #expect(facts.kernelOffset == 0x2b36_4e20_0000)
    #expect(facts.kasan == .generic)
    #expect(OopsFacts(Array("ffff80000a3c1f40\nhello: world\n".utf8)).isEmpty)
    #expect(
      OopsFacts(Array("CPU: 0 Not tainted 6.1.192-memrec #2".utf8)).version == KernelVersion(6, 1))
  }

  @Test func jsonLines() throws {
    #expect(
      try Self.annotated("x0 : fffffc0000000040", asJSON: true) == """
        {"address":"0xfffffc0000000040","half":"kernel","region":"vmemmap","start":\
        "0xfffffc0000000000","end":"0xfffffe0000000000","offset":"0x40","levels":[{"level":0,\
        "name":"pgd","index":504},{"level":1,"name":"pud","index":0},{"level":2,"name":"pmd",\
        "index":0},{"level":3,"name":"pte","index":0}],"pageOffset":"0x40","physical":\
        "0x40001000","frame":"0x40001","linear":"0xffff000000001000"}

        """)
  }

  @Test func whatIsSaidOfOneAddress() throws {
    let lines = try Self.report().text(of: VirtualAddress(0xffff_0000_00b0_1234), .plain)
    #expect(lines[0] == "ffff000000b01234")
    #expect(lines.contains("  tables       pgd 0, pud 0, pmd 5, pte 257, offset 0x234"))
    #expect(lines.contains("  physical     0x40b01234, frame 0x40b01"))
    #expect(lines.contains("  struct page  at fffffc000002c040"))
  }

  /// KASLR moved the image; its symbols are found nevertheless.
  @Test func symbolsOfAMovedImage() throws {
    let map = "ffff800008000000 T _text\nffff800008010800 T vectors\nffff800008590000 B _end\n"
    var report = try #require(
      DecodeReport(
        try LayoutReportTests.map(KernelVersion(6, 1), 48),
        symbols: KernelSymbols(systemMap: Array(map.utf8))))
    report.kernelOffset = ByteCount(0x100_0000)
    let lines = report.text(of: VirtualAddress(0xffff_8000_0901_0804), .plain)
    #expect(lines.contains("  symbol  vectors+0x4"))
    #expect(
      String(decoding: report.json(of: VirtualAddress(0xffff_8000_0901_0804)), as: UTF8.self)
        .contains("\"symbol\":\"vectors\",\"symbolOffset\":\"0x4\""))
  }

  /// Any bytes go through: nothing traps, no byte of a text is lost.
  @Test func anyTextGoesThrough() throws {
    let report = try Self.report()
    let alphabet = Array("0123456789abcdefxX= :[]ESRpgd\n\r\u{e9}".utf8)
    var state: UInt64 = 42
    for _ in 0..<200 {
      var text: [UInt8] = []
      for _ in 0..<400 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        text.append(alphabet[Int(state >> 33) % alphabet.count])
      }
      var out: [UInt8] = []
      _ = report.annotate(text, asJSON: false) {
        out += $0
        return true
      }
      #expect(!out.isEmpty)
      _ = OopsFacts(text)
      _ = report.annotate(text, asJSON: true) { _ in false }
    }
  }
}
