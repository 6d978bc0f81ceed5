/// A version of Linux: its first two numbers, which decide where things lie.
package struct KernelVersion: Hashable, Comparable, Sendable, CustomStringConvertible {
  package var major: UInt64
  package var minor: UInt64

  package init(_ major: UInt64, _ minor: UInt64) {
    self.major = major
    self.minor = minor
  }

  /// Reads `6.1`, `v6.1`, or a whole release such as `6.1.0-56-cloud-arm64` or `4.8.0-rc8`.
  package init?(parsing text: some StringProtocol) {
    let bytes = Array(text.hasPrefix("v") ? text.dropFirst().utf8 : text[...].utf8)
    let parts = bytes.split(
      separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, let major = Self.number(parts[0]) else { return nil }
    let digits = parts[1].prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    guard let minor = Self.number(digits) else { return nil }
    if let next = parts[1].dropFirst(digits.count).first, !Array(".-+_~".utf8).contains(next) {
      return nil
    }
    self.init(major, minor)
  }

  private static func number(_ digits: ArraySlice<UInt8>) -> UInt64? {
    guard (1...4).contains(digits.count) else { return nil }
    var value: UInt64 = 0
    for digit in digits {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
      value = value * 10 + UInt64(digit - UInt8(ascii: "0"))
    }
    return value
  }

  package var description: String { "\(major).\(minor)" }

  package static func < (a: Self, b: Self) -> Bool { (a.major, a.minor) < (b.major, b.minor) }
}
