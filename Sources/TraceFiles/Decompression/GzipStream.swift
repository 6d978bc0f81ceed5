import CompressionLibraries

/// gzip, one member or several.
@safe
final class GzipStream {
  let input = CompressedBytes()
  /// SAFETY: initialised in init, ended in deinit; zlib keeps a pointer to it, so it does not move.
  private let stream: UnsafeMutablePointer<z_stream>
  private var isInside = false
  private var isReady: Bool

  init() {
    unsafe stream = .allocate(capacity: 1)
    unsafe stream.initialize(to: z_stream())
    // 15 bits of window, and 32: the header says whether it is gzip or zlib.
    isReady =
      unsafe inflateInit2_(stream, 15 + 32, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
      == Z_OK
  }

  deinit {
    if isReady { unsafe inflateEnd(stream) }
    unsafe stream.deallocate()
  }

  func read(_ descriptor: Int32, into room: UnsafeMutableRawBufferPointer)
    throws(StreamDecoder.Failure) -> Int
  {
    guard isReady else { throw .corrupt("zlib has no memory") }
    while true {
      guard try input.fill(descriptor) else {
        if isInside { throw .truncated }
        return 0
      }
      isInside = true
      unsafe stream.pointee.next_in = (input.bytes + input.at).assumingMemoryBound(to: UInt8.self)
      unsafe stream.pointee.avail_in = UInt32(input.end - input.at)
      unsafe stream.pointee.next_out = room.baseAddress?.assumingMemoryBound(to: UInt8.self)
      unsafe stream.pointee.avail_out = UInt32(room.count)
      let status = unsafe inflate(stream, Z_NO_FLUSH)
      input.at = unsafe input.end - Int(stream.pointee.avail_in)
      let count = unsafe room.count - Int(stream.pointee.avail_out)
      switch status {
      case Z_STREAM_END:
        isInside = false
        unsafe inflateReset(stream)
      case Z_OK, Z_BUF_ERROR: break
      default:
        let reason = unsafe stream.pointee.msg.map { unsafe String(cString: $0) }
        throw .corrupt(reason ?? "zlib answers \(status)")
      }
      if count > 0 { return count }
    }
  }
}
