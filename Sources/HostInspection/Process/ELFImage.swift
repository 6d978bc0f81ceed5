package import MemoryTypes

/// The parts of a program or library that are loaded (PT_LOAD), and on which pages they load.
package struct ELFImage: Equatable, Sendable {
  package struct Segment: Equatable, Sendable {
    package var offset: UInt64
    package var address: UInt64
    package var alignment: UInt64

    package init(offset: UInt64, address: UInt64, alignment: UInt64) {
      self.offset = offset
      self.address = address
      self.alignment = alignment
    }
  }

  package var path: String
  package var segments: [Segment]

  package init(path: String, segments: [Segment]) {
    self.path = path
    self.segments = segments
  }

  /// Reads the first bytes of a file; nil for one that is no ELF file or loads nothing.
  package init?(path: String, start bytes: [UInt8]) {
    guard bytes.count >= 52, bytes.starts(with: [0x7f, 0x45, 0x4c, 0x46]) else { return nil }
    let (is64, isLittle) = (bytes[4] == 2, bytes[5] == 1)
    func number(_ at: UInt64, _ size: UInt64) -> UInt64 {
      guard at <= UInt64(bytes.count), size <= UInt64(bytes.count) - at else { return 0 }
      let field = bytes[Int(at)..<Int(at + size)]
      return isLittle
        ? field.reversed().reduce(0) { $0 << 8 | UInt64($1) }
        : field.reduce(0) { $0 << 8 | UInt64($1) }
    }
    let table = is64 ? number(32, 8) : number(28, 4)
    let entry = is64 ? number(54, 2) : number(42, 2)
    let count = is64 ? number(56, 2) : number(44, 2)
    guard entry >= (is64 ? 56 : 32), table < UInt64(bytes.count) else { return nil }
    self.path = path
    segments = (0..<count).compactMap { index in
      let at = table + index * entry
      guard at < UInt64(bytes.count), number(at, 4) == 1 else { return nil }
      return is64
        ? Segment(
          offset: number(at + 8, 8), address: number(at + 16, 8), alignment: number(at + 48, 8))
        : Segment(
          offset: number(at + 4, 4), address: number(at + 8, 4), alignment: number(at + 28, 4))
    }
    if segments.isEmpty { return nil }
  }

  /// Why it does not load on pages of a size; nil where it does.
  ///
  /// The loader refuses a segment whose alignment is not a multiple of the page
  /// (glibc, elf/dl-load.c: _dl_map_object_from_fd()); and mmap maps file pages only to addresses
  /// that agree with their offset.
  package func obstacle(on size: PageSize) -> String? {
    if segments.contains(where: { ($0.address &- $0.offset) & size.offsetMask != 0 }) {
      return "a segment's address and offset disagree"
    }
    let least = segments.map(\.alignment).filter { $0 > 1 && $0 & size.offsetMask != 0 }.min()
    return least.map { "segments aligned to \(ByteCount($0))" }
  }

  /// The name without folders.
  package var name: String { path.split(separator: "/").last.map(String.init) ?? path }
}
