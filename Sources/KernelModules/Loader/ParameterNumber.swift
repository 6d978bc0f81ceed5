import Files

/// A number as a person writes it for the kernel: a sign, 0x or 0 in front for other bases, a line's
/// end behind (lib/kstrtox.c, base 0).
struct ParameterNumber: BitwiseCopyable {
  let isNegative: Bool
  let magnitude: UInt64
  /// It has more than 64 bits.
  let isTooLarge: Bool

  init?(_ text: ByteString) {
    var at = 0
    var end = text.count
    if end > 0, text[end &- 1] == 0x0a { end &-= 1 }
    var isNegative = false
    if at < end, text[at] == 0x2d || text[at] == 0x2b {
      isNegative = text[at] == 0x2d
      at &+= 1
    }
    var base: UInt64 = 10
    if at < end, text[at] == 0x30 {
      base = 8
      if at &+ 2 < end, text[at &+ 1] | 0x20 == 0x78 {
        base = 16
        at &+= 2
      }
    }
    guard at < end else { return nil }
    var value: UInt64 = 0
    var isTooLarge = false
    while at < end {
      let byte = text[at] | 0x20
      let digit = UInt64(text[at] < 0x3a ? text[at] &- 0x30 : byte &- 0x57)
      guard digit < base else { return nil }
      let (product, tooLarge) = value.multipliedReportingOverflow(by: base)
      let (sum, overflow) = product.addingReportingOverflow(digit)
      if tooLarge || overflow { isTooLarge = true }
      value = sum
      at &+= 1
    }
    self.isNegative = isNegative
    magnitude = value
    self.isTooLarge = isTooLarge
  }

  /// Its bits as a signed number of so many; nil where it does not fit.
  func signed(_ bits: UInt64) -> UInt64? {
    let limit: UInt64 = 1 &<< (bits &- 1)
    guard !isTooLarge, magnitude < limit || isNegative && magnitude == limit else { return nil }
    return isNegative ? 0 &- magnitude : magnitude
  }

  /// Its bits as an unsigned number below a limit, 0 for none.
  func unsigned(below limit: UInt64) -> UInt64? {
    guard !isNegative, !isTooLarge, limit == 0 || magnitude < limit else { return nil }
    return magnitude
  }
}
