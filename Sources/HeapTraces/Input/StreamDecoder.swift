import CompressionLibraries
import Glibc

/// How the bytes of a file become those of the trace: as they are, or through zlib or zstd.
enum StreamDecoder {
  case plain
  case gzip(GzipStream)
  case zstd(ZstdStream)

  enum Failure: Error {
    case read
    case truncated
    case corrupt(String)
  }

  /// What the first bytes of a file say.
  static func found(in bytes: UnsafeRawBufferPointer) -> StreamDecoder {
    unsafe bytes.starts(with: [0x1f, 0x8b])
      ? .gzip(GzipStream())
      : bytes.starts(with: [0x28, 0xb5, 0x2f, 0xfd]) ? .zstd(ZstdStream()) : .plain
  }

  /// Gives it compressed bytes that were read already.
  func give(_ bytes: UnsafeRawBufferPointer) {
    switch self {
    case .plain: break
    case .gzip(let stream): unsafe stream.input.give(bytes)
    case .zstd(let stream): unsafe stream.input.give(bytes)
    }
  }

  /// Reads some of what comes next; 0 at the end.
  func read(_ descriptor: Int32, into room: UnsafeMutableRawBufferPointer) throws(Failure) -> Int {
    switch self {
    case .plain: unsafe try Self.readPlain(descriptor, into: room)
    case .gzip(let stream): unsafe try stream.read(descriptor, into: room)
    case .zstd(let stream): unsafe try stream.read(descriptor, into: room)
    }
  }

  static func readPlain(_ descriptor: Int32, into room: UnsafeMutableRawBufferPointer)
    throws(Failure) -> Int
  {
    while true {
      let count = unsafe Glibc.read(descriptor, room.baseAddress, room.count)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw .read }
      return count
    }
  }
}

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

  /// Reads more where none is left; false at the end of the file.
  func fill(_ descriptor: Int32) throws(StreamDecoder.Failure) -> Bool {
    if at < end { return true }
    let room = unsafe UnsafeMutableRawBufferPointer(start: bytes, count: Self.capacity)
    (at, end) = (0, unsafe try StreamDecoder.readPlain(descriptor, into: room))
    return end > 0
  }
}

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
