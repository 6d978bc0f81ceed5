/// Some bytes of kernel memory: a path, a name, a text being written to a node.
///
/// A view that owns nothing. `@safe`, because making one is where the promise is given: whoever
/// calls an initializer states that the bytes stay put, unchanged, while the view is used.
@safe public struct ByteString: BitwiseCopyable, ExpressibleByStringLiteral {
  let base: UnsafePointer<UInt8>
  public let count: Int

  @unsafe public init(_ base: UnsafePointer<UInt8>, count: Int) {
    unsafe self.base = base
    self.count = count
  }

  @unsafe public init(_ bytes: UnsafeRawBufferPointer) {
    let start = unsafe bytes.baseAddress ?? UnsafeRawPointer(ByteString("").base)
    unsafe self.init(start.assumingMemoryBound(to: UInt8.self), count: bytes.count)
  }

  /// The bytes of a literal; its text lies in the image for ever.
  public init(stringLiteral literal: StaticString) { self.init(literal) }

  public init(_ literal: StaticString) {
    unsafe base = literal.utf8Start
    count = literal.utf8CodeUnitCount
  }

  public var isEmpty: Bool { count == 0 }

  public subscript(index: Int) -> UInt8 {
    precondition(index >= 0 && index < count)
    return unsafe base[index]
  }

  /// A part of it; both ends must lie inside.
  public subscript(range: Range<Int>) -> ByteString {
    precondition(range.lowerBound >= 0 && range.upperBound <= count)
    return unsafe ByteString(base + range.lowerBound, count: range.count)
  }

  /// The bytes themselves, for whoever copies them.
  public var bytes: UnsafeRawBufferPointer {
    unsafe UnsafeRawBufferPointer(start: base, count: count)
  }

  public static func == (a: ByteString, b: ByteString) -> Bool {
    guard a.count == b.count else { return false }
    for index in 0..<a.count {
      guard unsafe a.base[index] == b.base[index] else { return false }
    }
    return true
  }

  /// The place of a byte, from the front.
  public func firstIndex(of byte: UInt8) -> Int? {
    for index in 0..<count {
      guard unsafe base[index] != byte else { return index }
    }
    return nil
  }

  /// The number that a decimal text states, or nil where it is none: no sign, no leading zero, as
  /// `/proc` names its processes (fs/proc: name_to_int()).
  public var decimal: UInt32? {
    guard count > 0, count <= 10, count == 1 || self[0] != 0x30 else { return nil }
    var value: UInt64 = 0
    for index in 0..<count {
      let digit = self[index] &- 0x30
      guard digit <= 9 else { return nil }
      value = value &* 10 &+ UInt64(digit)
    }
    return UInt32(exactly: value)
  }
}
