import Glibc

/// How the bytes of a file become those of the trace: as they are, or through a library.
enum StreamDecoder {
  case plain
  case gzip(GzipStream)
  case zstd(ZstdStream)
  case xz(XzStream)
  case zip(ZipStream)

  enum Failure: Error {
    case read
    case truncated
    case corrupt(String)
    case unsupported(String)
  }

  /// What the first bytes of a file say.
  static func found(in bytes: UnsafeRawBufferPointer) -> StreamDecoder {
    if unsafe bytes.starts(with: [0x1f, 0x8b]) { return .gzip(GzipStream()) }
    if unsafe bytes.starts(with: [0x28, 0xb5, 0x2f, 0xfd]) { return .zstd(ZstdStream()) }
    if unsafe bytes.starts(with: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]) { return .xz(XzStream()) }
    if unsafe bytes.starts(with: [0x50, 0x4b, 3, 4]) { return .zip(ZipStream()) }
    return .plain
  }

  private var input: CompressedBytes? {
    switch self {
    case .plain: nil
    case .gzip(let stream): stream.input
    case .zstd(let stream): stream.input
    case .xz(let stream): stream.input
    case .zip(let stream): stream.input
    }
  }

  /// Gives it compressed bytes that were read already.
  func give(_ bytes: UnsafeRawBufferPointer) { unsafe input?.give(bytes) }

  /// Reads some of what comes next; 0 at the end.
  func read(_ descriptor: Int32, into room: UnsafeMutableRawBufferPointer) throws(Failure) -> Int {
    switch self {
    case .plain: unsafe try Self.readPlain(descriptor, into: room)
    case .gzip(let stream): unsafe try stream.read(descriptor, into: room)
    case .zstd(let stream): unsafe try stream.read(descriptor, into: room)
    case .xz(let stream): unsafe try stream.read(descriptor, into: room)
    case .zip(let stream): unsafe try stream.read(descriptor, into: room)
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
