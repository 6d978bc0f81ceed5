import BoardFormat
import Machine
import MemoryTypes
import Testing

@testable import Reports

@Suite struct RunReportTests {
  private func report(_ ending: Ending = .exited(status: 0)) throws -> RunReport {
    var counts = Statistics()
    counts.bootInstructions = 12_345_678
    counts.userInstructions = 812_345_678
    counts.kernelInstructions = 21_000_000
    counts.minorFaults = 6_012
    counts.anonymousFaults = 5_900
    counts.zeroPageFaults = 12
    counts.fileFaults = 100
    counts.peakResident = 6_400
    counts.residentAnonymous = 6_100
    counts.residentShared = 300
    counts.peakVirtual = 7_000
    counts.mappings = 9
    counts.tablePages = [0, 1, 2, 3, 15]
    counts.managedFrames = 127_000
    counts.freeBefore = 126_000
    counts.freeAfter = 126_000
    counts.systemCalls[214] = 5_900
    counts.systemCalls[64] = 3
    counts.systemCalls[94] = 1
    counts.unknownCalls[293] = 1
    counts.systemCalls[293] = 1
    let result = RunResult(
      ending: ending, statistics: counts,
      texts: [
        ("smaps", Array(MappingTests.smaps.utf8)), ("stat", Array(MappingTests.stat.utf8)),
        ("buddyinfo.before", Array("Node 0, zone      DMA      1      0      3     30\n".utf8)),
        ("buddyinfo.after", Array("Node 0, zone      DMA      3      1      2     30\n".utf8)),
      ], log: ["up"])
    return RunReport(
      machine: try MachineConfiguration().described(),
      arguments: ["/bin/busybox", "awk", "BEGIN { print \"a\tb\" }"], result: result)
  }

  @Test func theReportIsOneAlignedScreen() throws {
    let text = try report().text(.plain)
    #expect(
      text.joined(separator: "\n") == """

        busybox exited with status 0
        4K pages, 48-bit addresses, 512M RAM, neoverse-n1
        kernel: up

        Instructions  812,345,678 user, 21,000,000 kernel (2.5 %), 12,345,678 boot
        Memory        25M resident at most (23.8M anonymous, 0 file, 1.2M tmpfs), 27.3M virtual
        Page tables   84K: 1 PGD, 2 PUD, 3 PMD, 15 PTE
        Faults        6,012 minor, 0 major: 5,900 anonymous, 12 zero page, 100 file
        System calls  brk 5,900, write 3, exit_group, rseq
          not there   rseq (ENOSYS)

        Mappings at the end
          addresses                     size  resident        role       backed by
          400000-5b2000                 1.7M      900K  r-xp  text       file /bin/busybox
          5ce000-5d4000                  24K       24K  rw-p  data       file /bin/busybox from 0x1be000, 20K of it copied
          5d4000-5dd000                  36K       16K  rw-p  bss        anonymous memory
          5dd000-1fff000               26.1M     25.4M  rw-p  heap       anonymous memory
          ffff80000000-ffff80021000     132K         0  r--p  library    file /lib/a b.so.6
          ffff80021000-ffff80031000      64K         0  rw-p  mapping    anonymous memory
          fffff7ffb000-fffff7ffd000       8K         0  r--p  vvar       the kernel
          fffff7ffd000-fffff7ffe000       4K         0  r-xp  vdso       the kernel
          fffffffdf000-1000000000000    132K         0  rw-p  stack      anonymous memory
            ffffffffff64-ffffffffffc8    100                  arguments  in the stack, with the environment

        Free blocks of 2^order pages
               order   0  1  2   3  pages
          DMA  before  1  0  3  30    253
          DMA  after   3  1  2  30    253
        All frames returned: 126,000 of 127,000 frames free, as before.
        """)
  }

  @Test func anEndBySignalSaysWhere() throws {
    var report = try report(.signalled(number: 11, address: 0x10, programCounter: 0x40_1234))
    #expect(
      report.endingText
        == "was ended by SIGSEGV at address 0x10, pc 0x401234 in text (/bin/busybox)")
    report.result.ending = .signalled(number: 11, address: 0, programCounter: 0)
    #expect(report.endingText.hasSuffix("pc 0x0 (nothing is mapped there)"))
  }

  @Test func lostFramesAreSaid() throws {
    var report = try report()
    report.result.statistics?.freeAfter = 125_990
    report.result.statistics?.fileFramesAfter = 6
    report.result.statistics?.objectFramesAfter = 4
    #expect(
      report.text(.plain).last
        == "All frames of the program returned: 125,990 of 127,000 frames free; 6 hold files, "
        + "4 hold names, inodes and control groups.")
    report.result.statistics?.fileFramesAfter = 0
    report.result.statistics?.objectFramesAfter = 0
    #expect(
      report.text(.plain).last
        == "10 frames did not come back: 125,990 of 127,000 frames free.")
  }

  @Test func jsonHoldsTheWholeConfigurationAndTheCounts() throws {
    let json = try report().json(texts: ["buddyinfo.after"]).text
    for part in [
      "\"instructions\": {\n    \"user\": 812345678,\n    \"kernel\": 21000000,",
      "\"endedBy\": \"exit\"", "\"exitStatus\": 0", "\"mmap-min-addr\": \"64K\"",
      "\"hw-afdbm\": \"on\"", "\"sysroot\": null", "\"PATH=/bin\"", "\"brk\": 5900",
      "\"allReturned\": true", "\"role\": \"bss\"", "\"BEGIN { print \\\"a\\tb\\\" }\"",
      "\"copyOnWrite\": 0", "\"pgd\": 1",
    ] {
      #expect(json.contains(part), "\(part)")
    }
  }

  @Test func sideBySideIsAColumnAMachine() throws {
    var other = try report(.exited(status: 3))
    var configuration = MachineConfiguration()
    configuration.pageSize = .sixtyFourKiB
    other.machine = try configuration.described()
    let lines = SideBySide([try report(), other]).text(.plain)
    #expect(lines[2] == "                          4K pages    64K pages")
    #expect(lines[3] == "  ended by                  exit 0       exit 3")
    #expect(lines[4] == "  resident at most             25M         400M")
  }

  @Test func richTextIsOnlyForTerminalsThatAllowIt() {
    #expect(Style(isTerminal: true, noColor: nil, terminal: "xterm").isRich)
    #expect(Style(isTerminal: true, noColor: "", terminal: "xterm").isRich)
    #expect(!Style(isTerminal: true, noColor: "1", terminal: "xterm").isRich)
    #expect(!Style(isTerminal: true, noColor: nil, terminal: "dumb").isRich)
    #expect(!Style(isTerminal: true, noColor: nil, terminal: nil).isRich)
    #expect(!Style(isTerminal: false, noColor: nil, terminal: "xterm").isRich)
  }
}

@Suite struct JSONTests {
  @Test func textIsEscaped() {
    let json: JSON = ["a\"b\\c\n\t\r\u{1}é": [1, true, nil, [], [:]]]
    #expect(
      json.text == """
        {
          "a\\"b\\\\c\\n\\t\\r\\u0001é": [
            1,
            true,
            null,
            [],
            {}
          ]
        }

        """)
  }
}
