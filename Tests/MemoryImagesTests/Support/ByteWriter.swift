/// Bytes that are put together number by number.
struct ByteWriter {
  var bytes: [UInt8] = []

  mutating func put<T: FixedWidthInteger>(_ value: T) {
    for index in 0..<MemoryLayout<T>.size {
      bytes.append(UInt8(truncatingIfNeeded: value >> (8 * T(index))))
    }
  }

  mutating func bigEndian<T: FixedWidthInteger>(_ value: T) { put(value.byteSwapped) }

  mutating func put(_ text: String, padded count: Int) {
    bytes += Array(text.utf8)
    fill(text.utf8.count < count ? count - text.utf8.count : 0)
  }

  mutating func fill(_ count: Int) { bytes += [UInt8](repeating: 0, count: count) }

  /// Zeros up to an offset.
  mutating func fill(to offset: Int) { fill(offset - bytes.count) }
}

/// A generator that gives the same numbers for the same seed (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
