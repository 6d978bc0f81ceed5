import CompressionLibraries
import Glibc
import TraceFiles

/// A file that chunks are written to, from front to back.
///
/// The first failure is kept, and nothing is written behind it: whoever records goes on undisturbed,
/// and hears of it at the end.
@safe
final class TraceOutput {
  let path: String
  private let descriptor: Int32
  private let level: Int32
  private let header = ByteBuffer(capacity: 64)
  private let compressed = ByteBuffer(capacity: 1 << 16)
  /// SAFETY: created in init, freed in deinit.
  private let context: OpaquePointer?
  private var isOpen = true
  /// How many bytes were written.
  private(set) var offset: UInt64 = 0
  private(set) var failure: TraceError?

  init(_ path: String, level: Int32) throws(TraceError) {
    self.path = path
    self.level = level
    descriptor =
      path == "-" ? dup(1) : unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
    unsafe context = ZSTD_createCCtx()
    guard descriptor >= 0 else {
      throw TraceError(.unreadable, "\(path): \(TraceInput.reason())")
    }
    unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level)
    unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
  }

  deinit {
    unsafe ZSTD_freeCCtx(context)
    if isOpen { Glibc.close(descriptor) }
  }

  func close() {
    guard isOpen else { return }
    isOpen = false
    if Glibc.close(descriptor) != 0 { fail() }
  }

  private func fail() {
    if failure == nil { failure = TraceError(.unreadable, "\(path): \(TraceInput.reason())") }
  }

  func write(_ buffer: ByteBuffer) {
    var done = 0
    while done < buffer.count && failure == nil {
      let count = unsafe Glibc.write(descriptor, buffer.bytes + done, buffer.count - done)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return fail() }
      done += count
      offset += UInt64(count)
    }
  }

  /// Writes a chunk, compressed where that saves an eighth: less is not worth unpacking.
  func writeChunk(
    _ kind: MemoryTraceFormat.ChunkKind, _ content: ByteBuffer, count: Int, first: UInt64 = 0,
    instructions: UInt64 = 0, packs: Bool = true
  ) {
    let bound = ZSTD_compressBound(content.count)
    compressed.removeAll()
    var isSmaller = false
    if packs {
      let length = unsafe ZSTD_compress2(
        context, compressed.room(bound), bound, content.bytes, content.count)
      isSmaller = ZSTD_isError(length) == 0 && length < content.count - content.count / 8
      if isSmaller { compressed.set(count: length) }
    }
    header.removeAll()
    header.append(kind.rawValue)
    header.append(isSmaller ? 1 : 0)
    header.append(fixed: UInt16(0))
    header.append(fixed: UInt32(isSmaller ? compressed.count : content.count))
    header.append(fixed: UInt32(content.count))
    header.append(fixed: UInt32(count))
    header.append(fixed: first)
    header.append(fixed: instructions)
    header.append(
      fixed: isSmaller ? 0 : unsafe MemoryTraceFormat.sum(content.bytes, content.count))
    write(header)
    write(isSmaller ? compressed : content)
  }
}
