/// A line of a text, taken apart from left to right.
@safe
package struct TextLine {
  /// SAFETY: good until the input it came from reads on; every access is checked against its count.
  @usableFromInline let bytes: UnsafeRawBufferPointer
  @usableFromInline let length: Int
  @usableFromInline var at = 0

  package init(_ bytes: UnsafeRawBufferPointer) {
    unsafe self.bytes = bytes
    length = bytes.count
  }

  /// How many bytes are left.
  @inlinable package var count: Int { length - at }
  @inlinable package var isEmpty: Bool { at >= length }

  /// The next byte; 0 at the end.
  @inlinable package var first: UInt8 { at < length ? unsafe bytes[at] : 0 }

  /// Takes a byte if it is the next.
  @inlinable package mutating func take(_ byte: UInt8) -> Bool {
    guard first == byte, !isEmpty else { return false }
    at += 1
    return true
  }

  @inlinable package mutating func takeByte() -> UInt8 {
    let byte = first
    at = min(at + 1, length)
    return byte
  }

  @inlinable package mutating func skipSpaces() {
    while first == UInt8(ascii: " ") { at += 1 }
  }

  /// Takes a hexadecimal number, with or without 0x, and the space behind it.
  ///
  /// Nil where there is none or it exceeds 2⁶⁴-1.
  @inlinable package mutating func hex() -> UInt64? {
    skipSpaces()
    let start = at
    if first == UInt8(ascii: "0"), at + 1 < length,
      unsafe bytes[at + 1] | 0x20 == UInt8(ascii: "x")
    {
      at += 2
    }
    var value: UInt64 = 0
    var digits = 0
    while at < length {
      let byte = unsafe bytes[at]
      let digit: UInt8
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte &- UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte &- UInt8(ascii: "a") &+ 10
      case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte &- UInt8(ascii: "A") &+ 10
      default: digit = 255
      }
      if digit == 255 { break }
      guard value >> 60 == 0 else { return nil }
      value = value << 4 | UInt64(digit)
      digits &+= 1
      at &+= 1
    }
    guard digits > 0, isEmpty || first == UInt8(ascii: " ") else {
      at = start
      return nil
    }
    if !isEmpty { at += 1 }
    return value
  }

  /// Takes so many bytes as text; nil where there are fewer.
  package mutating func text(_ size: UInt64) -> String? {
    guard size <= UInt64(count) else { return nil }
    let slice = unsafe bytes[at..<at + Int(size)]
    at += Int(size)
    return unsafe String(decoding: slice, as: UTF8.self)
  }

  /// The rest of the line as text.
  package var rest: String { unsafe String(decoding: bytes[min(at, length)...], as: UTF8.self) }

  /// The offset, from here, behind the last place of a text; nil where it is not.
  package func lastIndex(of text: StaticString) -> Int? {
    let wanted = text.utf8CodeUnitCount
    guard count >= wanted else { return nil }
    var start = length - wanted
    while start >= at {
      var index = 0
      while index < wanted, unsafe bytes[start + index] == text.utf8Start[index] { index += 1 }
      if index == wanted { return start - at }
      start -= 1
    }
    return nil
  }

  /// Whether it begins with a text, which is then taken.
  @inlinable package mutating func take(_ text: StaticString) -> Bool {
    let wanted = text.utf8CodeUnitCount
    guard count >= wanted else { return false }
    for index in 0..<wanted where unsafe bytes[at + index] != text.utf8Start[index] { return false }
    at += wanted
    return true
  }

  @inlinable package mutating func skip(_ count: Int) { at = min(at + count, length) }
}
