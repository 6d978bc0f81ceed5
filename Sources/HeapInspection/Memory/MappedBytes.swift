import Glibc
import MemoryImages

/// A file mapped for reading, whose ranges are lent out and read as numbers and texts.
package final class MappedBytes {
  package let path: String
  private let file: MappedFile

  /// Maps a regular file.
  package init(_ path: String) throws(HeapError) {
    self.path = path
    do throws(ImageError) { file = try MappedFile(path) } catch { throw HeapError(error) }
  }

  /// Maps an open file, which may be closed afterwards.
  package init(descriptor: Int32, called path: String) throws(HeapError) {
    self.path = path
    do throws(ImageError) {
      file = try MappedFile(descriptor: descriptor, called: path)
    } catch { throw HeapError(error) }
  }

  package var count: UInt64 { file.length }

  /// Whether so many bytes are there.
  package func holds(_ offset: UInt64, _ length: UInt64) -> Bool {
    offset <= count && length <= count - offset
  }

  /// A range of the file, as far as it has it; valid while this object is.
  package func bytes(_ offset: UInt64, _ length: UInt64) -> UnsafeRawBufferPointer {
    unsafe file.bytes(offset, length)
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
