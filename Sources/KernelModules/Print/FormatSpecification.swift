import Files

/// One conversion of a format: `%`, flags, width, precision, length, kind (lib/vsprintf.c:
/// `struct printf_spec`).
struct FormatSpecification {
  var isLeft = false
  var hasPlus = false
  var hasSpace = false
  var isSpecial = false
  var hasZeros = false
  /// Capital letters for digits.
  var isCapital = false
  var width = -1
  var precision = -1
  /// The bytes of an integer.
  var size = 4
}

extension FormatOutput {
  /// A number in a base of 8, 10 or 16 (`number()`).
  mutating func append(
    _ magnitude: UInt64, base: UInt64, isNegative: Bool, _ specification: FormatSpecification
  ) {
    var digits = InlineArray<24, UInt8>(repeating: 0)
    var count = 0
    var rest = magnitude
    repeat {
      let digit = UInt8(truncatingIfNeeded: rest % base)
      digits[count] =
        digit < 10 ? 0x30 &+ digit : (specification.isCapital ? 0x37 : 0x57) &+ digit
      count &+= 1
      rest /= base
    } while rest != 0
    let sign: UInt8 =
      isNegative ? 0x2d : specification.hasPlus ? 0x2b : specification.hasSpace ? 0x20 : 0
    let prefix =
      specification.isSpecial ? (base == 16 ? 2 : base == 8 && magnitude != 0 ? 1 : 0) : 0
    var zeros = max(specification.precision &- count, 0)
    let taken = count &+ prefix &+ (sign == 0 ? 0 : 1)
    var blanks = max(specification.width &- taken &- zeros, 0)
    if specification.hasZeros, !specification.isLeft {
      zeros &+= blanks
      blanks = 0
    }
    if !specification.isLeft { fill(0x20, blanks) }
    if sign != 0 { append(sign) }
    if prefix > 0 { append(0x30) }
    if prefix > 1 { append(specification.isCapital ? 0x58 : 0x78) }
    fill(0x30, zeros)
    while count > 0 {
      count &-= 1
      append(digits[count])
    }
    if specification.isLeft { fill(0x20, blanks) }
  }

  /// A text of C, up to its zero or the precision, in its width (`string()`).
  ///
  /// Unsafe: the address must be that of a text.
  @unsafe mutating func append(cText address: UInt64, _ specification: FormatSpecification) {
    guard !append(badPointer: address, specification) else { return }
    guard let text = unsafe UnsafePointer<UInt8>(bitPattern: UInt(address)) else { return }
    var count = 0
    while count != specification.precision, unsafe text[count] != 0 { count &+= 1 }
    append(padded: unsafe ByteString(text, count: count), specification)
  }

  /// Says of a pointer that can be none what is wrong with it (`check_pointer()`); false of others.
  mutating func append(badPointer address: UInt64, _ specification: FormatSpecification) -> Bool {
    guard address < 4096 || address >= 0 &- 4095 else { return false }
    append(error: address == 0 ? "(null)" : "(efault)", specification)
    return true
  }

  /// A word instead of what was asked for, of at most 16 letters (`error_string()`).
  mutating func append(error text: StaticString, _ specification: FormatSpecification) {
    var specification = specification
    if specification.precision < 0 { specification.precision = 16 }
    append(padded: ByteString(text), specification)
  }

  /// A text in its width, as much of it as the precision says (`string_nocheck()`).
  mutating func append(padded text: ByteString, _ specification: FormatSpecification) {
    let text = text[
      0..<min(text.count, specification.precision < 0 ? .max : specification.precision)]
    if !specification.isLeft { fill(0x20, specification.width &- text.count) }
    append(text)
    if specification.isLeft { fill(0x20, specification.width &- text.count) }
  }
}
