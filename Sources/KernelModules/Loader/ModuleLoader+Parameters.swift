public import Files
public import MemoryTypes

/// A module's parameters: `name=value` words, each to a variable that the module's header described
/// (kernel/params.c).
extension ModuleLoader {
  /// What a parameter is; the module's header has the same numbers.
  private enum Kind: UInt32 {
    case bool = 0
    case invertedBool, byte, short, unsignedShort, int, unsignedInt, long, unsignedLong
    /// A pointer to text that stays as long as the module.
    case text
    /// A text with room for so many bytes.
    case string

    var isSigned: Bool { self == .short || self == .int || self == .long }

    /// The bytes of the variable.
    var length: UInt64 {
      switch self {
      case .bool, .invertedBool, .byte: 1
      case .short, .unsignedShort: 2
      case .int, .unsignedInt: 4
      case .long, .unsignedLong, .text, .string: 8
      }
    }
  }

  /// Sets what the words say; unknown ones are named and ignored, wrong values refuse the module
  /// (`parse_args()`).
  mutating func setParameters(
    _ module: KernelPointer<Module>, _ words: ByteString
  ) throws(ModuleError) {
    let text = words.count
    guard text > 0 else { return }
    guard let memory = unsafe host.allocateObject(text &+ 1) else { throw ModuleError(.noMemory) }
    unsafe module.pointee.arguments = memory
    module.pointee.argumentLength = text &+ 1
    unsafe memory.copyMemory(from: words.bytes.baseAddress.unsafelyUnwrapped, byteCount: text)
    unsafe memory.storeBytes(of: 0, toByteOffset: text, as: UInt8.self)
    // SAFETY: the copy stays as long as the module; the words are taken apart in it.
    let bytes = unsafe UnsafeMutableBufferPointer(
      start: memory.assumingMemoryBound(to: UInt8.self), count: text &+ 1)
    var at = 0
    while let word = unsafe nextWord(bytes, &at) {
      if word.name == "--", word.value == nil { break }
      try set(module, word.name, word.value)
    }
  }

  /// Sets a live module's parameter (`param_attr_store()`); one that points to a text cannot be,
  /// since nobody would keep the text.
  public func setParameter(
    _ index: Int, of module: KernelPointer<Module>, _ value: ByteString
  ) throws(ModuleError) {
    let table = module.pointee.parameters
    guard index >= 0, index < table.count else { throw ModuleError(.parameterInvalid) }
    let entry = table.address &+ UInt64(index) &* 32
    guard module.pointee.core.load(entry &+ 8) != Kind.text.rawValue,
      let name = module.pointee.text(at: module.pointee.core.load(entry))
    else { throw ModuleError(.parameterInvalid) }
    try set(module, entry, name, value)
  }

  private struct Word {
    var name: ByteString
    var value: ByteString?
  }

