import CompressionLibraries
import Glibc

/// Bytes as the libraries pack them, and files of bytes.
enum Packed {
  static let text = Array((0..<6000).map { "line \($0) of many\n" }.joined().utf8)

  static func gzip(_ bytes: [UInt8]) -> [UInt8] { deflated(bytes, window: 15 + 16) }

  private static func deflated(_ bytes: [UInt8], window: Int32) -> [UInt8] {
    var stream = unsafe z_stream()
    _ = unsafe deflateInit2_(
      &stream, 6, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
      Int32(MemoryLayout<z_stream>.size))
    defer { unsafe deflateEnd(&stream) }
    var input = bytes
    let count = input.count
    return unsafe input.withUnsafeMutableBufferPointer { source in
      unsafe [UInt8](unsafeUninitializedCapacity: count + 4096) { room, written in
        unsafe stream.next_in = source.baseAddress
        unsafe stream.avail_in = UInt32(source.count)
        unsafe stream.next_out = room.baseAddress
        unsafe stream.avail_out = UInt32(room.count)
        unsafe deflate(&stream, Z_FINISH)
        written = unsafe room.count - Int(stream.avail_out)
      }
    }
  }

  static func zstd(_ bytes: [UInt8]) -> [UInt8] {
    let bound = ZSTD_compressBound(bytes.count)
    return unsafe [UInt8](unsafeUninitializedCapacity: bound) { room, written in
      written = unsafe ZSTD_compress(room.baseAddress, bound, bytes, bytes.count, 3)
    }
  }

  static func xz(_ bytes: [UInt8]) -> [UInt8] {
    let bound = lzma_stream_buffer_bound(bytes.count)
    return unsafe [UInt8](unsafeUninitializedCapacity: bound) { room, written in
      unsafe lzma_easy_buffer_encode(
        1, LZMA_CHECK_CRC64, nil, bytes, bytes.count, room.baseAddress, &written, bound)
    }
  }

  /// How a member of an archive is written.
  enum Member: CaseIterable { case stored, deflated, described, describedLong }

  /// An archive of one member after the other, with the beginning of a directory.
  static func zip(_ members: [(Member, [UInt8])]) -> [UInt8] {
    var archive: [UInt8] = []
    func add(_ number: UInt64, _ size: Int) {
      for shift in 0..<size { archive.append(UInt8(truncatingIfNeeded: number >> (shift * 8))) }
    }
    for (kind, bytes) in members {
      let packed = kind == .stored ? bytes : deflated(bytes, window: -15)
      let sum = UInt64(unsafe crc32(0, bytes, UInt32(bytes.count)))
      let isDescribed = kind == .described || kind == .describedLong
      add(0x0403_4b50, 4)
      add(20, 2)
      add(isDescribed ? 8 : 0, 2)
      add(kind == .stored ? 0 : 8, 2)
      add(0, 4)
      add(isDescribed ? 0 : sum, 4)
      add(isDescribed ? 0 : UInt64(packed.count), 4)
      add(isDescribed ? 0 : UInt64(bytes.count), 4)
      add(1, 2)
      add(0, 2)
      archive.append(UInt8(ascii: "m"))
      archive += packed
      if isDescribed {
        let width = kind == .described ? 4 : 8
        add(0x0807_4b50, 4)
        add(sum, 4)
        add(UInt64(packed.count), width)
        add(UInt64(bytes.count), width)
      }
    }
    add(0x0201_4b50, 4)
    archive += [UInt8](repeating: 0, count: 42)
    return archive
  }

  /// Calls `body` with the path of a file of these bytes.
  static func file<T>(_ bytes: [UInt8], _ body: (String) throws -> T) rethrows -> T {
    let path = "/tmp/kilburn-packed-\(getpid())-\(UInt64.random(in: 0...(.max)))"
    let file = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    var done = 0
    while done < bytes.count {
      let count = unsafe bytes[done...].withUnsafeBytes { rest in
        unsafe write(file, rest.baseAddress, rest.count)
      }
      precondition(count > 0)
      done += count
    }
    close(file)
    defer { unsafe unlink(path) }
    return try body(path)
  }
}
