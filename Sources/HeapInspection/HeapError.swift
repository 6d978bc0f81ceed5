package import MemoryImages

/// Why the memory of a process, or the heap in it, cannot be read: each with the place.
///
/// A core is an allegation, as an image is (``ImageError``): damaged, cut short or made up. Reading it
/// ends, with an answer or with one of these.
package enum HeapError: Error, Equatable, Sendable {
  /// A file or a process that cannot be opened.
  case unreadable(String)
  /// Something in a file contradicts the format.
  case malformed(String, offset: UInt64)
  /// What the format allows, and nothing here reads.
  case unsupported(String)
  /// A table of the file's own should be there, and the file ends before.
  case cut(String, offset: UInt64, length: UInt64)
  /// The memory should be in the file, which ends before.
  case truncated(address: UInt64, offset: UInt64, length: UInt64)
  /// The process had memory there, and the file does not.
  case notStored(address: UInt64, String)
  /// The process has no memory there.
  case unmapped(address: UInt64)
  /// There is no heap of glibc's.
  case noHeap(String)
  /// The heap contradicts itself so early that nothing can be walked.
  case damaged(address: UInt64, String)

  package init(_ error: ImageError) {
    switch error {
    case .malformed(let what, let offset): self = .malformed(what, offset: offset)
    case .unsupported(let what): self = .unsupported(what)
    default: self = .unreadable("\(error)")
    }
  }
}

extension HeapError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .unreadable(let reason): reason
    case .malformed(let what, let offset): "malformed at offset \(Hex(offset)): \(what)"
    case .unsupported(let what): "not supported: \(what)"
    case .cut(let what, let offset, let length):
      "truncated: \(what) at offset \(Hex(offset)), and the file ends at \(Hex(length))"
    case .truncated(let address, let offset, let length):
      "truncated: the memory at \(Hex(address)) lies at offset \(Hex(offset)), and the file ends at "
        + "\(Hex(length))"
    case .notStored(let address, let why): "the memory at \(Hex(address)) is not there: \(why)"
    case .unmapped(let address): "there is no memory at \(Hex(address))"
    case .noHeap(let why): why
    case .damaged(let address, let what): "damaged at \(Hex(address)): \(what)"
    }
  }
}