  /// The next `name=value`, with its quotes taken off and its zeros written (`next_arg()`).
  private func nextWord(_ bytes: UnsafeMutableBufferPointer<UInt8>, _ at: inout Int) -> Word? {
    func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte >= 9 && byte <= 13 }
    while at < bytes.count, unsafe isSpace(bytes[at]) { at &+= 1 }
    guard at < bytes.count, unsafe bytes[at] != 0 else { return nil }
    var start = at
    var isQuoted = false
    let wholeIsQuoted = unsafe bytes[at] == 0x22
    if wholeIsQuoted {
      start &+= 1
      at &+= 1
      isQuoted = true
    }
    var equals: Int?
    while unsafe bytes[at] != 0, unsafe isQuoted || !isSpace(bytes[at]) {
      if equals == nil, unsafe bytes[at] == 0x3d { equals = at }
      if unsafe bytes[at] == 0x22 { isQuoted.toggle() }
      at &+= 1
    }
    var end = at
    if unsafe bytes[at] != 0 { at &+= 1 }
    if wholeIsQuoted, end > start, unsafe bytes[end &- 1] == 0x22 { end &-= 1 }
    unsafe bytes[end] = 0
    func piece(_ from: Int, _ to: Int) -> ByteString {
      unsafe ByteString(
        UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: bytes[from..<to])))
    }
    guard let equals else { return Word(name: piece(start, end), value: nil) }
    unsafe bytes[equals] = 0
    var from = equals &+ 1
    if from < end, unsafe bytes[from] == 0x22 {
      from &+= 1
      if end > from, unsafe bytes[end &- 1] == 0x22 {
        end &-= 1
        unsafe bytes[end] = 0
      }
    }
    return Word(name: piece(start, equals), value: piece(from, end))
  }

  private func set(
    _ module: KernelPointer<Module>, _ name: ByteString, _ value: ByteString?
  ) throws(ModuleError) {
    let table = module.pointee.parameters
    for index in 0..<table.count {
      let at = table.address &+ UInt64(index) &* 32
      guard let own = module.pointee.text(at: module.pointee.core.load(at)),
        Self.isSame(own, name)
      else { continue }
      return try set(module, at, name, value)
    }
    var text = TextBuffer()
    module.pointee.name.withText { text.append($0) }
    text.append(": unknown parameter '")
    text.append(name)
    text.append("' ignored")
    send(4, text)
  }

  /// Names are the same with `-` for `_` (`parameq()`).
  private static func isSame(_ a: ByteString, _ b: ByteString) -> Bool {
    guard a.count == b.count else { return false }
    for index in 0..<a.count {
      guard (a[index] == 0x2d ? 0x5f : a[index]) == (b[index] == 0x2d ? 0x5f : b[index]) else {
        return false
      }
    }
    return true
  }

  private func set(
    _ module: KernelPointer<Module>, _ entry: UInt64, _ name: ByteString, _ value: ByteString?
  ) throws(ModuleError) {
    let variable: UInt64 = module.pointee.core.load(entry &+ 16)
    let room: UInt64 = module.pointee.core.load(entry &+ 24)
    guard let kind = Kind(rawValue: module.pointee.core.load(entry &+ 8)) else {
      throw ModuleError(.tableOutside)
    }
    let length = kind == .string ? max(room, 1) : kind.length
    guard module.pointee.isWritable(variable, length),
      let area = module.pointee.area(of: variable, length)
    else { throw ModuleError(.tableOutside) }
    var fits: Bool
    switch kind {
    case .bool, .invertedBool:
      // Only the plain one may stand without a value (KERNEL_PARAM_OPS_FL_NOARG).
      let truth = kind == .invertedBool && value == nil ? nil : Self.truth(value)
      fits = truth != nil
      if let truth { area.store(UInt8(truth != (kind == .invertedBool) ? 1 : 0), variable) }
    case .text:
      guard let value else { throw refuse(module, name, value, .parameterInvalid) }
      guard value.count <= 1024 else { throw refuse(module, name, value, .parameterTooLarge) }
      area.store(unsafe UInt64(UInt(bitPattern: value.bytes.baseAddress)), variable)
      fits = true
    case .string:
      guard let value else { throw refuse(module, name, value, .parameterInvalid) }
      guard UInt64(value.count) < room else {
        throw refuse(module, name, value, .parameterTooLarge)
      }
      for index in 0..<value.count { area.store(value[index], variable &+ UInt64(index)) }
      area.store(UInt8(0), variable &+ UInt64(value.count))
      fits = true
    default:
      guard let number = value.flatMap({ ParameterNumber($0) }),
        !number.isNegative || kind.isSigned
      else { throw refuse(module, name, value, .parameterInvalid) }
      guard Self.setNumber(area, variable, kind, number) else {
        throw refuse(module, name, value, .parameterOutOfRange)
      }
      fits = true
    }
    guard fits else { throw refuse(module, name, value, .parameterInvalid) }
  }

  /// A parameter's value as text (`param_get_int()` and its like).
  func appendValue(_ module: KernelPointer<Module>, _ entry: UInt64, _ text: inout TextBuffer) {
    let variable: UInt64 = module.pointee.core.load(entry &+ 16)
    let room: UInt64 = module.pointee.core.load(entry &+ 24)
    guard let kind = Kind(rawValue: module.pointee.core.load(entry &+ 8)),
      let area = module.pointee.area(of: variable, kind == .string ? max(room, 1) : kind.length)
    else { return }
    switch kind {
    case .bool, .invertedBool:
      let isTrue = area.load(variable, UInt8.self) != 0
      text.append(isTrue != (kind == .invertedBool) ? "Y" : "N")
    case .byte: text.append(decimal: UInt64(area.load(variable, UInt8.self)))
    case .short: text.append(signed: Int64(area.load(variable, Int16.self)))
    case .unsignedShort: text.append(decimal: UInt64(area.load(variable, UInt16.self)))
    case .int: text.append(signed: Int64(area.load(variable, Int32.self)))
    case .unsignedInt: text.append(decimal: UInt64(area.load(variable, UInt32.self)))
    case .long: text.append(signed: area.load(variable, Int64.self))
    case .unsignedLong: text.append(decimal: area.load(variable, UInt64.self))
    case .string: text.append(module.pointee.text(at: variable) ?? "")
    case .text:
      let place: UInt64 = area.load(variable)
      if place == 0 {
        text.append("(null)")
      } else if let own = module.pointee.argument(at: place) ?? module.pointee.text(at: place) {
        text.append(own)
      }
    }
  }

  private static func setNumber(
    _ area: ModuleArea, _ variable: UInt64, _ kind: Kind, _ number: ParameterNumber
  ) -> Bool {
    switch kind {
    case .byte:
      guard let bits = number.unsigned(below: 1 << 8) else { return false }
      area.store(UInt8(truncatingIfNeeded: bits), variable)
    case .short, .unsignedShort:
      guard let bits = kind == .short ? number.signed(16) : number.unsigned(below: 1 << 16)
      else { return false }
      area.store(UInt16(truncatingIfNeeded: bits), variable)
    case .int, .unsignedInt:
      guard let bits = kind == .int ? number.signed(32) : number.unsigned(below: 1 << 32)
      else { return false }
      area.store(UInt32(truncatingIfNeeded: bits), variable)
    default:
      guard let bits = kind == .long ? number.signed(64) : number.unsigned(below: 0) else {
        return false
      }
      area.store(bits, variable)
    }
    return true
  }

  /// As `kstrtobool()`; no value is true (`param_set_bool()`).
  private static func truth(_ value: ByteString?) -> Bool? {
    guard let value else { return true }
    guard !value.isEmpty else { return nil }
    switch value[0] {
    case 0x79, 0x59, 0x31, 0x74, 0x54: return true  // y Y 1 t T
    case 0x6e, 0x4e, 0x30, 0x66, 0x46: return false  // n N 0 f F
    case 0x6f, 0x4f:
      guard value.count > 1 else { return nil }
      switch value[1] {
      case 0x6e, 0x4e: return true  // on
      case 0x66, 0x46: return false  // off
      default: return nil
      }
    default: return nil
    }
  }

  private func refuse(
    _ module: KernelPointer<Module>, _ name: ByteString, _ value: ByteString?,
    _ reason: ModuleError.Reason
  ) -> ModuleError {
    var text = TextBuffer()
    module.pointee.name.withText { text.append($0) }
    text.append(": `")
    text.append(value ?? "")
    text.append(
      reason == .parameterTooLarge ? "' too large for parameter `" : "' invalid for parameter `")
    text.append(name)
    text.append("'")
    send(3, text)
    return ModuleError(reason)
  }
}
