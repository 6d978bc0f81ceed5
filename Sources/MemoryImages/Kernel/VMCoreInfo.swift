/// What a kernel writes down about itself for those who read its memory (kernel/crash_core.c).
///
/// Lines of `NAME=value`, `SYMBOL(name)=hex`, `NUMBER(name)=number`, in an ELF note named
/// VMCOREINFO, or in a kdump-compressed file's sub-header.
package struct VMCoreInfo: Equatable, Sendable {
  private let values: [String: String]

  package init(text: [UInt8]) {
    var values: [String: String] = [:]
    for line in text.split(separator: UInt8(ascii: "\n")) {
      guard let equals = line.firstIndex(of: UInt8(ascii: "=")) else { continue }
      let name = String(decoding: line[..<equals], as: UTF8.self)
      values[name] = String(decoding: line[(equals + 1)...].prefix { $0 != 0 }, as: UTF8.self)
    }
    self.values = values
  }

  /// Finds the note among the notes of a core; `offset` is where they are in the file.
  init?(notes bytes: [UInt8], at offset: UInt64) throws(ImageError) {
    let fields = Fields(bytes: bytes)
    var at = 0
    while at + 12 <= bytes.count {
      let nameSize = Int(fields.number(UInt32.self, at: at))
      let size = Int(fields.number(UInt32.self, at: at + 4))
      let name = at + 12
      let content = name + (nameSize + 3) & ~3
      guard nameSize <= bytes.count, size <= bytes.count, content + size <= bytes.count else {
        // A note of no name and no size ends a page that was reserved for notes.
        if nameSize == 0 && size == 0 { break }
        throw .truncated(
          "a note of \(size) bytes", offset: offset + UInt64(at),
          length: offset + UInt64(bytes.count))
      }
      if bytes[name..<name + nameSize].prefix(while: { $0 != 0 }).elementsEqual("VMCOREINFO".utf8) {
        self.init(text: Array(bytes[content..<content + size]))
        return
      }
      at = content + (size + 3) & ~3
    }
    return nil
  }

  /// The value of a line, as it stands there.
  package subscript(name: String) -> String? { values[name] }

  /// `SYMBOL(name)`: an address, hexadecimal.
  package func symbol(_ name: String) -> UInt64? {
    values["SYMBOL(\(name))"].flatMap { UInt64($0, radix: 16) }
  }

  /// `NUMBER(name)`: decimal, or hexadecimal after 0x; negative ones wrap.
  package func number(_ name: String) -> UInt64? {
    guard let text = values["NUMBER(\(name))"] else { return nil }
    if text.hasPrefix("0x") { return UInt64(text.dropFirst(2), radix: 16) }
    return UInt64(text) ?? Int64(text).map { UInt64(bitPattern: $0) }
  }
}
