import BoardFormat
import MemoryTypes

/// The archive, read with suspicion: a window of bytes, and every offset checked against it.
@safe struct ArchiveReader: BitwiseCopyable {
  let base: UnsafeRawPointer?
  let length: UInt64

  /// Unsafe: the bytes must stay readable and unchanged for ever.
  @unsafe init(_ bytes: UnsafeRawBufferPointer) {
    unsafe base = bytes.baseAddress
    length = UInt64(bytes.count)
  }

  /// Whether `count` bytes from `offset` on lie inside.
  func holds(_ offset: UInt64, _ count: UInt64) -> Bool {
    offset <= length && count <= length &- offset
  }

  /// The address of a byte that was checked to lie inside.
  @unsafe func bytes(at offset: UInt64) -> UnsafeRawPointer {
    precondition(offset <= length)
    return unsafe base.unsafelyUnwrapped + Int(offset)
  }

  /// The header, or nil where there is no archive at all.
  func header() throws(Errno) -> ArchiveHeader? {
    guard length > 0 else { return nil }
    let size = UInt64(MemoryLayout<ArchiveHeader>.size)
    guard holds(0, size) else { throw .EINVAL }
    // SAFETY: checked; `loadUnaligned` asks for no alignment.
    let header = unsafe bytes(at: 0).loadUnaligned(as: ArchiveHeader.self)
    let entry = UInt64(MemoryLayout<ArchiveEntry>.stride)
    guard header.magic == ArchiveHeader.magic, header.count <= length / entry,
      holds(header.entries, header.count &* entry), header.names <= length,
      holds(header.blocks, header.blocksLength), header.blocks & 0xffff == 0
    else { throw .EINVAL }
    return header
  }

  /// The area of a header that was checked that is the disk's free part.
  @unsafe func blocks(_ header: ArchiveHeader?) -> UnsafeMutableRawBufferPointer {
    guard let header, header.blocksLength > 0 else {
      return unsafe UnsafeMutableRawBufferPointer(start: nil, count: 0)
    }
    return unsafe UnsafeMutableRawBufferPointer(
      start: UnsafeMutableRawPointer(mutating: bytes(at: header.blocks)),
      count: Int(header.blocksLength))
  }

  /// An entry of a header that was checked.
  func entry(_ index: UInt64, of header: ArchiveHeader) throws(Errno) -> ArchiveEntry {
    let at = header.entries &+ index &* UInt64(MemoryLayout<ArchiveEntry>.stride)
    let size = MemoryLayout<ArchiveEntry>.size
    guard index < header.count, holds(at, UInt64(size)) else { throw .EINVAL }
    // An enum may only be loaded if its byte, the fourth field's first, is one of its cases.
    let store = unsafe bytes(at: at &+ 12).load(as: UInt8.self)
    guard store <= 3 else { throw .EINVAL }
    let entry = unsafe bytes(at: at).loadUnaligned(as: ArchiveEntry.self)
    guard holds(entry.data, entry.size), entry.size <= 0x7fff_ffff_ffff_ffff else {
      throw .EINVAL
    }
    return entry
  }

  /// The path of an entry.
  func name(of entry: ArchiveEntry, _ header: ArchiveHeader) throws(Errno) -> ByteString {
    let (at, overflow) = header.names.addingReportingOverflow(UInt64(entry.name))
    guard !overflow, holds(at, UInt64(entry.nameLength)) else { throw .EINVAL }
    // SAFETY: checked.
    return unsafe ByteString(
      UnsafeRawBufferPointer(start: bytes(at: at), count: Int(entry.nameLength)))
  }
}
