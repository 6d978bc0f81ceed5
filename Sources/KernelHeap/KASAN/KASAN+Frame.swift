/// Objects of stack frames (`kasan_print_address_stack_frame()`).
///
/// Where a function keeps objects that can be overrun, the compiler writes at the start of its frame,
/// which a run of KASAN_STACK_LEFT marks, a magic number, the address of a text that describes the
/// objects, and the function's own address. The text is
/// ```
///   n  offset size length name[:line]  …
/// ```
extension KASAN {
  /// KASAN_CURRENT_STACK_FRAME_MAGIC.
  static var frameMagic: UInt64 { 0x41b5_8ab3 }

  func describeFrame(_ address: UInt64) {
    var text = KASANLine("The buggy address belongs to stack of task ")
    text.addTask(environment)
    text.send(environment)
    guard let frame = frame(around: address) else { return }
    // SAFETY: the frame begins with three words; the stack is mapped.
    let words = unsafe UnsafePointer<UInt64>(bitPattern: UInt(frame)).unsafelyUnwrapped
    guard unsafe words[0] == Self.frameMagic else {
      text = KASANLine("KASAN internal error: frame info validation failed; invalid marker: ")
      unsafe text.add(words[0])
      text.send(environment)
      return
    }
    text = KASANLine(" and is located at offset ")
    text.add(address &- frame)
    text.add(" in frame:")
    text.send(environment)
    text = KASANLine(" ")
    unsafe text.add(symbol: words[2], environment)
    text.send(environment)
    guard let description = unsafe UnsafePointer<UInt8>(bitPattern: UInt(words[1])) else { return }
    unsafe describeObjects(FrameText(at: description))
  }

  /// The start of the frame: below the address, the lowest granule of the nearest run of
  /// KASAN_STACK_LEFT (`get_address_stack_frame_info()`).
  private func frame(around address: UInt64) -> UInt64? {
    let left = ShadowValue.stackLeft.rawValue
    let bottom = unsafe environment.stackStart(environment.context)
    guard bottom != 0 else { return nil }
    var at = address & ~ShadowMap.granuleMask
    while at >= bottom, shadow.value(at: at) != left { at &-= ShadowMap.granule }
    while at >= bottom, shadow.value(at: at) == left { at &-= ShadowMap.granule }
    return at < bottom ? nil : at &+ ShadowMap.granule
  }

  private func describeObjects(_ start: FrameText) {
    var reader = start
    guard let count = reader.number() else { return }
    KASANLine("").send(environment)
    var text = KASANLine("This frame has ")
    text.add(count)
    text.add(count == 1 ? " object:" : " objects:")
    text.send(environment)
    var left = count
    while left > 0 {
      left &-= 1
      guard let offset = reader.number(), let size = reader.number(), reader.number() != nil else {
        return
      }
      text = KASANLine(" [")
      text.add(offset)
      text.add(", ")
      text.add(offset &+ size)
      text.add(") '")
      reader.name { text.add(byte: $0) }
      text.add("'")
      text.send(environment)
    }
  }
}

/// Reads the compiler's description of a frame, word by word.
@safe struct FrameText {
  private var at: UnsafePointer<UInt8>
  /// A description is never longer.
  private var left = 4096

  /// Unsafe: a text must be there, ended by zero.
  @unsafe init(at start: UnsafePointer<UInt8>) { unsafe at = start }

  private mutating func next() -> UInt8 {
    guard left > 0 else { return 0 }
    let byte = unsafe at.pointee
    if byte != 0 {
      unsafe at += 1
      left &-= 1
    }
    return byte
  }

  /// A number and the blank behind it; nil if there is none.
  mutating func number() -> UInt64? {
    var value: UInt64 = 0
    var digits = 0
    while true {
      let byte = next()
      guard byte >= 0x30 && byte <= 0x39 else { break }
      value = value &* 10 &+ UInt64(byte &- 0x30)
      digits &+= 1
    }
    return digits == 0 ? nil : value
  }

  /// A name and the blank behind it, without its line number.
  mutating func name(_ body: (UInt8) -> Void) {
    var isName = true
    while true {
      let byte = next()
      if byte == 0 || byte == 0x20 { return }
      if byte == 0x3a { isName = false }
      if isName { body(byte) }
    }
  }
}
