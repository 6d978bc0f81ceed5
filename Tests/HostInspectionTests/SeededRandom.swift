import Glibc
import Machine

/// Numbers that a seed repeats (xorshift64*).
struct SeededRandom {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 | 1 }

  mutating func next() -> UInt64 {
    state ^= state >> 12
    state ^= state << 25
    state ^= state >> 27
    return state &* 0x2545_f491_4f6c_dd1d
  }

  /// A number below `bound`.
  mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(max(1, bound))) }

  /// The bytes with a few of them changed, cut out, repeated or replaced by wild ones.
  mutating func spoiled(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    let wild: [[UInt8]] = [
      Array("18446744073709551615".utf8), Array("99999999999999999999999".utf8), Array("-1".utf8),
      Array("0x".utf8), [0xff, 0xfe], [0], Array(":".utf8), Array("\n".utf8), Array("\n\n".utf8),
      Array("processor: 0\n".utf8), Array(" kB\n".utf8), [0xe2, 0x80],
    ]
    for _ in 0..<1 + below(12) {
      let at = below(bytes.count + 1)
      let end = min(bytes.count, at + below(40))
      switch below(4) {
      case 0: bytes.removeSubrange(at..<end)
      case 1: bytes.insert(contentsOf: bytes[at..<end], at: at)
      case 2: bytes.replaceSubrange(at..<end, with: wild[below(wild.count)])
      default: if at < bytes.count { bytes[at] = UInt8(truncatingIfNeeded: next()) }
      }
    }
    return bytes
  }
}

/// Whole files for tests.
enum HostFileReading {
  static func bytes(_ path: String) throws -> [UInt8] {
    try HostFile.everything(at: path, limit: 1 << 26)
  }
}
