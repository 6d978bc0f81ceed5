package import MemoryTypes

/// Who a process is and what the kernel counts of it: `/proc/PID/stat` and `status`, which everyone
/// may read.
package struct ProcessState: Equatable, Sendable {
  package var pid: UInt64
  package var name: String
  /// A letter: `R`, `S`, `D`, `Z` and so on.
  package var state: Character
  package var parent: UInt64
  package var threads: UInt64
  /// When it started, in ticks since boot: with the number it names a process for all time.
  package var started: UInt64
  package var user: UInt64?
  package var isKernelThread: Bool
  private var fields: [ProcField]

  /// Reads both; nil where `stat` is not one.
  package init?(stat: [UInt8], status: [UInt8]) {
    let text = String(decoding: stat, as: UTF8.self)
    // The name stands in parentheses and may have some itself.
    guard let open = text.firstIndex(of: "("), let close = text.lastIndex(of: ")"), open < close,
      let pid = UInt64(String(text[..<open]).trimmedBlanks)
    else { return nil }
    let rest = text[text.index(after: close)...].split(whereSeparator: \.isWhitespace)
    guard rest.count > 19, let state = rest[0].first, let parent = UInt64(rest[1]),
      let flags = UInt64(rest[6]), let started = UInt64(rest[19])
    else { return nil }
    self.pid = pid
    self.state = state
    self.parent = parent
    self.started = started
    name = String(text[text.index(after: open)..<close])
    threads = UInt64(rest[17]) ?? 0
    // PF_KTHREAD (include/linux/sched.h).
    isKernelThread = flags & 0x20_0000 != 0
    fields = String.procLines(status).compactMap { ProcField(line: $0) }
    user = fields.first { $0.name == "Uid" }?.words.first.flatMap { UInt64($0) }
  }

  /// Whether it has ended and only waits for its parent to ask how.
  package var isZombie: Bool { state == "Z" || state == "X" }

  /// A size of `status`, such as `VmRSS`; nil where it is not said (a kernel thread has none).
  package func size(_ name: String) -> ByteCount? {
    guard let words = fields.first(where: { $0.name == name })?.words, words.count == 2,
      words[1] == "kB", let number = UInt64(words[0]), number < 1 << 52
    else { return nil }
    return .kibibytes(number)
  }

  /// The state in a word.
  package var stateName: String {
    switch state {
    case "R": "running"
    case "S": "sleeping"
    case "D": "waiting for a device"
    case "T", "t": "stopped"
    case "Z": "a zombie"
    case "X": "dead"
    case "I": "idle"
    default: "in state \(state)"
    }
  }
}
