import Glibc

/// A file mapped for reading, whose ranges are lent out.
@safe
package final class MappedBytes {
  package let path: String
  package let count: UInt64
  /// SAFETY: mapped in init with `count` bytes, unmapped in deinit, never written.
  private let base: UnsafeRawPointer?

  /// Maps a regular file, or any that is not: `limit` bytes at most.
  package convenience init(_ path: String) throws(HeapError) {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .unreadable("\(path): \(Self.reason())") }
    defer { close(descriptor) }
    try self.init(descriptor: descriptor, called: path)
  }

  /// Maps an open file, which may be closed afterwards.
  package init(descriptor: Int32, called path: String) throws(HeapError) {
    self.path = path
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else {
      throw .unreadable("\(path): \(Self.reason())")
    }
    guard status.st_mode & 0o170000 == 0o100000 else {
      throw .unreadable("\(path) is not a regular file")
    }
    count = UInt64(max(0, status.st_size))
    guard count > 0 else {
      unsafe base = nil
      return
    }
    let mapping = unsafe mmap(nil, Int(count), PROT_READ, MAP_SHARED, descriptor, 0)
    guard let mapping = unsafe mapping, unsafe mapping != MAP_FAILED else {
      throw .unreadable("\(path): \(Self.reason())")
    }
    unsafe base = UnsafeRawPointer(mapping)
  }

  deinit {
    if let base = unsafe base {
      unsafe munmap(UnsafeMutableRawPointer(mutating: base), Int(count))
    }
  }

  /// Whether so many bytes are there.
  package func holds(_ offset: UInt64, _ length: UInt64) -> Bool {
    offset <= count && length <= count - offset
  }

  /// A range of the file, as far as it has it; valid while this object is.
  package func bytes(_ offset: UInt64, _ length: UInt64) -> UnsafeRawBufferPointer {
    guard let base = unsafe base, offset < count else {
      return unsafe UnsafeRawBufferPointer(start: nil, count: 0)
    }
    return unsafe UnsafeRawBufferPointer(
      start: base + Int(offset), count: Int(min(length, count - offset)))
  }

  /// A little-endian number of up to eight bytes; nil beyond the end.
  package func number(_ offset: UInt64, _ size: UInt64) -> UInt64? {
    guard holds(offset, size) else { return nil }
    return unsafe bytes(offset, size).reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// A text up to its zero byte, 4096 bytes at most.
  package func text(_ offset: UInt64) -> String {
    unsafe String(decoding: bytes(offset, 4096).prefix { $0 != 0 }, as: UTF8.self)
  }

  static func reason(_ error: Int32 = errno) -> String {
    unsafe strerror(error).map { unsafe String(cString: $0) } ?? "error \(error)"
  }
}
