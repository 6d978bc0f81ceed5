import KernelLog
import TestSupport
import Testing

/// The ring beside an array of all messages there ever were.
@Suite struct KernelLogModelTests {
  /// A log in memory of the test's own.
  static func withLog(_ size: Int, _ body: (inout KernelLog) -> Void) {
    let ring = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 8)
    defer { unsafe ring.deallocate() }
    var log = unsafe KernelLog(ring: ring, size: UInt64(size))
    body(&log)
  }

  static func append(
    _ text: [UInt8], _ level: LogLevel = .information, continues: Bool = false, time: UInt64 = 0,
    to log: inout KernelLog
  ) {
    unsafe text.withUnsafeBytes {
      unsafe log.append(KernelLog.Message(level, time: time, continues: continues), $0)
    }
  }

  static func append(_ text: String, continues: Bool = false, to log: inout KernelLog) {
    append(Array(text.utf8), continues: continues, to: &log)
  }

  static func text(_ entry: KernelLog.Entry) -> [UInt8] { unsafe Array(entry.text) }

  static func read(_ sequence: UInt64, _ log: inout KernelLog) -> String? {
    log.entry(sequence).map { String(decoding: text($0), as: UTF8.self) }
  }

  @Test(arguments: [4096, 16384], [1, 2, 3, 4] as [UInt64])
  func whatIsReadIsTheEndOfWhatWasWritten(size: Int, seed: UInt64) {
    var random = Random(seed: seed)
    Self.withLog(size) { log in
      var written: [[UInt8]] = []
      var isOpen = false
      for step in 0..<3000 {
        let length = random.below(step % 7 == 0 ? 1200 : 90)
        let body = (0..<length).map { _ in UInt8(0x20 + random.below(95)) }
        let ends = length + 1 <= KernelLog.longestText && random.below(5) > 0
        let continues = random.below(4) == 0
        let kept = Array(body.prefix(KernelLog.longestText))
        let before = log.nextSequence
        Self.append(ends ? body + [0x0A] : body, continues: continues, to: &log)
        if continues && isOpen && log.nextSequence == before {
          written[written.count - 1] += kept
        } else {
          #expect(log.nextSequence == before + 1, "seed \(seed)")
          written.append(kept)
        }
        isOpen = !ends
        log.checkInvariants()
        guard step % 50 == 0 else { continue }
        var sequence = log.firstSequence
        let first = sequence
        while let entry = log.entry(sequence) {
          #expect(entry.sequence == sequence && Self.text(entry) == written[Int(sequence)])
          sequence += 1
        }
        #expect(sequence == UInt64(written.count) - (isOpen ? 1 : 0))
        // A reader that comes late goes on at the oldest.
        let late = log.entry(0)?.sequence
        #expect(late == (sequence > first ? first : nil))
      }
    }
  }

  @Test func anOpenRecordIsNobodysUntilItIsClosed() {
    Self.withLog(4096) { log in
      Self.append("Modules linked in:", to: &log)
      #expect(Self.read(0, &log) == nil)
      Self.append(" a", continues: true, to: &log)
      Self.append(" b\n", continues: true, to: &log)
      #expect(Self.read(0, &log) == "Modules linked in: a b")
      Self.append("one", to: &log)
      Self.append("two\n", to: &log)
      #expect(Self.read(1, &log) == "one")
      #expect(Self.read(2, &log) == "two")
    }
  }

  /// As Linux prints them: each line with the prefix, times in microseconds.
  @Test func textsHaveLinuxsForm() {
    Self.withLog(4096) { log in
      Self.append(Array("a\nb\n".utf8), .alert, time: 41_241_999, to: &log)
      guard let entry = log.entry(0) else {
        Issue.record("no record")
        return
      }
      var line = LogLine()
      _ = KernelLog.write(entry, priority: true, &line)
      let text = unsafe line.withBytes { bytes in unsafe String(decoding: bytes, as: UTF8.self) }
      #expect(text == "<1>[    0.041241] a\n<1>[    0.041241] b\n")
      var extended: [UInt8] = []
      KernelLog.writeExtended(entry) { extended.append($0) }
      #expect(String(decoding: extended, as: UTF8.self) == "1,0,41241,-;a\\x0ab\n")
    }
  }
}
