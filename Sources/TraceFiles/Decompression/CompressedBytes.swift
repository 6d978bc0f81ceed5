/// Compressed bytes, read and not yet decompressed.
@safe
final class CompressedBytes {
  /// SAFETY: `capacity` bytes, owned; those from `at` to `end` are set.
  let bytes: UnsafeMutableRawPointer
  var at = 0
  var end = 0
  static var capacity: Int { 1 << 20 }

  init() { unsafe bytes = .allocate(byteCount: Self.capacity, alignment: 64) }
  deinit { unsafe bytes.deallocate() }

  func give(_ given: UnsafeRawBufferPointer) {
    precondition(at == end && given.count <= Self.capacity)
    if let base = given.baseAddress { unsafe bytes.copyMemory(from: base, byteCount: given.count) }
    (at, end) = (0, given.count)
  }

  /// What is read and not taken.
  var available: UnsafeRawBufferPointer {
    unsafe UnsafeRawBufferPointer(start: bytes + at, count: end - at)
  }

  /// Reads more where none is left; false at the end of the file.
  func fill(_ descriptor: Int32) throws(StreamDecoder.Failure) -> Bool {
    if at < end { return true }
    let room = unsafe UnsafeMutableRawBufferPointer(start: bytes, count: Self.capacity)
    (at, end) = (0, unsafe try StreamDecoder.readPlain(descriptor, into: room))
    return end > 0
  }

  /// Takes so many bytes of a header; false where the file ends before.
  func take(_ count: Int, from descriptor: Int32, _ body: (Int, UInt8) -> Void)
    throws(StreamDecoder.Failure) -> Bool
  {
    for index in 0..<count {
      guard try fill(descriptor) else { return false }
      body(index, unsafe bytes.load(fromByteOffset: at, as: UInt8.self))
      at += 1
    }
    return true
  }
}
