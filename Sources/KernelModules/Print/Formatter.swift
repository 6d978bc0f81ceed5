/// printk's formats (lib/vsprintf.c: `vsnprintf()`): what C has but floating point, and the
/// kernel's own behind `%p` (Formatter+Pointer.swift).
@safe public struct Formatter<Arguments: FormatArguments, Symbols: FormatSymbols> {
  var arguments: Arguments
  let symbols: Symbols

  public init(_ arguments: Arguments, symbols: Symbols) {
    self.arguments = arguments
    self.symbols = symbols
  }

  /// Formats.
  ///
  /// Unsafe: the format must end with a zero, and the arguments be what it says.
  @unsafe public mutating func format(
    _ format: UnsafePointer<UInt8>, into output: inout FormatOutput
  ) {
    unsafe formatNested(format, &output, depth: 0)
  }

  mutating func formatNested(
    _ format: UnsafePointer<UInt8>, _ output: inout FormatOutput, depth: Int
  ) {
    var at = unsafe format
    while unsafe at.pointee != 0 {
      if unsafe at.pointee != 0x25 {
        unsafe output.append(at.pointee)
        unsafe at += 1
        continue
      }
      unsafe at += 1
      var specification = unsafe readSpecification(&at)
      let kind = unsafe at.pointee
      guard kind != 0 else { return }
      unsafe at += 1
      switch kind {
      case 0x25: output.append(0x25)
      case 0x63:  // c
        let byte = UInt8(truncatingIfNeeded: arguments.next())
        if !specification.isLeft { output.fill(0x20, specification.width &- 1) }
        output.append(byte)
        if specification.isLeft { output.fill(0x20, specification.width &- 1) }
      case 0x73: unsafe output.append(cText: arguments.next(), specification)
      case 0x64, 0x69:  // d, i
        let value = signed(specification.size)
        output.append(value.magnitude, base: 10, isNegative: value < 0, specification)
      case 0x75, 0x78, 0x58, 0x6f:  // u, x, X, o
        specification.isCapital = kind == 0x58
        specification.hasPlus = false
        specification.hasSpace = false
        let base: UInt64 = kind == 0x75 ? 10 : kind == 0x6f ? 8 : 16
        output.append(
          unsigned(specification.size), base: base, isNegative: false, specification)
      case 0x70: unsafe pointer(&at, &output, specification, depth)  // p
      default:
        // As Linux, a kind that there is not ends the format; the text up to it stands.
        return
      }
    }
  }

  private mutating func readSpecification(_ at: inout UnsafePointer<UInt8>) -> FormatSpecification {
    var result = FormatSpecification()
    flags: while true {
      switch unsafe at.pointee {
      case 0x2d: result.isLeft = true
      case 0x2b: result.hasPlus = true
      case 0x20: result.hasSpace = true
      case 0x23: result.isSpecial = true
      case 0x30: result.hasZeros = true
      default: break flags
      }
      unsafe at += 1
    }
    if let width = unsafe readNumber(&at) {
      result.width = abs(width)
      if width < 0 { result.isLeft = true }
    }
    if unsafe at.pointee == 0x2e {
      unsafe at += 1
      result.precision = unsafe max(readNumber(&at) ?? 0, 0)
    }
    lengths: while true {
      switch unsafe at.pointee {
      case 0x68: result.size = result.size == 2 ? 1 : 2  // h
      case 0x6c, 0x4c, 0x7a, 0x74, 0x6a: result.size = 8  // l L z t j
      default: break lengths
      }
      unsafe at += 1
    }
    return result
  }

  /// A number, or `*` for an argument; nil for neither.
  private mutating func readNumber(_ at: inout UnsafePointer<UInt8>) -> Int? {
    if unsafe at.pointee == 0x2a {
      unsafe at += 1
      return Int(max(Int32(truncatingIfNeeded: arguments.next()), -4096))
    }
    var value: Int?
    while unsafe at.pointee &- 0x30 <= 9 {
      value = unsafe min((value ?? 0) &* 10 &+ Int(at.pointee &- 0x30), 4096)
      unsafe at += 1
    }
    return value
  }

  private mutating func signed(_ size: Int) -> Int64 {
    let value = arguments.next()
    return switch size {
    case 1: Int64(Int8(truncatingIfNeeded: value))
    case 2: Int64(Int16(truncatingIfNeeded: value))
    case 4: Int64(Int32(truncatingIfNeeded: value))
    default: Int64(bitPattern: value)
    }
  }

  private mutating func unsigned(_ size: Int) -> UInt64 {
    let value = arguments.next()
    return size == 8 ? value : value & ((1 &<< UInt64(size &* 8)) &- 1)
  }
}
