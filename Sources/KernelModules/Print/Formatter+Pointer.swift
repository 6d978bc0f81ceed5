import Files

/// `%p` and the letters behind it (`pointer()`).
///
/// ```
/// %p              a hash, so that a log gives no address away; null and error numbers as they are
/// %px  %pK        the address; the address for those who may see it
/// %pS %ps %pB     a symbol with its offset, its name alone, of a caller
/// %pV             a format of its own with its arguments (struct va_format)
/// %*ph[CDN]       so many bytes, at most 64, in hexadecimal
/// %*pb[l]         so many bits, as a mask or as a list
/// %pM[R] %pMF %pm[R]   a hardware address
/// %pI4 %pi4 [hnbl], %pI6 %pi6 %pI6c   an address of the Internet
/// %pU[bBlL]       a UUID
/// %pa[pd]         a physical address, by its place
/// %pe             an error number
/// ```
/// Of what Linux has besides, structures of its own are not there to be shown (resources, dentries,
/// clocks, devices, flags of pages); those are hashes, as what there is not is on Linux.
extension Formatter {
  mutating func pointer(
    _ at: inout UnsafePointer<UInt8>, _ output: inout FormatOutput,
    _ specification: FormatSpecification, _ depth: Int
  ) {
    let value = arguments.next()
    // Letters and digits behind %p belong to it, known or not.
    var letters: (UInt8, UInt8, UInt8) = (0, 0, 0)
    var count = 0
    while unsafe Self.isAlphanumeric(at.pointee) {
      switch count {
      case 0: unsafe letters.0 = at.pointee
      case 1: unsafe letters.1 = at.pointee
      case 2: unsafe letters.2 = at.pointee
      default: break
      }
      count &+= 1
      unsafe at += 1
    }
    switch letters.0 {
    case 0x53: append(symbol: value, .offset, &output, specification)  // S
    case 0x73: append(symbol: value, .name, &output, specification)  // s
    case 0x42: append(symbol: value, .caller, &output, specification)  // B
    case 0x78: output.append(address: value, specification)  // x
    case 0x4b:  // K
      switch symbols.restriction {
      case .hashed: output.append(hashOf: value, specification)
      case .shown: output.append(address: value, specification)
      case .hidden: output.append(address: 0, specification)
      }
    case 0x56: nested(value, &output, depth)  // V
    case 0x65:  // e
      guard value >= 0 &- 4095 else { return output.append(hashOf: value, specification) }
      output.append((0 &- value), base: 10, isNegative: true, specification)
    case 0x75, 0x6b:  // u, k
      guard letters.1 == 0x73 else { return output.append(error: "(einval)", specification) }
      unsafe output.append(cText: value, specification)
    case 0x68, 0x62, 0x4d, 0x6d, 0x49, 0x69, 0x55, 0x61:  // h b M m I i U a
      if letters.0 == 0x68, specification.width == 0 { return }
      guard !output.append(badPointer: value, specification) else { return }
      append(bytesAt: value, letters, &output, specification)
    default: output.append(hashOf: value, specification)
    }
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    byte &- 0x30 <= 9 || (byte | 0x20) &- 0x61 < 26
  }

  private func append(
    symbol address: UInt64, _ style: SymbolStyle, _ output: inout FormatOutput,
    _ specification: FormatSpecification
  ) {
    output.append(specification) { text in symbols.append(symbol: address, style, to: &text) }
  }

  /// `struct va_format`: a format, and where its `va_list` is.
  private func nested(_ value: UInt64, _ output: inout FormatOutput, _ depth: Int) {
    guard depth < 8, !output.append(badPointer: value, FormatSpecification()),
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
  }

  /// What is at an address.
  private func append(
    bytesAt address: UInt64, _ letters: (UInt8, UInt8, UInt8), _ output: inout FormatOutput,
    _ specification: FormatSpecification
  ) {
    guard let bytes = unsafe UnsafePointer<UInt8>(bitPattern: UInt(address)) else { return }
    switch letters.0 {
    case 0x68:  // h
      let separator: UInt8 =
        switch letters.1 {
        case 0x43: 0x3a  // C
        case 0x44: 0x2d  // D
        case 0x4e: 0  // N
        default: 0x20
        }
      let count = specification.width < 0 ? 1 : min(specification.width, 64)
      for index in 0..<count {
        if index > 0, separator != 0 { output.append(separator) }
        unsafe output.append(hex: UInt64(bytes[index]), digits: 2)
      }
    case 0x62:  // b
      let bits = unsafe FormatBits(bytes, count: max(specification.width, 0))
      if letters.1 == 0x6c { bits.appendList(to: &output) } else { bits.appendMask(to: &output) }
    case 0x61:  // a
      let value = unsafe UnsafeRawPointer(bytes).loadUnaligned(as: UInt64.self)
      var hexadecimal = FormatSpecification()
      hexadecimal.isSpecial = true
      hexadecimal.hasZeros = true
      hexadecimal.width = 18
      output.append(value, base: 16, isNegative: false, hexadecimal)
    default:
      output.append(specification) { text in
        switch letters.0 {
        case 0x4d, 0x6d: unsafe text.append(hardwareAddress: bytes, letters)  // M m
        case 0x55: unsafe text.append(uuid: bytes, letters.1)  // U
        default: unsafe text.append(internetAddress: bytes, letters)  // I i
        }
      }
    }
  }
}

extension FormatOutput {
  /// 16 places, with 0x or without (`pointer_string()`).
  mutating func append(address value: UInt64, _ specification: FormatSpecification) {
    var specification = specification
    if specification.width < 0 {
      specification.width = 16
      specification.hasZeros = true
    }
    append(value, base: 16, isNegative: false, specification)
  }

  /// An address that nobody can tell the real one from, the same for the same (`ptr_to_id()`); null
  /// and error numbers are shown.
  mutating func append(hashOf value: UInt64, _ specification: FormatSpecification) {
    guard value != 0, value < 0 &- 4095 else { return append(address: value, specification) }
    var hash = value &* 0x9e37_79b9_7f4a_7c15
    hash ^= hash &>> 32
    hash = hash &* 0xd6e8_feb8_6659_fd93
    append(address: hash &>> 32, specification)
  }

  /// A text that somebody makes, in its width.
  mutating func append(
    _ specification: FormatSpecification, _ body: (inout FormatOutput) -> Void
  ) {
    var bytes = InlineArray<576, UInt8>(repeating: 0)
    var span = bytes.mutableSpan
    unsafe span.withUnsafeMutableBufferPointer { buffer in
      var text = unsafe FormatOutput(buffer.baseAddress, capacity: 576)
      body(&text)
      let count = min(text.length, 576)
      append(
        padded: unsafe ByteString(
          UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<count])),
        specification)
    }
  }
}

/// The bytes of a `va_list`.
private struct VariableArgumentsCopy: BitwiseCopyable {
  var words = InlineArray<4, UInt64>(repeating: 0)
}
