import BoardFormat
import Foundation
import Testing

@testable import Machine
@testable import Reports

/// The log of a trace, from records as the kernel sends them.
@Suite struct TraceTests {
  static func bytes(_ records: [TraceRecord]) -> [UInt8] {
    records.flatMap { record in unsafe withUnsafeBytes(of: record) { unsafe Array($0) } }
  }

  /// Records of a text, 48 bytes each.
  static func text(_ text: String) -> [TraceRecord] {
    let bytes = Array(text.utf8)
    let starts = Array(stride(from: 0, to: max(1, bytes.count), by: 48))
    return starts.map { start in
      let piece = bytes[start..<min(bytes.count, start + 48)]
      var record = TraceRecord(
        .text, detail: UInt16(piece.count), number: start == starts.last ? 0 : 1)
      for (index, byte) in piece.enumerated() {
        record.words[index / 8] |= UInt64(byte) << UInt64(8 * (index % 8))
      }
      return record
    }
  }

  static func log(_ form: TraceLog.Form = .text, _ words: [String] = []) throws -> TraceLog {
    TraceLog(
      form: form, filter: try TraceFilter(words), machine: try MachineConfiguration().described(),
      symbolizer: TraceSymbolizer { _ in nil })
  }

  /// Task 2 has the CPU, and a heap of one page.
  static let start: [TraceRecord] = [
    TraceRecord(.switched, number: 2, 0x100, 1),
    TraceRecord(.areas, number: 1, 0x100, 0x1000, 0x2000),
    TraceRecord(.area, detail: TraceAreaName.heap.rawValue, 0x1000, 0x2000, 0x73, 1, 0),
  ]

  /// `brk` grows the heap: an area that changed, a frame, and a fault inside the call.
  static let growth: [TraceRecord] = [
    TraceRecord(.callBegin, number: 214, 0x4000),
    TraceRecord(.faultBegin, detail: TraceAccess.write.rawValue, 0x1008),
    TraceRecord(.frameAllocated, 0x55, 0, 0x108),
    TraceRecord(.frameAllocated, 0x56, 0, 0x108),
    TraceRecord(.faultEnd, 0x1000, 0, 0x00e8_0000_0005_5f43, 0),
    TraceRecord(.areas, number: 1, 0x100, 0x1000, 0x4000),
    TraceRecord(.area, detail: TraceAreaName.heap.rawValue, 0x1000, 0x4000, 0x73, 1, 0),
    TraceRecord(.callEnd, number: 214, 0x4000),
  ]

  @Test func effectsStandUnderTheirCauses() throws {
    var log = try Self.log()
    let text = log.receive(Self.bytes(Self.start + Self.growth)) + log.finish()
    let lines = text.split(separator: "\n").map { $0.trimmingPrefix { $0 == " " } }
    #expect(lines.count == 6, "\(text)")
    #expect(lines[0] == "area + 1000-2000 rw-p 4K [heap]")
    #expect(lines[1].contains("brk(0x4000) = 0x4000"))
    #expect(lines[2].hasPrefix("fault: write at 0x1008 in rw-p [heap] → minor"))
    #expect(lines[3] == "2 frames 0x55-0x56 allocated, movable, zeroed")
    #expect(lines[4].hasPrefix("entry of 0x1000: none → frame 0x55 rw, young, dirty"))
    #expect(lines[5] == "area ~ 1000-4000 rw-p 12K [heap], was 1000-2000")
    // Deeper is further right.
    let indents = text.split(separator: "\n").dropFirst(2).map { $0.prefix { $0 == " " }.count }
    #expect(indents[1] > indents[0] && indents[0] == indents[3])
  }

  @Test func piecesOfAnyLengthGiveTheSameLog() throws {
    let path = "/a/folder/whose/name/is/long/enough/for/two/records/of/text/at/least"
    var records = Self.start
    records.append(TraceRecord(.callBegin, number: 56, 0xffff_ff9c, 0x5000))
    records.append(TraceRecord(.argument, detail: 1))
    records += Self.text(path)
    records.append(TraceRecord(.callEnd, number: 56, 0 &- 2))
    let bytes = Self.bytes(records + Self.growth)
    var whole = try Self.log()
    let expected = whole.receive(bytes) + whole.finish()
    #expect(expected.contains("openat(AT_FDCWD, \"\(path)\", 0x0, 0x0) = -ENOENT"))
    for size in [1, 7, 63, 64, 65, 1000] {
      var log = try Self.log()
      var text = ""
      for start in stride(from: 0, to: bytes.count, by: size) {
        text += log.receive(Array(bytes[start..<min(bytes.count, start + size)]))
      }
      #expect(text + log.finish() == expected, "pieces of \(size)")
    }
  }

  @Test func aCauseThatWaitsIsClosedLater() throws {
    var log = try Self.log()
    var records = Self.start
    records.append(TraceRecord(.callBegin, number: 260))
    records.append(TraceRecord(.switched, number: 3, 0x200, 2))
    records.append(TraceRecord(.callBegin, number: 172))
    records.append(TraceRecord(.callEnd, number: 172, 3))
    records.append(TraceRecord(.switched, number: 2, 0x100, 1))
    records.append(TraceRecord(.callEnd, number: 260, 3))
    let text = log.receive(Self.bytes(records)) + log.finish()
    let wait = try #require(text.range(of: "wait4(0, NULL, 0x0, NULL) …"), "\(text)")
    let other = try #require(text.range(of: "getpid() = 3"))
    let end = try #require(text.range(of: "└ wait4(0, NULL, 0x0, NULL) = 3"))
    #expect(wait.lowerBound < other.lowerBound && other.lowerBound < end.lowerBound)
  }

