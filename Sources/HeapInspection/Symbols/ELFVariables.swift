/// The addresses of variables that an ELF file names (.symtab, .dynsym), and where it loads.
package struct ELFVariables {
  private let file: MappedBytes
  /// The address that the file's first byte is linked for.
  package let linkedBase: UInt64

  /// Nil for what is no 64-bit little-endian ELF file.
  package init?(_ file: MappedBytes) {
    guard let magic = file.number(0, 8), magic & 0xffff_ffff_ffff == 0x0102_464c_457f else {
      return nil
    }
    self.file = file
    let table = file.number(32, 8) ?? 0
    var base: UInt64?
    for index in 0..<(file.number(56, 2) ?? 0) {
      let at = table &+ index &* 56
      guard file.number(at, 4) == 1, let address = file.number(at &+ 16, 8),
        let offset = file.number(at &+ 8, 8)
      else { continue }
      base = base ?? address &- offset
    }
    linkedBase = (base ?? 0) & ~0xfff
  }

  /// The values of variables, by name; only those that are there.
  package func values(of names: Set<String>) -> [String: UInt64] {
    var found: [String: UInt64] = [:]
    let sections = file.number(40, 8) ?? 0
    // Tables that lie over each other have more symbols than the file has room for.
    var left = file.count / 24
    for index in 0..<(file.number(60, 2) ?? 0) {
      let at = sections &+ index &* 64
      // SHT_SYMTAB and SHT_DYNSYM.
      guard let type = file.number(at &+ 4, 4), type == 2 || type == 11,
        let start = file.number(at &+ 24, 8), let size = file.number(at &+ 32, 8),
        file.holds(start, size),
        let strings = file.number(sections &+ (file.number(at &+ 40, 4) ?? 0) &* 64 &+ 24, 8)
      else { continue }
      guard size / 24 <= left else { return found }
      left -= size / 24
      for symbol in 0..<size / 24 {
        let place = start + symbol * 24
        // STT_OBJECT, defined.
        guard let info = file.number(place + 4, 1), info & 15 == 1,
          let section = file.number(place + 6, 2), section != 0,
          let name = file.number(place, 4), let value = file.number(place + 8, 8)
        else { continue }
        // Most names are told apart by their first letter.
        let first = file.number(strings &+ name, 1)
        guard first == 0x6d || first == 0x74 else { continue }
        let text = file.text(strings &+ name)
        if names.contains(text), found[text] == nil { found[text] = value }
      }
    }
    return found
  }

  /// The build-id (NT_GNU_BUILD_ID), as hexadecimal digits.
  package var buildID: String? {
    let table = file.number(32, 8) ?? 0
    for index in 0..<(file.number(56, 2) ?? 0) {
      let header = table &+ index &* 56
      guard file.number(header, 4) == 4, let start = file.number(header &+ 8, 8),
        let size = file.number(header &+ 32, 8), file.holds(start, size)
      else { continue }
      var at = start
      while start + size - at >= 16, let name = file.number(at, 4),
        let length = file.number(at + 4, 4), let type = file.number(at + 8, 4)
      {
        let body = at + 12 + (name + 3) & ~3
        guard body + length <= start + size else { break }
        if type == 3, file.text(at + 12) == "GNU" {
          return unsafe file.bytes(body, length).map {
            ($0 < 16 ? "0" : "") + String($0, radix: 16)
          }.joined()
        }
        at = body + (length + 3) & ~3
      }
    }
    return nil
  }

  /// The file that Debian and others keep the symbols in that a file was stripped of.
  package var debugFile: String? {
    buildID.map { "/usr/lib/debug/.build-id/\($0.prefix(2))/\($0.dropFirst(2)).debug" }
  }
}
