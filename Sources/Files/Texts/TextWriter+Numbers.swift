import Arm64
import MemoryTypes

extension TextWriter {
  /// How a number is set in its column.
  public enum Alignment: BitwiseCopyable, Sendable {
    case left
    case right
  }

  /// `%lu`, or `%*lu` and `%-*lu` with a width.
  public mutating func decimal(
    _ value: UInt64, width: Int = 0, _ alignment: Alignment = .right
  ) {
    var digits = Digits(0x20)
    digits.put(decimal: value)
    set(digits, width, alignment)
  }

  /// `%ld`, with a width.
  public mutating func decimal(
    _ value: Int64, width: Int = 0, _ alignment: Alignment = .right
  ) {
    var digits = Digits(0x20)
    digits.put(decimal: value.magnitude)
    if value < 0 { digits.put(0x2D) }
    set(digits, width, alignment)
  }

  public mutating func decimal(
    _ value: Int, width: Int = 0, _ alignment: Alignment = .right
  ) {
    decimal(Int64(value), width: width, alignment)
  }

  /// `%0*lu`.
  public mutating func zeroFilled(_ value: UInt64, width: Int) {
    var digits = Digits(0x30)
    digits.put(decimal: value)
    set(digits, width, .right)
  }

  /// `%lx`, or `%0*lx` with a width.
  public mutating func hexadecimal(_ value: UInt64, width: Int = 0) {
    var digits = Digits(0x30)
    digits.put(value, bits: 4)
    set(digits, width, .right)
  }

  /// `%*lx`: blanks before it.
  public mutating func hexadecimal(_ value: UInt64, blankWidth: Int) {
    var digits = Digits(0x20)
    digits.put(value, bits: 4)
    set(digits, blankWidth, .right)
  }

  /// `%lo`.
  public mutating func octal(_ value: UInt64, width: Int = 0) {
    var digits = Digits(0x30)
    digits.put(value, bits: 3)
    set(digits, width, .right)
  }

  private mutating func set(_ digits: Digits, _ width: Int, _ alignment: Alignment) {
    switch alignment {
    case .right:
      // What stands before the digits is the fill already.
      pad(width &- Digits.room, 0x20)
      digits.withBytes(min(digits.start, max(Digits.room &- width, 0))) { bytes($0) }
    case .left:
      digits.withBytes(digits.start) { bytes($0) }
      pad(width &- (Digits.room &- digits.start))
    }
  }
}

/// The digits of a number, written from the last to the first at the end of some fill.
struct Digits: BitwiseCopyable {
  static var room: Int { 32 }
  private var bytes: InlineArray<32, UInt8>
  /// Where the first digit is.
  private(set) var start = 32

  init(_ fill: UInt8) { bytes = .init(repeating: fill) }

  @inline(__always)
  mutating func put(_ byte: UInt8) {
    start &-= 1
    bytes[start] = byte
  }

  mutating func put(decimal value: UInt64) {
    var rest = value
    repeat {
      let next = rest / 10
      put(0x30 &+ UInt8(truncatingIfNeeded: rest &- next &* 10))
      rest = next
    } while rest > 0
  }

  /// Digits of 3 or 4 bits.
  mutating func put(_ value: UInt64, bits: UInt64) {
    var rest = value
    let mask = (1 as UInt64 &<< bits) &- 1
    repeat {
      let digit = UInt8(truncatingIfNeeded: rest & mask)
      put(digit < 10 ? 0x30 &+ digit : 0x57 &+ digit)
      rest &>>= bits
    } while rest > 0
  }

  /// Lends the bytes from a place to the end.
  @inline(__always)
  func withBytes(_ from: Int, _ body: (ByteString) -> Void) {
    let span = bytes.span
    // SAFETY: the bytes are this value's, which outlives the call; `from` is at most the length.
    unsafe span.withUnsafeBytes { bytes in
      unsafe body(ByteString(UnsafeRawBufferPointer(rebasing: bytes[from...])))
    }
  }
}
