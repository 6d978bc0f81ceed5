/// A cache's name: bytes that live as long as the cache.
@safe public struct SlabName: BitwiseCopyable {
  let start: UnsafeRawPointer
  public let count: Int

  public init(_ literal: StaticString) {
    // SAFETY: a literal's bytes live as long as the image.
    unsafe start = UnsafeRawPointer(literal.utf8Start)
    count = literal.utf8CodeUnitCount
  }

  /// A name that lies somewhere.
  ///
  /// Unsafe: the bytes must stay there as long as the name is used.
  @unsafe public init(_ bytes: UnsafeRawBufferPointer) {
    // The sentinel of an empty name is any address.
    unsafe start = bytes.baseAddress ?? UnsafeRawPointer(StaticString("").utf8Start)
    count = bytes.count
  }

  /// The bytes, for whoever prints them.
  @unsafe public var bytes: UnsafeRawBufferPointer {
    unsafe UnsafeRawBufferPointer(start: start, count: count)
  }

  public static func != (a: Self, b: Self) -> Bool { !(a == b) }

  public static func == (a: Self, b: Self) -> Bool {
    guard a.count == b.count else { return false }
    for index in 0..<a.count {
      // SAFETY: both have so many bytes.
      let differ =
        unsafe a.start.load(fromByteOffset: index, as: UInt8.self)
        != b.start.load(fromByteOffset: index, as: UInt8.self)
      if differ { return false }
    }
    return true
  }
}
