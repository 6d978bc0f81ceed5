import MemoryTypes
import Testing

@testable import Reports

@Suite struct MappingTests {
  static let smaps = """
    00400000-005b2000 r-xp 00000000 00:02 7                                  /bin/busybox
    Size:               1736 kB
    KernelPageSize:        4 kB
    Rss:                 900 kB
    Anonymous:             0 kB
    THPeligible:    0
    VmFlags: rd ex mr mw me 
    005ce000-005d4000 rw-p 001be000 00:02 7                                  /bin/busybox
    Size:                 24 kB
    Rss:                  24 kB
    Anonymous:            20 kB
    005d4000-005dd000 rw-p 00000000 00:00 0                                  [heap]
    Size:                 36 kB
    Rss:                  16 kB
    Anonymous:            16 kB
    005dd000-01fff000 rw-p 00000000 00:00 0                                  [heap]
    Rss:               26000 kB
    Anonymous:         26000 kB
    ffff80000000-ffff80021000 r--p 00000000 00:14 9                          /lib/a b.so.6
    ffff80021000-ffff80031000 rw-p 00000000 00:00 0 
    fffff7ffb000-fffff7ffd000 r--p 00000000 00:00 0                          [vvar]
    fffff7ffd000-fffff7ffe000 r-xp 00000000 00:00 0                          [vdso]
    fffffffdf000-1000000000000 rw-p 00000000 00:00 0                         [stack]
    """
  static let stat =
    "1 (a b) c) R 0 1 1 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 5 1 1 1 1 1 1 0 0 0 0 0 0 0 0 0 17 "
    + "0 0 0 0 0 0 6086656 6123456 6148096 281474976710500 281474976710520 281474976710520 281474976710600 0"

  @Test func rolesFollowFromTheTexts() {
    let mappings = [Mapping](
      smaps: Array(Self.smaps.utf8), program: "/bin/busybox", stat: Self.stat)
    #expect(
      mappings.map(\.role)
        == [.text, .data, .bss, .heap, .library, .mapping, .vvar, .vdso, .stack])
    #expect(mappings[0].resident == .kibibytes(900))
    #expect(mappings[1].anonymous == .kibibytes(20))
    #expect(mappings[1].offset == 0x1be000)
    #expect(mappings[4].name == "/lib/a b.so.6")
    #expect(mappings.last?.end == VirtualAddress(1 << 48))
  }

  @Test func withoutHeapStartABssThatMapsCallsHeapIsHeap() {
    let mappings = [Mapping](smaps: Array(Self.smaps.utf8), program: "/bin/busybox", stat: nil)
    #expect(mappings[2].role == .heap)
  }

  @Test(arguments: ["", "nonsense", "a-b c d e f", "1-2 rwxp", "Size: x kB\n\n:"])
  func damagedTextsAreSurvived(text: String) {
    #expect([Mapping](smaps: Array(text.utf8), program: "", stat: text).isEmpty)
  }

  @Test func buddyinfoIsRead() {
    let blocks = [FreeBlocks](
      buddyinfo: """
        Node 0, zone      DMA      1      0      3      1
        Node 0, zone   Normal      0      2
        junk
        """)
    #expect(blocks.map(\.zone) == ["DMA", "Normal"])
    #expect(blocks.map(\.pages) == [1 + 12 + 8, 4])
  }
}
