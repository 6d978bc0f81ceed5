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

  @Test func whatIsNoTraceIsRefused() {
    for text in ["", "hello\n", "%PDF-1.4", "= Start\n"] {
      #expect(WholeTrace(text).failure?.kind == .unsupported, "\(text)")
    }
  }
}
