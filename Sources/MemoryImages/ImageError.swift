package import MemoryTypes

/// Why an image, or the page tables in it, cannot be read: each with the place that is wrong.
///
/// An image is an allegation: a file of any origin, cut short, overwritten or made up. Whatever is
/// in it, reading it ends, with an answer or with one of these.
package enum ImageError: Error, Equatable, Sendable {
  /// The file cannot be opened or mapped.
  case unreadable(String)
  /// The file ends before what its own words say it holds.
  case truncated(String, offset: UInt64, length: UInt64)
  /// Something in the file contradicts itself or the format.
  case malformed(String, offset: UInt64)
  /// What the format allows, and nothing here reads.
  case unsupported(String)
  /// A compressed page that does not decompress to a page.
  case corruptPage(PhysicalAddress, compression: String, offset: UInt64)
  /// The image has no memory at that address.
  case absent(PhysicalAddress)
  /// The memory was there, and was left out of the image.
  case excluded(PhysicalAddress)

  /// The root of the tables is not in the image.
  case wildRoot(PhysicalAddress, size: UInt64)
  /// A descriptor points to a table where the image has no memory.
  case wildTable(PhysicalAddress, level: Int, from: PhysicalAddress, at: VirtualAddress)
  /// A table that contains itself.
  case loop(PhysicalAddress, level: Int, from: PhysicalAddress, at: VirtualAddress)
  /// Tables that are used again and again, or more of them than the image has room for.
  case tooManyTables(Int, at: VirtualAddress)
  /// What was to be found is not there.
  case notFound(String, hint: String)
  /// What is asked cannot be, or does not say enough.
  case usage(String, hint: String)

  /// The exit code it ends with: 64 (EX_USAGE) or 1.
  package var exitCode: Int32 {
    if case .usage = self { 64 } else { 1 }
  }
}

extension ImageError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .unreadable(let reason): reason
    case .truncated(let what, let offset, let length):
      "truncated: \(what) at offset \(Hex(offset)), and the file ends at \(Hex(length))"
    case .malformed(let what, let offset): "malformed at offset \(Hex(offset)): \(what)"
    case .unsupported(let what): "not supported: \(what)"
    case .corruptPage(let page, let compression, let offset):
      "corrupt: the page \(Hex(page.rawValue)), \(compression) at offset \(Hex(offset)), "
        + "does not decompress to a page"
    case .absent(let address): "there is no memory at \(Hex(address.rawValue)) in the image"
    case .excluded(let address):
      "the page at \(Hex(address.rawValue)) was left out when the image was made"
    case .wildRoot(let root, let size):
      "wild root: no page of \(size) bytes at \(Hex(root.rawValue)) is in the image"
    case .wildTable(let table, let level, let from, let at):
      "wild pointer: the descriptor at \(Hex(from.rawValue)), for \(Hex(at.rawValue)), "
        + "points to a level \(level) table at \(Hex(table.rawValue)), which is not in the image"
    case .loop(let table, let level, let from, let at):
      "loop: the descriptor at \(Hex(from.rawValue)), for \(Hex(at.rawValue)), points back to the "
        + "table at \(Hex(table.rawValue)), as level \(level), which is above it"
    case .tooManyTables(let count, let at):
      "too many tables: \(count) of them up to \(Hex(at.rawValue)), more than there can be"
    case .notFound(let what, let hint), .usage(let what, let hint): "\(what); \(hint)"
    }
  }
}

/// A number as addresses are written: `0x` and hexadecimal digits.
package struct Hex: CustomStringConvertible {
  package let value: UInt64
  package init(_ value: UInt64) { self.value = value }
  package var description: String { "0x" + String(value, radix: 16) }
}
