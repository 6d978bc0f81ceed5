import CompressionLibraries

/// zlib's inflate over compressed bytes as they are read: what gzip and ZIP have in common.
@safe
final class Inflater {
  /// SAFETY: initialised in init, ended in deinit; zlib keeps a pointer to it, so it does not move.
  private let stream: UnsafeMutablePointer<z_stream>
  private let isReady: Bool

  /// What is around deflate's bytes.
  enum Wrapping {
    /// A header and a sum: gzip's or zlib's, by what it begins with.
    case header
    case none
  }

  init(_ wrapping: Wrapping) {
    unsafe stream = .allocate(capacity: 1)
    unsafe stream.initialize(to: z_stream())
    // 15 bits of window; 32 more look at the header, and negative ones say that there is none.
    isReady =
      unsafe inflateInit2_(
        stream, wrapping == .header ? 15 + 32 : -15, ZLIB_VERSION,
        Int32(MemoryLayout<z_stream>.size)) == Z_OK
  }

  deinit {
    if isReady { unsafe inflateEnd(stream) }
    unsafe stream.deallocate()
  }

  /// Unpacks some of what is available: how many bytes, and whether the member has ended with them.
  func read(
    _ input: CompressedBytes, into room: UnsafeMutableRawBufferPointer
  ) throws(StreamDecoder.Failure) -> (count: Int, isEnded: Bool) {
    guard isReady else { throw .corrupt("zlib has no memory") }
    unsafe stream.pointee.next_in = (input.bytes + input.at).assumingMemoryBound(to: UInt8.self)
    unsafe stream.pointee.avail_in = UInt32(input.end - input.at)
    unsafe stream.pointee.next_out = room.baseAddress?.assumingMemoryBound(to: UInt8.self)
    unsafe stream.pointee.avail_out = UInt32(room.count)
    let status = unsafe inflate(stream, Z_NO_FLUSH)
    input.at = unsafe input.end - Int(stream.pointee.avail_in)
    let count = unsafe room.count - Int(stream.pointee.avail_out)
    switch status {
    case Z_STREAM_END:
      unsafe inflateReset(stream)
      return (count, true)
    case Z_OK, Z_BUF_ERROR: return (count, false)
    default:
      let reason = unsafe stream.pointee.msg.map { unsafe String(cString: $0) }
      throw .corrupt(reason ?? "zlib answers \(status)")
    }
  }
}
