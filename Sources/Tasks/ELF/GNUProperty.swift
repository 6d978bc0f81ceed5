public import MemoryTypes

/// The note that PT_GNU_PROPERTY names: program properties, sorted by type.
///
/// The kernel uses none of them without BTI, but refuses a file whose note is malformed, as
/// fs/binfmt_elf.c:parse_elf_properties() does.
public enum GNUProperty {
  /// The longest note that is read.
  @inlinable public static var maximumLength: Int { 1024 }

  /// Checks a note; `note` is what of it lies in the file.
  ///
  /// - Parameter declared: the segment's size in the file.
  public static func check(_ note: RawSpan, declared: UInt64) throws(Errno) {
    let header = 12
    let name = 4  // "GNU" and its zero
    guard declared <= UInt64(maximumLength) else { throw .ENOEXEC }
    guard note.byteCount >= header + name else { throw .EIO }
    guard note.read(UInt32.self, at: 8) == 5,  // NT_GNU_PROPERTY_TYPE_0
      note.read(UInt32.self, at: 0) == 4, note.read(UInt32.self, at: 12) == 0x0055_4e47
    else { throw .ENOEXEC }
    var offset = header + name
    let described = UInt64(note.read(UInt32.self, at: 4))
    guard described <= UInt64(note.byteCount &- offset) else { throw .ENOEXEC }
    let end = offset &+ Int(described)
    var previous: UInt32?
    while offset != end {
      guard end &- offset >= 8 else { throw .ENOEXEC }
      let type = note.read(UInt32.self, at: offset)
      let size = UInt64(note.read(UInt32.self, at: offset &+ 4))
      offset &+= 8
      let step = (size &+ 7) & ~7
      guard step <= UInt64(end &- offset) else { throw .ENOEXEC }
      if let previous, type <= previous { throw .ENOEXEC }
      previous = type
      // GNU_PROPERTY_AARCH64_FEATURE_1_AND is one 32-bit word.
      if type == 0xc000_0000 && size != 4 { throw .ENOEXEC }
      offset &+= Int(step)
    }
  }
}
