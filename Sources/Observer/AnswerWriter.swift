import Glibc
import Observation

/// Writes the answer behind the request, section by section.
struct AnswerWriter {
  private let file: Int32
  private var at = ObserverRequest.room
  private var words: [UInt64] = []

  init(file: Int32) { self.file = file }

  /// A section begins, of so many rows.
  mutating func begin(_ section: AnswerSection, columns: Int, rows: Int) {
    add(section.rawValue)
    add(UInt64(columns))
    add(UInt64(rows))
  }

  mutating func add(_ word: UInt64) {
    words.append(word)
    if words.count == 1 << 16 { send() }
  }

  /// All has been said.
  mutating func finish() {
    begin(.end, columns: 0, rows: 0)
    send()
  }

  private mutating func send() {
    unsafe words.withUnsafeBytes { bytes in
      guard let start = bytes.baseAddress else { return }
      var sent = 0
      while sent < bytes.count {
        let count = unsafe pwrite(file, start + sent, bytes.count - sent, at)
        guard count > 0 else { break }
        sent += count
        at += count
      }
    }
    words.removeAll(keepingCapacity: true)
  }
}
