/// The bytes of a file, by offset.
///
/// Every read names what it is after, so that a file that ends too early says what is missing.
package protocol ByteSource: AnyObject {
  /// The offset behind the last byte.
  var length: UInt64 { get }
  /// The bytes that were really stored: what may be asked for at once.
  var stored: UInt64 { get }

  /// Fills `buffer` from an offset on; throws where the file ends before.
  func read(_ offset: UInt64, into buffer: UnsafeMutableRawBufferPointer, _ what: String)
    throws(ImageError)
}

extension ByteSource {
  /// Whether so many bytes are there.
  func holds(_ offset: UInt64, _ count: UInt64) -> Bool {
    offset <= length && count <= length - offset
  }

  /// Throws where they are not.
  func require(_ offset: UInt64, _ count: UInt64, _ what: String) throws(ImageError) {
    guard holds(offset, count) else { throw .truncated(what, offset: offset, length: length) }
  }

  /// A copy of some bytes; the range is checked before anything is allocated for it.
  func bytes(at offset: UInt64, count: Int, _ what: String) throws(ImageError) -> [UInt8] {
    try require(offset, UInt64(count), what)
    guard count <= stored else {
      throw .malformed("\(what) is longer than the file", offset: offset)
    }
    var bytes = [UInt8](repeating: 0, count: count)
    let failure: ImageError? = unsafe bytes.withUnsafeMutableBytes { buffer in
      do throws(ImageError) {
        try unsafe read(offset, into: buffer, what)
        return nil
      } catch { return error }
    }
    if let failure { throw failure }
    return bytes
  }
}

/// A few bytes taken apart as little-endian numbers (`at` counts from their start).
struct Fields {
  let bytes: [UInt8]

  /// The number of that type at an offset that lies inside.
  func number<T: FixedWidthInteger>(_ type: T.Type = T.self, at offset: Int) -> T {
    var value: T = 0
    for index in (0..<MemoryLayout<T>.size).reversed() {
      value = value << 8 | T(truncatingIfNeeded: bytes[offset + index])
    }
    return value
  }

  /// The same, most significant byte first.
  func bigEndian<T: FixedWidthInteger>(_ type: T.Type = T.self, at offset: Int) -> T {
    number(type, at: offset).byteSwapped
  }
}
