import Files
import MemoryTypes

/// The path of a script's interpreter, copied out of the file that named it.
///
/// Empty before the first script; shorter than the 256 bytes that are probed.
struct InterpreterPath {
  private var bytes: InlineArray<256, UInt8> = .init(repeating: 0)
  private var count = 0

  init() {}

  /// Copies a part of the probed bytes, which must be there.
  @unsafe init(_ probe: UnsafeRawPointer, _ range: Range<Int>) {
    for index in 0..<min(range.count, 256) {
      bytes[index] = unsafe probe.load(
        fromByteOffset: range.lowerBound &+ index, as: UInt8.self)
      count &+= 1
    }
  }

  /// The path, or another if there is none yet.
  func withBytes<T>(
    otherwise: ByteString, _ body: (ByteString) throws(Errno) -> T
  ) throws(Errno) -> T {
    if count == 0 { return try body(otherwise) }
    let span = bytes.span
    // SAFETY: the bytes are this value's, which outlives the call.
    return try unsafe span.withUnsafeBytes { (all) throws(Errno) in
      try unsafe body(ByteString(UnsafeRawBufferPointer(rebasing: all.prefix(count))))
    }
  }
}
