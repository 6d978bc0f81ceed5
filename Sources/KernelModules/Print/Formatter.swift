/// What a format's `%pS` and its like ask of the kernel.
public protocol FormatSymbols {
  /// Appends `name+0x12/0x34 [module]` for an address, or the address in hexadecimal.
  ///
  /// - Parameter isCaller: the address is one that a call returns to: what does not return may be
  ///   its function's last instruction, and the name is to be that function's.
  func append(
    symbol address: UInt64, hasOffset: Bool, isCaller: Bool, to output: inout FormatOutput)
}

/// printk's formats (lib/vsprintf.c: `vsnprintf()`, `pointer()`).
///
/// What C has but floating point; and of the kernel's own: `%p` (a hash, so that a log gives no
/// address away), `%px`, `%pK`, `%pS`, `%ps`, `%pB`, `%pf`, `%pF`, `%pV`, `%*ph` with C, D and N,
/// `%pe`, `%pM`, `%pI4`.
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

  private mutating func formatNested(
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
      case 0x70: unsafe pointer(&at, &output, specification, depth)
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

  /// `%p` and the letters behind it.
  private mutating func pointer(
    _ at: inout UnsafePointer<UInt8>, _ output: inout FormatOutput,
    _ specification: FormatSpecification, _ depth: Int
  ) {
    let value = arguments.next()
    let letter = unsafe at.pointee
    // Letters and digits behind %p belong to it, known or not.
    while unsafe Self.isAlphanumeric(at.pointee) { unsafe at += 1 }
    switch letter {
    case 0x53, 0x46:  // S F
      symbols.append(symbol: value, hasOffset: true, isCaller: false, to: &output)
    case 0x42:  // B
      symbols.append(symbol: value, hasOffset: true, isCaller: true, to: &output)
    case 0x73, 0x66:  // s f
      symbols.append(symbol: value, hasOffset: false, isCaller: false, to: &output)
    case 0x78: appendAddress(value, &output, specification)
    case 0x68: unsafe appendBytes(value, &output, specification, at)
    case 0x56:  // V
      // struct va_format: the format, and where its va_list is.
      guard depth < 8, value != 0,
        let place = unsafe UnsafePointer<UInt>(bitPattern: UInt(value)),
        let format = unsafe UnsafePointer<UInt8>(bitPattern: place[0]),
        let list = unsafe UnsafeMutableRawPointer(bitPattern: place[1])
      else { return }
      // A copy, as va_copy() makes it: whoever gave the list may go on with it.
      var copy = unsafe list.load(as: VariableArgumentsCopy.self)
      unsafe withUnsafeMutableBytes(of: &copy) { bytes in
        guard let base = bytes.baseAddress else { return }
        var nested = unsafe Formatter<VariableArguments, Symbols>(
          VariableArguments(base), symbols: symbols)
        unsafe nested.formatNested(format, &output, depth: depth &+ 1)
      }
    case 0x65:  // e
      let error = Int64(bitPattern: value)
      if error < 0, error >= -4095 {
        output.append(error.magnitude, base: 10, isNegative: true, specification)
      } else {
        appendHash(value, &output, specification)
      }
    case 0x4d: appendList(value, 6, separator: 0x3a, &output)  // M
    case 0x49: appendDotted(value, &output)  // I4
    default: appendHash(value, &output, specification)
    }
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    byte &- 0x30 <= 9 || (byte | 0x20) &- 0x61 < 26
  }

  /// 16 digits (`pointer_string()`).
  private func appendAddress(
    _ value: UInt64, _ output: inout FormatOutput, _ specification: FormatSpecification
  ) {
    var specification = specification
    if specification.width < 0 {
      specification.width = specification.isSpecial ? 18 : 16
      specification.hasZeros = true
    }
    output.append(value, base: 16, isNegative: false, specification)
  }

  /// An address that nobody can tell the real one from, the same for the same
  /// (`ptr_to_id()`); null and error numbers are shown.
  private func appendHash(
    _ value: UInt64, _ output: inout FormatOutput, _ specification: FormatSpecification
  ) {
    guard value != 0, value < 0 &- 4095 else { return appendAddress(value, &output, specification) }
    var hash = value &* 0x9e37_79b9_7f4a_7c15
    hash ^= hash &>> 32
    hash = hash &* 0xd6e8_feb8_6659_fd93
    appendAddress(hash &>> 32, &output, specification)
  }

  /// `%*ph`: so many bytes in hexadecimal, at most 64 (`hex_string()`).
  private func appendBytes(
    _ address: UInt64, _ output: inout FormatOutput, _ specification: FormatSpecification,
    _ end: UnsafePointer<UInt8>
  ) {
    let separator: UInt8 =
      switch unsafe end[-1] {
      case 0x43: 0x3a  // C
      case 0x44: 0x2d  // D
      case 0x4e: 0  // N
      default: 0x20
      }
    let count = specification.width < 0 ? 1 : min(specification.width, 64)
    appendList(address, count, separator: separator, &output)
  }

  private func appendList(
    _ address: UInt64, _ count: Int, separator: UInt8, _ output: inout FormatOutput
  ) {
    guard address >= 4096, let bytes = unsafe UnsafePointer<UInt8>(bitPattern: UInt(address)) else {
      return output.append((address == 0 ? "(null)" : "(efault)") as StaticString)
    }
    for index in 0..<count {
      if index > 0, separator != 0 { output.append(separator) }
      unsafe output.append(hex: UInt64(bytes[index]), digits: 2)
    }
  }

  private func appendDotted(_ address: UInt64, _ output: inout FormatOutput) {
    guard address >= 4096, let bytes = unsafe UnsafePointer<UInt8>(bitPattern: UInt(address)) else {
      return output.append("(null)" as StaticString)
    }
    for index in 0..<4 {
      if index > 0 { output.append(0x2e) }
      unsafe output.append(
        UInt64(bytes[index]), base: 10, isNegative: false, FormatSpecification())
    }
  }
}

/// The bytes of a `va_list`.
private struct VariableArgumentsCopy: BitwiseCopyable {
  var words = InlineArray<4, UInt64>(repeating: 0)
}
