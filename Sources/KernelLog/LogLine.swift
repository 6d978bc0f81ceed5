/// A message of the kernel while it is put together; what does not fit is cut off.
public struct LogLine: BitwiseCopyable {
  private var bytes: InlineArray<1024, UInt8> = .init(repeating: 0)
  public private(set) var count = 0

  public init() {}

  public init(_ text: StaticString) { append(text) }

  public mutating func clear() { count = 0 }

  /// Whether so many more bytes fit.
  public func hasRoom(for more: Int) -> Bool { count &+ more <= 1024 }

  @inline(__always)
  public mutating func append(byte: UInt8) {
    guard count < 1024 else { return }
    bytes[count] = byte
    count &+= 1
  }

  public mutating func append(_ text: StaticString) {
    // SAFETY: a literal's bytes.
    for index in 0..<text.utf8CodeUnitCount { unsafe append(byte: text.utf8Start[index]) }
  }

  public mutating func append(bytes text: UnsafeRawBufferPointer) {
    for index in 0..<text.count { unsafe append(byte: text[index]) }
  }

  /// A number in decimal (`%lu`), with blanks before it up to a width (`%5lu`).
  public mutating func append(decimal value: UInt64, width: Int = 0) {
    var power: UInt64 = 1
    var digits = 1
    while value / power >= 10 {
      power &*= 10
      digits &+= 1
    }
    while digits < width {
      append(byte: 0x20)
      digits &+= 1
    }
    while power > 0 {
      append(byte: 0x30 &+ UInt8(truncatingIfNeeded: value / power % 10))
      power /= 10
    }
  }

  /// A number in decimal that may be negative (`%d`).
  public mutating func append(signed value: Int64) {
    if value < 0 { append(byte: 0x2D) }
    append(decimal: value.magnitude)
  }

  /// A number in hexadecimal with at least so many digits (`%016lx`).
  public mutating func append(hex value: UInt64, digits: Int = 1) {
    let needed = value == 0 ? 1 : (67 &- value.leadingZeroBitCount) / 4
    var left = max(needed, digits)
    while left > 0 {
      left &-= 1
      append(
        byte: left >= 16
          ? 0x30 : Self.digit(UInt8(truncatingIfNeeded: value &>> UInt64(left &* 4) & 15)))
    }
  }

  /// A number in hexadecimal with `0x`.
  public mutating func append(hexadecimal value: UInt64) {
    append("0x")
    append(hex: value)
  }

  /// `[    0.041241] ` (print_time()).
  public mutating func append(time nanoseconds: UInt64) {
    append(byte: 0x5B)
    append(decimal: nanoseconds / 1_000_000_000, width: 5)
    append(byte: 0x2E)
    var rest = nanoseconds % 1_000_000_000 / 1000
    var power: UInt64 = 100_000
    while power > 0 {
      append(byte: 0x30 &+ UInt8(truncatingIfNeeded: rest / power))
      rest %= power
      power /= 10
    }
    append("] ")
  }

  @inline(__always)
  static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 &+ value : 0x57 &+ value }

  /// Lends the bytes.
  public func withBytes<T>(_ body: (UnsafeRawBufferPointer) -> T) -> T {
    let span = bytes.span
    // SAFETY: the bytes are this value's, and are only read.
    return unsafe span.withUnsafeBytes { bytes in
      unsafe body(UnsafeRawBufferPointer(rebasing: bytes.prefix(count)))
    }
  }
}
