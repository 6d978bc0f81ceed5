/// Some bytes of kernel memory to be filled.
///
/// The writable sister of ``ByteString``, with the same promise: the memory stays put while the
/// view is used.
@safe public struct ByteRoom: BitwiseCopyable {
  let base: UnsafeMutablePointer<UInt8>
  public let count: Int

  @unsafe public init(_ base: UnsafeMutableRawPointer, count: Int) {
    unsafe self.base = base.assumingMemoryBound(to: UInt8.self)
    self.count = count
  }

  /// The memory itself, for whoever copies into it.
  public var bytes: UnsafeMutableRawBufferPointer {
    unsafe UnsafeMutableRawBufferPointer(start: base, count: count)
  }

  /// The first bytes of it; no more than there are.
  public func prefix(_ length: Int) -> ByteRoom {
    precondition(length >= 0 && length <= count)
    return unsafe ByteRoom(base, count: length)
  }

  /// What is in it now.
  public var contents: ByteString { unsafe ByteString(base, count: count) }

  /// Copies as much of some bytes as there is room for, from `offset` on; answers how many.
  @discardableResult
  public func copy(_ source: ByteString, at offset: Int = 0) -> Int {
    precondition(offset >= 0 && offset <= count)
    let length = min(source.count, count &- offset)
    // SAFETY: both views were promised to be valid; the length fits in both.
    unsafe UnsafeMutableRawPointer(base + offset).copyMemory(
      from: source.base, byteCount: length)
    return length
  }
}

extension InlineArray where Element == UInt64 {
  /// Lends the array's first bytes.
  func withBytes<T, E: Error>(
    _ length: Int, _ body: (ByteString) throws(E) -> T
  ) throws(E) -> T {
    let span = self.span
    // SAFETY: the bytes are this value's, which outlives the call.
    return unsafe try span.withUnsafeBytes { (bytes) throws(E) in
      precondition(length <= bytes.count)
      return unsafe try body(ByteString(UnsafeRawBufferPointer(rebasing: bytes.prefix(length))))
    }
  }

  /// Lends the array's first bytes, to be filled.
  mutating func withRoom<T, E: Error>(
    _ length: Int, _ body: (ByteRoom) throws(E) -> T
  ) throws(E) -> T {
    var span = self.mutableSpan
    // SAFETY: the bytes are this value's, which outlives the call.
    return unsafe try span.withUnsafeMutableBytes { (bytes) throws(E) in
      precondition(length <= bytes.count)
      return unsafe try body(ByteRoom(bytes.baseAddress.unsafelyUnwrapped, count: length))
    }
  }
}
