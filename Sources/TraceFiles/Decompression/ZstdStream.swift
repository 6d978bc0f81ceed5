import CompressionLibraries

/// zstd, one frame or several.
@safe
final class ZstdStream {
  let input = CompressedBytes()
  /// SAFETY: created in init, freed in deinit.
  private let stream: OpaquePointer?
  private var isInside = false

  init() { unsafe stream = ZSTD_createDStream() }
  deinit { unsafe ZSTD_freeDStream(stream) }

  func read(_ descriptor: Int32, into room: UnsafeMutableRawBufferPointer)
    throws(StreamDecoder.Failure) -> Int
  {
    guard let stream = unsafe stream else { throw .corrupt("zstd has no memory") }
    while true {
      let isMore = try input.fill(descriptor)
      // A frame that is inside may still hold back what it has decompressed.
      if !isMore && !isInside { return 0 }
      var source = unsafe ZSTD_inBuffer(
        src: input.bytes, size: input.end, pos: input.at)
      var target = unsafe ZSTD_outBuffer(dst: room.baseAddress, size: room.count, pos: 0)
      let status = unsafe ZSTD_decompressStream(stream, &target, &source)
      if ZSTD_isError(status) != 0 {
        throw .corrupt(unsafe String(cString: ZSTD_getErrorName(status)))
      }
      let isStuck = unsafe source.pos == input.at && target.pos == 0
      input.at = unsafe source.pos
      isInside = status != 0
      if unsafe target.pos > 0 { return unsafe target.pos }
      if !isMore && isStuck { throw .truncated }
    }
  }
}
