import CompressionLibraries
import TraceFiles

/// The chunks of a trace of our own, one after the other, unpacked.
@safe
final class MemoryTraceChunks {
  let input: TraceInput
  private(set) var content: UnsafeMutablePointer<UInt8>
  private(set) var header = MemoryTraceFormat.ChunkHeader(
    kind: 0, isCompressed: false, storedLength: 0, length: 0, count: 0, first: 0, instructions: 0,
    sum: 0)
  /// The version of the file.
  let version: UInt16
  /// Where the chunk begins in the file.
  private(set) var offset: UInt64 = 0
  private let stored = ByteBuffer(capacity: 1 << 18)
  /// SAFETY: `content` has `capacity` bytes, owned, the last `slack` of which are only ever read;
  /// the context is created in init, freed in deinit.
  private var capacity: Int
  private let context: OpaquePointer?

  /// Begins behind the file's header.
  init(_ input: TraceInput) throws(TraceError) {
    self.input = input
    let isWhole = try input.require(MemoryTraceFormat.headerSize)
    version = isWhole ? unsafe MemoryTraceChunks.number(UInt16.self, input.available, 8) : 0
    capacity = 1 << 19
    unsafe content = .allocate(capacity: capacity)
    unsafe content.initialize(repeating: 0, count: capacity)
    unsafe context = ZSTD_createDCtx()
    guard isWhole else { throw truncated("its header ends") }
    guard (1...MemoryTraceFormat.version).contains(version) else {
      throw TraceError(
        .unsupported,
        "version \(version) of the format; 1 to \(MemoryTraceFormat.version) are known",
        at: TracePlace(input.name, offset: 8))
    }
    input.take(MemoryTraceFormat.headerSize)
  }

  deinit {
    unsafe content.deallocate()
    unsafe ZSTD_freeDCtx(context)
  }

  static func number<T: FixedWidthInteger>(
    _ type: T.Type, _ bytes: UnsafeRawBufferPointer, _ offset: Int
  ) -> T {
    T(littleEndian: unsafe bytes.loadUnaligned(fromByteOffset: offset, as: T.self))
  }

  /// The content of the chunk.
  var bytes: UnsafeRawBufferPointer {
    unsafe UnsafeRawBufferPointer(start: content, count: Int(header.length))
  }

  func truncated(_ what: String) -> TraceError {
    TraceError(
      .truncated, "the file ends before \(what)", at: TracePlace(input.name, offset: input.offset))
  }

  func malformed(_ what: String) -> TraceError {
    TraceError(.malformed, what, at: TracePlace(input.name, offset: offset))
  }

  /// Reads the next chunk.
  func next() throws(TraceError) -> MemoryTraceFormat.ChunkKind {
    let kind = try nextHeader()
    try load()
    return kind
  }

  /// Reads the header of the next chunk; its content is then loaded or passed over.
  func nextHeader() throws(TraceError) -> MemoryTraceFormat.ChunkKind {
    offset = input.offset
    guard try input.require(MemoryTraceFormat.chunkHeaderSize) else {
      throw truncated(unsafe input.available.isEmpty ? "its end is told" : "a chunk's header ends")
    }
    header = unsafe Self.header(input.available)
    guard let kind = MemoryTraceFormat.ChunkKind(rawValue: header.kind) else {
      throw malformed("no chunk is of the kind \(header.kind)")
    }
    let limit = UInt32(MemoryTraceFormat.chunkLimit)
    guard header.length <= limit, header.storedLength <= limit,
      header.isCompressed || header.length == header.storedLength
    else { throw malformed("a chunk of \(header.storedLength) bytes, \(header.length) unpacked") }
    input.take(MemoryTraceFormat.chunkHeaderSize)
    return kind
  }

  /// Passes over the content of the chunk, which is not unpacked.
  func skip() throws(TraceError) {
    guard try input.skip(UInt64(header.storedLength)) else { throw truncated("a chunk does") }
  }

  private static func header(_ bytes: UnsafeRawBufferPointer) -> MemoryTraceFormat.ChunkHeader {
    unsafe MemoryTraceFormat.ChunkHeader(
      kind: bytes[0], isCompressed: bytes[1] == 1, storedLength: number(UInt32.self, bytes, 4),
      length: number(UInt32.self, bytes, 8), count: number(UInt32.self, bytes, 12),
      first: number(UInt64.self, bytes, 16), instructions: number(UInt64.self, bytes, 24),
      sum: number(UInt64.self, bytes, 32))
  }

  private func makeRoom(_ count: Int) {
    guard count + MemoryTraceFormat.slack > capacity else { return }
    capacity = MemoryTraceFormat.chunkLimit + MemoryTraceFormat.slack
    unsafe content.deallocate()
    unsafe content = .allocate(capacity: capacity)
    unsafe content.initialize(repeating: 0, count: capacity)
  }

  /// Unpacks the content of the chunk.
  func load() throws(TraceError) {
    makeRoom(Int(header.length))
    guard header.isCompressed else {
      var done = 0
      unsafe try take(Int(header.storedLength)) { part in
        if let base = part.baseAddress {
          unsafe UnsafeMutableRawPointer(content + done).copyMemory(
            from: base, byteCount: part.count)
        }
        done += part.count
      }
      guard unsafe MemoryTraceFormat.sum(content, done) == header.sum else {
        throw malformed("a chunk does not have the sum that it says")
      }
      return
    }
    let length = Int(header.length)
    let count = Int(header.storedLength)
    let unpacked: Int
    if count <= TraceInput.capacity {
      guard try input.require(count) else {
        throw truncated("a chunk of \(count) bytes does")
      }
      unpacked = unsafe ZSTD_decompressDCtx(
        context, content, length, input.available.baseAddress, count)
      input.take(count)
    } else {
      stored.removeAll()
      unsafe try take(count) { part in
        let target = unsafe UnsafeMutableRawPointer(stored.room(part.count))
        if let base = part.baseAddress {
          unsafe target.copyMemory(from: base, byteCount: part.count)
        }
        stored.set(count: stored.count + part.count)
      }
      unpacked = unsafe ZSTD_decompressDCtx(context, content, length, stored.bytes, count)
    }
    guard unpacked == length else { throw malformed("a chunk does not decompress") }
  }

  /// Takes so many bytes in pieces.
  private func take(_ count: Int, _ body: (UnsafeRawBufferPointer) -> Void) throws(TraceError) {
    var left = count
    while left > 0 {
      if unsafe input.available.isEmpty {
        guard try input.fill() else { throw truncated("a chunk does: \(left) bytes are missing") }
      }
      let part = unsafe min(left, input.available.count)
      unsafe body(UnsafeRawBufferPointer(rebasing: input.available[..<part]))
      input.take(part)
      left -= part
    }
  }
}
