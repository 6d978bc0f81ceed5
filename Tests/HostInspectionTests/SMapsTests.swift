import MemoryTypes
import Testing

@testable import HostInspection

@Suite struct SMapsTests {
  static let text = """
    00400000-00452000 r-xp 00000000 08:02 173521                             /usr/bin/dbus daemon
    Size:                328 kB
    KernelPageSize:        4 kB
    Rss:                 300 kB
    Pss:                 150 kB
    Pss_Dirty:             0 kB
    Anonymous:             0 kB
    THPeligible:           0
    VmFlags: rd ex mr mw me
    7f0000000000-7f0040000000 rw-p 00000000 00:00 0
    Rss:              524288 kB
    Pss:              524288 kB
    AnonHugePages:    520192 kB
    FilePmdMapped:         0 kB
    ShmemPmdMapped:        4 kB
    Swap:               1024 kB
    SwapPss:             512 kB
    Locked:               12 kB
    THPeligible:           1
    VmFlags: rd wr mr mw me ac hg sd
    7f0080000000-7f00c0000000 rw-s 00000000 00:0f 12   /dev/hugepages/x (deleted)
    Shared_Hugetlb:     2048 kB
    Private_Hugetlb:    4096 kB
    VmFlags: rd wr sh mr mw me ms de ht sd
    7ffd00000000-7ffd00021000 rw-p 00000000 00:00 0                          [stack]
    VmFlags: rd wr mr mw me gd ac
    7ffd00030000-7ffd00034000 r--p 00000000 00:00 0                          [vvar]
    VmFlags: rd mr pf io de dd
    """

  @Test func areasAreReadWithWhatIsAskedOfThem() {
    let areas = VirtualArea.all(smaps: Array(Self.text.utf8))
    #expect(areas.map(\.label) == ["dbus daemon", "anonymous", "x (deleted)", "[stack]", "[vvar]"])
    #expect(areas[0].rss == .kibibytes(300) && areas[0].pss == .kibibytes(150))
    #expect(areas[0].inode == 173521 && areas[0].isExecutable)
    #expect(areas[1].huge == .kibibytes(520196) && areas[1].swap == .kibibytes(1024))
    #expect(areas[1].swapPss == .kibibytes(512) && areas[1].locked == .kibibytes(12))
    #expect(areas[1].mayBeHuge && areas[1].flags == .wantsHuge)
    #expect(areas[2].hugetlb == .kibibytes(6144) && areas[2].flags == .hugetlb)
    #expect(areas[3].flags == .growsDown && areas[4].flags == .frames)
  }

  @Test func anAreaInThePlaceOfOthersIsLeftOut() {
    let text = """
      00400000-00500000 r-xp 00000000 00:00 0
      Rss: 4 kB
      00480000-00600000 r-xp 00000000 00:00 0
      Rss: 8 kB
      00600000-00600000 r-xp 00000000 00:00 0
      00700000-00800000 r-xp 00000000 00:00 0
      """
    let areas = VirtualArea.all(smaps: Array(text.utf8))
    #expect(areas.map(\.start.rawValue) == [0x40_0000, 0x70_0000])
    #expect(areas[0].rss == .kibibytes(4))
  }

  @Test(arguments: 0..<300) func anyTextHasAReading(seed: UInt64) {
    var random = SeededRandom(seed)
    let areas = VirtualArea.all(smaps: random.spoiled(Array(Self.text.utf8)))
    for (area, next) in zip(areas, areas.dropFirst()) { #expect(area.end <= next.start) }
    #expect(areas.allSatisfy { $0.start < $0.end })
  }

  @Test func processesSayWhoTheyAre() throws {
    let rest = " S 4 4 4 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 7 0 1234 0 0"
    let state = try #require(
      ProcessState(
        stat: Array("77 (a (b) c)\(rest)".utf8),
        status: Array("Name:\tx\nUid:\t1000\t0\t0\t0\nVmRSS:\t  12 kB\nVmPTE: x kB\n".utf8)))
    #expect(state.pid == 77 && state.name == "a (b) c" && state.parent == 4)
    #expect(state.threads == 7 && state.started == 1234 && state.user == 1000)
    #expect(!state.isKernelThread && !state.isZombie)
    #expect(state.size("VmRSS") == .kibibytes(12) && state.size("VmPTE") == nil)
    // PF_KTHREAD among the flags.
    let kernel = "2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 5 0 0"
    #expect(ProcessState(stat: Array(kernel.utf8), status: [])?.isKernelThread == true)
    for text in ["", "1", "1 (x", "x (y) S", ")1(", "1 (x) S 2"] {
      #expect(ProcessState(stat: Array(text.utf8), status: []) == nil, "\(text)")
    }
  }
}
