/// Text that is made byte by byte, where a million lines are to be made in a second.
struct ByteText {
  private(set) var bytes: [UInt8] = []

  mutating func text(_ text: [UInt8]) { bytes.append(contentsOf: text) }
  mutating func text(_ text: ArraySlice<UInt8>) { bytes.append(contentsOf: text) }
  mutating func text(_ text: StaticString) {
    unsafe bytes.append(
      contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  /// Hexadecimal digits, at least so many.
  mutating func hexadecimal(_ value: UInt64, digits: Int = 1) {
    var count = max(digits, (64 - value.leadingZeroBitCount + 3) / 4)
    while count > 0 {
      count &-= 1
      let digit = UInt8(truncatingIfNeeded: value &>> UInt64(count &* 4)) & 15
      bytes.append(digit < 10 ? 0x30 &+ digit : 0x57 &+ digit)
    }
  }

  mutating func decimal(_ value: Int) {
    var power = 1
    while power <= value / 10 { power &*= 10 }
    while power > 0 {
      bytes.append(0x30 &+ UInt8(truncatingIfNeeded: value / power % 10))
      power /= 10
    }
  }

  /// Gives up what it has, and begins anew.
  mutating func take() -> [UInt8] {
    let taken = bytes
    bytes.removeAll(keepingCapacity: false)
    bytes.reserveCapacity(taken.count)
    return taken
  }
}
