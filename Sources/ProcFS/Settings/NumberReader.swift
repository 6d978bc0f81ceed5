import Files

/// Takes numbers out of what a program writes to a setting (kernel/sysctl.c: proc_get_long()).
struct NumberReader {
  let text: ByteString
  /// Where the next number is looked for.
  private(set) var index = 0

  init(_ text: ByteString) { self.text = text }

  /// A number as it was written: its magnitude, and whether a minus stood before it.
  struct Number {
    var magnitude: UInt64
    var isNegative: Bool
  }

  private func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (byte >= 0x09 && byte <= 0x0D) }

  mutating func skipBlanks() {
    while index < text.count, isBlank(text[index]) { index &+= 1 }
  }

  var isAtEnd: Bool { index >= text.count || text[index] == 0 }

  /// The next number, decimal, octal after `0` or hexadecimal after `0x`; nil if what stands there
  /// is none, or has anything but a blank behind it.
  mutating func next() -> Number? {
    skipBlanks()
    let start = index
    var isNegative = false
    if index &+ 1 < text.count, text[index] == 0x2D {
      isNegative = true
      index &+= 1
    }
    guard index < text.count, digit(text[index]) < 10 else { return nil }
    var base: UInt64 = 10
    if text[index] == 0x30, index &+ 1 < text.count {
      if text[index &+ 1] | 0x20 == 0x78, index &+ 2 < text.count, digit(text[index &+ 2]) < 16 {
        base = 16
        index &+= 2
      } else {
        base = 8
      }
    }
    var value: UInt64 = 0
    while index < text.count, digit(text[index]) < base {
      let (product, overflow) = value.multipliedReportingOverflow(by: base)
      let (sum, carry) = product.addingReportingOverflow(digit(text[index]))
      guard !overflow, !carry else { return nil }
      value = sum
      index &+= 1
    }
    // Longer than what Linux looks at is refused (TMPBUFLEN).
    guard index &- start < 21 else { return nil }
    if index < text.count {
      switch text[index] {
      case 0, 0x09, 0x0A, 0x20: break
      default: return nil
      }
    }
    return Number(magnitude: value, isNegative: isNegative)
  }

  private func digit(_ byte: UInt8) -> UInt64 {
    switch byte {
    case 0x30...0x39: UInt64(byte &- 0x30)
    case 0x61...0x66: UInt64(byte &- 0x57)
    case 0x41...0x46: UInt64(byte &- 0x37)
    default: 99
    }
  }
}
