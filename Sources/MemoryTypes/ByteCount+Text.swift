extension ByteCount {
  /// Reads a size as the kernel's command line does (lib/cmdline.c:memparse): decimal, or hexadecimal
  /// after `0x`, then at most one of K, M, G, T, P, E in either case.
  ///
  /// Nil where anything else stands in it, where there is no digit, or where it exceeds 2⁶⁴-1.
  public init?(parsing text: some Sequence<UInt8>) {
    var value: UInt64 = 0
    var radix: UInt64 = 10
    var digits = 0
    var scaled = false
    for character in text {
      guard !scaled else { return nil }
      if digits == 1, radix == 10, value == 0, character | 0x20 == UInt8(ascii: "x") {
        radix = 16
        digits = 0
      } else if let digit = Self.digit(character, radix) {
        let (product, overflow) = value.multipliedReportingOverflow(by: radix)
        let (sum, carry) = product.addingReportingOverflow(digit)
        guard !overflow, !carry else { return nil }
        value = sum
        digits &+= 1
      } else {
        guard digits > 0, let shift = Self.scale(character), (value &<< shift) &>> shift == value
        else { return nil }
        value &<<= shift
        scaled = true
      }
    }
    guard digits > 0 else { return nil }
    self.init(value)
  }

  private static func digit(_ character: UInt8, _ radix: UInt64) -> UInt64? {
    switch character {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(character &- UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f") where radix == 16:
      UInt64(character &- UInt8(ascii: "a") &+ 10)
    case UInt8(ascii: "A")...UInt8(ascii: "F") where radix == 16:
      UInt64(character &- UInt8(ascii: "A") &+ 10)
    default: nil
    }
  }

  private static func scale(_ character: UInt8) -> UInt64? {
    switch character | 0x20 {
    case UInt8(ascii: "k"): 10
    case UInt8(ascii: "m"): 20
    case UInt8(ascii: "g"): 30
    case UInt8(ascii: "t"): 40
    case UInt8(ascii: "p"): 50
    case UInt8(ascii: "e"): 60
    default: nil
    }
  }
}

#if !hasFeature(Embedded)
extension ByteCount: CustomStringConvertible {
  /// The size in the largest unit that leaves no remainder: `64K`, `512M`, `1000`.
  public var description: String {
    var value = rawValue
    var unit = 0
    let units = ["", "K", "M", "G", "T", "P", "E"]
    while value != 0, value & 1023 == 0 {
      value >>= 10
      unit += 1
    }
    return "\(value)\(units[unit])"
  }
}
#endif
