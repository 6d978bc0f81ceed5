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
    number(value, radix: 10, width: width, alignment, fill: 0x20, sign: false)
  }

  /// `%ld`, with a width.
  public mutating func decimal(
    _ value: Int64, width: Int = 0, _ alignment: Alignment = .right
  ) {
    number(
      value.magnitude, radix: 10, width: width, alignment, fill: 0x20, sign: value < 0)
  }

  public mutating func decimal(
    _ value: Int, width: Int = 0, _ alignment: Alignment = .right
  ) {
    decimal(Int64(value), width: width, alignment)
  }

  /// `%0*lu`.
  public mutating func zeroFilled(_ value: UInt64, width: Int) {
    number(value, radix: 10, width: width, .right, fill: 0x30, sign: false)
  }

  /// `%lx`, or `%0*lx` with a width.
  public mutating func hexadecimal(_ value: UInt64, width: Int = 0) {
    number(value, radix: 16, width: width, .right, fill: 0x30, sign: false)
  }

  /// `%*lx`: blanks before it.
  public mutating func hexadecimal(_ value: UInt64, blankWidth: Int) {
    number(value, radix: 16, width: blankWidth, .right, fill: 0x20, sign: false)
  }

  /// `%lo`.
  public mutating func octal(_ value: UInt64, width: Int = 0) {
    number(value, radix: 8, width: width, .right, fill: 0x30, sign: false)
  }

  private mutating func number(
    _ value: UInt64, radix: UInt64, width: Int, _ alignment: Alignment, fill: UInt8, sign: Bool
  ) {
    var digits = InlineArray<24, UInt8>(repeating: 0)
    var count = 0
    var rest = value
    repeat {
      // Constant divisors, so that the compiler multiplies instead of dividing.
      let digit: UInt8
      switch radix {
      case 16:
        digit = UInt8(truncatingIfNeeded: rest & 15)
        rest &>>= 4
      case 8:
        digit = UInt8(truncatingIfNeeded: rest & 7)
        rest &>>= 3
      default:
        digit = UInt8(truncatingIfNeeded: rest % 10)
        rest /= 10
      }
      digits[count] = digit < 10 ? 0x30 &+ digit : 0x57 &+ digit
      count &+= 1
    } while rest > 0
    let length = count &+ (sign ? 1 : 0)
    if case .right = alignment, fill == 0x20 { pad(width &- length) }
    if sign { byte(0x2D) }
    if fill == 0x30 { pad(width &- length, fill) }
    while count > 0 {
      count &-= 1
      byte(digits[count])
    }
    if case .left = alignment { pad(width &- length) }
  }
}
