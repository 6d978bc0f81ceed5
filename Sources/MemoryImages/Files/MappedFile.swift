import Glibc

/// A file that is mapped, not read: tens of gigabytes cost nothing until they are looked at.
@safe
package final class MappedFile: ByteSource {
  package let length: UInt64
  package var stored: UInt64 { length }
  /// SAFETY: mapped in init with `length` bytes, unmapped in deinit, never written; reads are
  /// checked against `length`.
  private let base: UnsafeRawPointer?

  /// Maps a regular file for reading.
  package convenience init(_ path: String) throws(ImageError) {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Self.failure(path) }
    defer { close(descriptor) }
    try self.init(descriptor: descriptor, called: path)
  }

  /// Maps an open file, which may be closed afterwards.
  package init(descriptor: Int32, called path: String) throws(ImageError) {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { throw Self.failure(path) }
    guard status.st_mode & 0o170000 == 0o100000 else {
      throw .unreadable("\(path) is not a regular file")
    }
    length = UInt64(max(0, status.st_size))
    guard length > 0 else {
      unsafe base = nil
      return
    }
    let mapping = unsafe mmap(nil, Int(length), PROT_READ, MAP_SHARED, descriptor, 0)
    guard let mapping = unsafe mapping, unsafe mapping != MAP_FAILED else {
      throw Self.failure(path)
    }
    unsafe base = UnsafeRawPointer(mapping)
  }

  deinit {
    if let base = unsafe base {
      unsafe munmap(UnsafeMutableRawPointer(mutating: base), Int(length))
    }
  }

  private static func failure(_ path: String) -> ImageError {
    .unreadable("\(path): " + (unsafe strerror(errno).map { unsafe String(cString: $0) } ?? "?"))
  }

  /// A range of the file, as far as it has it; valid while this object is.
  package func bytes(_ offset: UInt64, _ count: UInt64) -> UnsafeRawBufferPointer {
    guard let base = unsafe base, offset < length else {
      return unsafe UnsafeRawBufferPointer(start: nil, count: 0)
    }
    return unsafe UnsafeRawBufferPointer(
      start: base + Int(offset), count: Int(min(count, length - offset)))
  }

  package func read(
    _ offset: UInt64, into buffer: UnsafeMutableRawBufferPointer, _ what: String
  ) throws(ImageError) {
    try require(offset, UInt64(buffer.count), what)
    guard let base = unsafe base, buffer.count > 0 else { return }
    unsafe buffer.copyMemory(
      from: UnsafeRawBufferPointer(start: base + Int(offset), count: buffer.count))
  }
}
