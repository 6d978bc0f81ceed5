import Arm64
import Foundation
import HardwareModel
import MemoryTraces
import MemoryTypes
import Testing
import TraceFiles

/// Texts of other tools: what is right, and what is wrong with its line.
@Suite struct TextReaderTests {
  private static func record(
    _ kind: AccessKind, _ address: UInt64, _ size: UInt64, _ privilege: Privilege = .user
  ) -> AccessRecord {
    AccessRecord(kind, VirtualAddress(address), size: size, by: privilege)
  }

  @Test func lackey() throws {
    let text = """
      ==12== Lackey, an example Valgrind tool
      I  004015f0,3
       L 1ffefff870,8
       S 1ffefff868,16
       M 0421c7cc,4

      ==12== of valgrind's
      I  004015f3,15
       S 1000,160

      """
    let whole = WholeTrace(text)
    #expect(whole.failure == nil)
    #expect(
      whole.records == [
        Self.record(.fetch, 0x4015f0, 3), Self.record(.load, 0x1ffefff870, 8),
        Self.record(.store, 0x1ffefff868, 16), Self.record(.load, 0x421c7cc, 4),
        Self.record(.store, 0x421c7cc, 4), Self.record(.fetch, 0x4015f3, 15),
        Self.record(.store, 0x1000, 64), Self.record(.store, 0x1040, 64),
        Self.record(.store, 0x1080, 32),
      ])
    #expect(whole.events == [MemoryTraceEvent(.instructions, 2, position: 9)])
  }

  @Test(arguments: [
    "I  4015f0", "I  ,3", "I  4015f0,0", " X 1000,4", "I 4015f0,3 ", "I  4015f0,3x",
    "I  11112222333344445,3", " L 1000,5000", "L  1000,99999999999999999999", "garbage", "\u{0}",
  ]) func wrongLinesOfLackeyAreNamed(_ line: String) {
    let good = String(repeating: "I  4015f0,3\n L 1000,8\n", count: 60_000)
    let whole = WholeTrace(good + line + "\n" + good, format: .lackey)
    #expect(whole.failure?.kind == .malformed)
    #expect(whole.failure?.place?.line == 120_001, "\(String(describing: whole.failure))")
    #expect(whole.records.count == 120_000)
  }

  @Test func aCutLineOfLackeyIsTruncated() {
    let whole = WholeTrace("I  4015f0,3\n L 10")
    #expect(whole.failure?.kind == .truncated && whole.failure?.place?.line == 2)
    #expect(whole.records.count == 1)
  }

  @Test func execlog() {
    let text = """
      0, 0x4000d4, 0xf9400fe0, "ldr x0, [sp, #0x18]", load, 0x40007ff8b8
      0, 0x4000d8, 0xa9be7bfd, "stp x29, x30, [sp, #-0x20]!", store, 0x40007ff880, store, 0x40007ff888
      1, 0x4000dc, 0xd65f03c0, "ret", x0 -> 0x5
      """
    let whole = WholeTrace(text + "\n")
    #expect(whole.failure == nil)
    #expect(
      whole.records == [
        Self.record(.fetch, 0x4000d4, 4), Self.record(.load, 0x40_007f_f8b8, 1),
        Self.record(.fetch, 0x4000d8, 4), Self.record(.store, 0x40_007f_f880, 1),
        Self.record(.store, 0x40_007f_f888, 1), Self.record(.fetch, 0x4000dc, 4),
      ])
    #expect(whole.events.map(\.kind) == [.task, .instructions, .task, .instructions])
  }

  @Test func execlogOfAMachineSaysThatDataIsPhysical() throws {
    let line = "0, 0xd34, 0xf9c8f000, \"ldr\", load, 0x200000e4, RAM\n"
    try Scratch.file(Array(line.utf8)) { path in
      let reader = try MemoryTraceFile.open(path)
      #expect(WholeTrace(reader).records.count == 2)
      #expect(reader.facts == [TraceFact("data-addresses", "physical")])
    }
  }

  @Test(arguments: [
    "0, 4000d4, 0xf9400fe0, \"ldr\"", "0, 0x4000d4, 0xf9400fe0, ldr",
    "0, 0x40, 0x1, \"ldr\", load, 7",
    "0, 0x40, 0x1, \"ldr\" load", "x, 0x40, 0x1, \"ldr\"",
  ]) func wrongLinesOfExeclogAreNamed(_ line: String) {
    let good = "0, 0x4000d4, 0xf9400fe0, \"ldr x0, [sp, #0x18]\", load, 0x40007ff8b8\n"
    let whole = WholeTrace(good + line + "\n" + good, format: .execlog)
    #expect(whole.failure?.kind == .malformed && whole.failure?.place?.line == 2)
    // Of a line that goes wrong behind its instruction, that was taken.
    #expect((2...3).contains(whole.records.count))
  }

  @Test func perfScript() {
    let text = """
      # captured on: Mon
      web server 1234/1235 [002] 81.204117:  1 cpu/mem-loads,ldlat=30/P:  7ffd3b0a1c28 |OP LOAD|LVL L1 hit
              7f1212 main+0x12 (/bin/app)

      app  77  81.204118:  mem-stores:u:  ffffa0b4c100 |OP STORE|
      app  77  81.204119:  mem-stores:u:  0 |OP STORE|
      """
    let whole = WholeTrace(text + "\n")
    #expect(whole.failure == nil)
    #expect(
      whole.records == [
        Self.record(.load, 0x7ffd_3b0a_1c28, 1), Self.record(.store, 0xffff_a0b4_c100, 1),
      ])
    #expect(
      whole.events == [
        MemoryTraceEvent(.task, 1234, 1235, position: 0),
        MemoryTraceEvent(.task, 77, 77, position: 1),
      ])
    let wrong = WholeTrace(text + "\nnothing of perf\n", format: .perf)
    #expect(wrong.failure?.kind == .malformed && wrong.failure?.place?.line == 7)
  }

  /// Lines of perf 6.1's own, of page faults recorded with -d: shortened, not changed.
  @Test func perfScriptAsItIsPrinted() {
    // -F comm,pid,tid,time,event,addr,ip,sym
    let fields = """
                    pf 27149/27149 74363.281654: page-faults:     7ffaa2326010 [unknown]     55b31e8b1151 main
                    pf 27149/27149 74363.281663: page-faults:     7ffaa23ff5e0 __unregister_atfork     7ffaa23ff5e0 __unregister_atfork

      """
    // -F +addr
    let symbols = """
                    pf 27149 74363.281654:          1 page-faults:     7ffaa2326010 [unknown] ([unknown]) 55b31e8b1151 main+0x18 (/tmp/pf)
                    pf 27149 74363.281663:          1 page-faults:     7ffaa23ff5e0 __unregister_atfork+0x0 (/usr/lib/libc.so.6)     7ffaa23ff5e0 __unregister_atfork+0x0 (/usr/lib/libc.so.6)

      """
    // record -g, -F +addr
    let chains = """
      pf 27198 74365.473468:          1 page-faults:     7ffaa2326010 __TMC_END__+0x0 (/tmp/pf)
      \tffffffff81752b6a elf_load+0x28a ([kernel.kallsyms])
      \tffffffff8175320a load_elf_binary+0x66a ([kernel.kallsyms])

      pf 27198 74365.473606:          1 page-faults:     7ffaa23ff5e0 [unknown] ([unknown])
      \t    7f30980f2ad7 [unknown] ([unknown])

      """
    let header = (0..<30).map { "# fact \($0) : as long as it is\n" }.joined()
    for text in [fields, symbols, chains, header + "#\n" + fields] {
      let whole = WholeTrace(text)
      #expect(whole.failure == nil, "\(text)")
      #expect(
        whole.records == [
          Self.record(.load, 0x7ffa_a232_6010, 1), Self.record(.load, 0x7ffa_a23f_f5e0, 1),
        ], "\(text)")
    }
    // Without -F +addr it is the places of the program: of data they say nothing.
    let places = """
                    pf 27149 74363.273374:          1 page-faults:  ffffffff81752b6a elf_load+0x28a ([kernel.kallsyms])
                    pf 27149 74363.273464:          1 page-faults:      7ffaa253db70 _start+0x0 (/usr/lib/ld.so.2)

      """
    let without = WholeTrace(places)
    #expect(without.failure?.kind == .unsupported && without.records.isEmpty)
    #expect(without.failure?.message.contains("-F +addr") == true)
    let bare = WholeTrace(
      "pf 27198 74365.473468:          1 page-faults: \n\t ffffffff81752b6a x (y)\n")
    #expect(bare.failure?.kind == .unsupported && bare.records.isEmpty)
  }

  @Test func whatIsNoTraceIsRefused() {
    for text in ["", "hello\n", "%PDF-1.4", "= Start\n"] {
      #expect(WholeTrace(text).failure?.kind == .unsupported, "\(text)")
    }
  }
}
