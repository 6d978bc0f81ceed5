/// A bit for each page frame, the lowest first, and how many are set below any of them.
struct FrameBitmap {
  private var words: [UInt64] = []
  /// The bits set before each word; one more for the whole.
  private var before: [UInt64] = [0]

  init(_ bytes: [UInt8]) {
    words.reserveCapacity(bytes.count / 8 + 1)
    before.reserveCapacity(bytes.count / 8 + 2)
    for start in stride(from: 0, to: bytes.count, by: 8) {
      var word: UInt64 = 0
      for (index, byte) in bytes[start..<min(start + 8, bytes.count)].enumerated() {
        word |= UInt64(byte) << UInt64(8 * index)
      }
      words.append(word)
      before.append(before[words.count - 1] + UInt64(word.nonzeroBitCount))
    }
  }

  /// The bits that are set.
  var count: UInt64 { before[words.count] }

  func contains(_ frame: UInt64) -> Bool {
    frame / 64 < words.count && words[Int(frame / 64)] >> (frame % 64) & 1 != 0
  }

  /// The bits set below a frame's.
  func rank(of frame: UInt64) -> UInt64 {
    guard frame / 64 < words.count else { return count }
    let below = words[Int(frame / 64)] & ((1 << (frame % 64)) - 1)
    return before[Int(frame / 64)] + UInt64(below.nonzeroBitCount)
  }

  /// The runs of frames whose bits are set.
  var runs: [Range<UInt64>] {
    var runs: [Range<UInt64>] = []
    for (index, word) in words.enumerated() {
      var rest = word
      while rest != 0 {
        let first = UInt64(rest.trailingZeroBitCount)
        let length = UInt64((~(rest >> first)).trailingZeroBitCount)
        let start = UInt64(index) * 64 + first
        let end = start + min(length, 64 - first)
        if let last = runs.last, last.upperBound == start {
          runs[runs.count - 1] = last.lowerBound..<end
        } else {
          runs.append(start..<end)
        }
        rest = first + length >= 64 ? 0 : (rest >> (first + length)) << (first + length)
      }
    }
    return runs
  }
}
