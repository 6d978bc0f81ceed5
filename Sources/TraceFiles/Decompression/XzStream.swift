import CompressionLibraries

/// xz, one stream or several.
@safe
final class XzStream {
  let input = CompressedBytes()
  /// SAFETY: initialised in init, ended in deinit; the library keeps what it points to.
  private let stream: UnsafeMutablePointer<lzma_stream>
  private let isReady: Bool
  private var isEnded = false

  /// A dictionary of a hostile file may ask for no more.
  private static var memoryLimit: UInt64 { 1 << 30 }

  /// LZMA_CONCATENATED: another stream may follow.
  private static var concatenated: UInt32 { 8 }

  init() {
    unsafe stream = .allocate(capacity: 1)
    unsafe stream.initialize(to: lzma_stream())
    isReady =
      unsafe lzma_stream_decoder(stream, Self.memoryLimit, Self.concatenated) == LZMA_OK
  }

  deinit {
    unsafe lzma_end(stream)
    unsafe stream.deallocate()
  }

  func read(_ descriptor: Int32, into room: UnsafeMutableRawBufferPointer)
    throws(StreamDecoder.Failure) -> Int
  {
    guard isReady else { throw .corrupt("liblzma has no memory") }
    while !isEnded {
      let isMore = try input.fill(descriptor)
      unsafe stream.pointee.next_in = UnsafePointer(
        (input.bytes + input.at).assumingMemoryBound(to: UInt8.self))
      unsafe stream.pointee.avail_in = input.end - input.at
      unsafe stream.pointee.next_out = room.baseAddress?.assumingMemoryBound(to: UInt8.self)
      unsafe stream.pointee.avail_out = room.count
      let status = unsafe lzma_code(stream, isMore ? LZMA_RUN : LZMA_FINISH)
      input.at = unsafe input.end - stream.pointee.avail_in
      let count = unsafe room.count - stream.pointee.avail_out
      switch status {
      case LZMA_OK: break
      case LZMA_STREAM_END: isEnded = true
      case LZMA_BUF_ERROR: if !isMore && count == 0 { throw .truncated }
      case LZMA_MEMLIMIT_ERROR: throw .unsupported("xz with a dictionary of more than 1 GiB")
      default: throw .corrupt("liblzma answers \(status.rawValue)")
      }
      if count > 0 { return count }
    }
    return 0
  }
}