  @Test func filtersChooseCausesAndEffects() throws {
    func shown(_ words: [String]) throws -> String {
      var log = try Self.log(.text, words)
      return log.receive(Self.bytes(Self.start + Self.growth)) + log.finish()
    }
    #expect(try shown(["mmap"]).isEmpty)
    #expect(try shown(["brk"]).contains("frames 0x55"))
    #expect(try !shown(["brk", "area"]).contains("frames 0x55"))
    #expect(try shown(["brk", "area"]).contains("area ~"))
    #expect(try !shown(["!frame"]).contains("frames 0x55"))
    #expect(try shown(["!frame"]).contains("brk"))
    // A fault inside of a call that is not asked for is asked for by itself.
    #expect(try shown(["fault"]).contains("fault: write"))
    #expect(try !shown(["fault"]).contains("brk"))
    #expect(throws: UnknownTraceWord.self) { try TraceFilter(["brk", "dreams"]) }
  }

  @Test func linesOfJSONNameTheirCauses() throws {
    var log = try Self.log(.json)
    let lines = (log.receive(Self.bytes(Self.start + Self.growth)) + log.finish())
      .split(separator: "\n")
    #expect(lines.allSatisfy { $0.hasPrefix("{\"at\":") && $0.hasSuffix("}") })
    let call = try #require(lines.first { $0.contains("\"call\":\"brk\"") })
    #expect(call.contains("\"id\":1,\"cause\":null"))
    let fault = try #require(lines.first { $0.contains("\"event\":\"fault\"") })
    #expect(fault.contains("\"id\":2,\"cause\":1"))
    let frame = try #require(lines.first { $0.contains("frame-allocated") })
    #expect(frame.contains("\"cause\":2"))
    let area = try #require(lines.first { $0.contains("area-changed") })
    #expect(area.contains("\"cause\":1") && area.contains("\"was\":{\"start\":\"0x1000\""))
  }

  @Test func whoHasEndedIsForgotten() throws {
    var log = try Self.log()
    for task in Int32(3)...1000 {
      _ = log.receive(
        Self.bytes([
          TraceRecord(.switched, number: task, 0x200, 2),
          TraceRecord(.callBegin, number: 94, 7), TraceRecord(.taskEnded, number: task, 7 << 8),
        ]))
    }
    let text = log.receive(Self.bytes([TraceRecord(.switched, number: 2, 0x100, 1)]))
    #expect(text.contains("exit_group(7) …") && text.contains("task 1000 ends with 7"), "\(text)")
    // 0 stands for what ran before the first task.
    #expect(Set(log.state.tasks.keys).subtracting([0, 2]).isEmpty)
  }

  @Test func aFaultOfACallSaysWhoseItIs() throws {
    var log = try Self.log()
    let text = log.receive(
      Self.bytes(
        Self.start + [
          TraceRecord(.callBegin, number: 63, 0, 0x1000, 8),
          TraceRecord(.faultBegin, detail: TraceAccess.write.rawValue, number: 1, 0x1000),
          TraceRecord(.faultEnd, 0x1000, 0, 0),
          TraceRecord(.callEnd, number: 63, 8),
        ]))
    #expect(text.contains("fault: write at 0x1000 in rw-p [heap], for the kernel → minor"))
  }

  @Test func recordsThatCannotBeAreCounted() throws {
    var log = try Self.log()
    var wild = TraceRecord(.text)
    wild.kind = 999
    let stray = TraceRecord(.area, detail: 0, 1, 2, 3)
    let text = log.receive(Self.bytes([wild, stray, TraceRecord(.text)] + Self.start))
    #expect(text.contains("area +"))
    #expect(log.finish().contains("3 records"))
  }

  /// What becomes of areas, against a list that is changed the same way.
  @Test func spacesFollowWhatTheKernelTells() {
    var generator = SystemRandomNumberGenerator()
    let seed = UInt64.random(in: 0 ... .max, using: &generator)
    print("TraceTests: seed \(seed)")
    var state = seed | 1
    func random(_ below: UInt64) -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return (state >> 33) % below
    }
    var space = TraceSpace()
    // One byte a page: which area holds it, 0 for none.
    var model = [UInt64](repeating: 0, count: 64)
    for step in 1...2000 {
      let start = random(64)
      let end = min(64, start + 1 + random(8))
      let flags = random(3)
      for page in start..<end { model[Int(page)] = flags }
      var all: [TraceArea] = []
      for page in 0..<64 where model[page] != 0 {
        let at = UInt64(page) * 4096
        if let last = all.last, last.end == at, last.flags == model[page] {
          all[all.count - 1].end = at + 4096
        } else {
          all.append(
            TraceArea(
              start: at, end: at + 4096, flags: model[page], pageOffset: UInt64(page), inode: 0,
              name: .none))
        }
      }
      let told = all.filter { $0.end >= start * 4096 && $0.start <= end * 4096 }
      _ = space.replace(from: start * 4096, to: end * 4096, by: told, pageSize: 4096)
      #expect(space.areas == all, "step \(step)")
    }
  }
}
