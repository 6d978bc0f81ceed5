public import Files

/// Text put together in place: as much as fits, and how much it would have been.
public struct TextBuffer: ~Copyable {
  private var bytes = InlineArray<1024, UInt8>(repeating: 0)
  /// All bytes that were appended, also those that had no room (as `snprintf()` counts).
  public private(set) var length = 0

  public init() {}

  /// Bytes that are there.
  public var count: Int { min(length, 1024) }

  public mutating func append(byte: UInt8) {
    if length < 1024 { bytes[length] = byte }
    length &+= 1
  }

  @_disfavoredOverload
  public mutating func append(_ text: ByteString) {
    for index in 0..<text.count { append(byte: text[index]) }
  }

  public mutating func append(_ text: StaticString) { append(ByteString(text)) }

  /// A number in decimal.
  public mutating func append(decimal value: UInt64) {
    if value >= 10 { append(decimal: value / 10) }
    append(byte: 0x30 &+ UInt8(truncatingIfNeeded: value % 10))
  }

  /// A signed number in decimal.
  public mutating func append(signed value: Int64) {
    if value < 0 { append(byte: 0x2d) }
    append(decimal: value.magnitude)
  }

  /// A number in hexadecimal, with at least so many digits.
  public mutating func append(hex value: UInt64, digits: Int = 1) {
    if value >= 16 || digits > 1 { append(hex: value &>> 4, digits: digits &- 1) }
    let digit = UInt8(truncatingIfNeeded: value & 15)
    append(byte: digit < 10 ? 0x30 &+ digit : 0x57 &+ digit)
  }

  /// Lets somebody read what is there.
  public func withText<R>(_ body: (ByteString) -> R) -> R {
    let span = bytes.span
    return unsafe span.withUnsafeBytes { unsafe body(ByteString($0)[0..<count]) }
  }
}
