package import MemoryTypes

/// One mapping of the program, as `/proc/PID/smaps` describes it.
package struct Mapping: Equatable, Sendable {
  package var start: VirtualAddress
  package var end: VirtualAddress
  /// `r-xp` and so on.
  package var permissions: String
  package var offset: UInt64
  /// The file, or a name in brackets; empty for anonymous memory.
  package var name: String
  package var role = Role.mapping
  /// The bytes of it that are in RAM.
  package var resident = ByteCount.zero
  /// The bytes of it that are anonymous, as are a file's once they are copied.
  package var anonymous = ByteCount.zero

  /// What a mapping is for.
  package enum Role: String, Sendable {
    case text, rodata, data, bss, heap, library, mapping, stack, vvar, vdso
  }

  /// Its length.
  package var size: ByteCount { end - start }

  /// Whether an address lies in it.
  package func contains(_ address: VirtualAddress) -> Bool { start <= address && address < end }
}

extension [Mapping] {
  /// Reads what the kernel wrote as smaps; `stat` (the same program's) tells bss from heap.
  ///
  /// Of 65,000 mappings that is 40 MB in 1.5 million lines, of which few matter: they are looked
  /// at as bytes.
  package init(smaps: [UInt8], program: String, stat: String?) {
    self = []
    for line in smaps.split(separator: UInt8(ascii: "\n")) {
      // A mapping begins with its address, what is said of it with a capital letter.
      if line.first.map({ $0 < UInt8(ascii: "A") || $0 >= UInt8(ascii: "a") }) ?? true {
        if let mapping = Mapping(mapsLine: String(decoding: line, as: UTF8.self)) {
          append(mapping)
        }
      } else if !isEmpty {
        if let size = line.kibibytes(of: "Rss:") { self[count - 1].resident = size }
        if let size = line.kibibytes(of: "Anonymous:") { self[count - 1].anonymous = size }
      }
    }
    let heapStart = stat.flatMap { ProcessPlaces(stat: $0)?.heapStart }
    for index in indices {
      self[index].role = role(at: index, program: program, heapStart: heapStart)
    }
  }

  private func role(at index: Int, program: String, heapStart: VirtualAddress?) -> Mapping.Role {
    let mapping = self[index]
    switch mapping.name {
    case "[stack]": return .stack
    case "[vdso]": return .vdso
    case "[vvar]": return .vvar
    case "[heap]", "":
      // The bss ends where the heap may begin, and fs/proc/task_mmu.c calls it [heap] too.
      let followsData =
        index > 0 && self[index - 1].end == mapping.start
        && self[index - 1].name == program
      if followsData, heapStart.map({ mapping.end <= $0 }) ?? (mapping.name == "") { return .bss }
      return mapping.name.isEmpty ? .mapping : .heap
    case program:
      if mapping.permissions.contains("x") { return .text }
      return mapping.permissions.contains("w") ? .data : .rodata
    default:
      let file = mapping.name.split(separator: "/").last ?? ""
      return file.contains(".so") ? .library : .mapping
    }
  }
}

extension ArraySlice<UInt8> {
  /// Of `Rss:                 508 kB` the size, if that is its name.
  fileprivate func kibibytes(of name: String) -> ByteCount? {
    guard starts(with: name.utf8), suffix(3).elementsEqual(" kB".utf8) else { return nil }
    let digits = dropFirst(name.utf8.count).dropLast(3).drop { $0 == UInt8(ascii: " ") }
    return UInt64(String(decoding: digits, as: UTF8.self)).map { .kibibytes($0) }
  }
}

extension Mapping {
  /// Reads `00400000-0047f000 r-xp 00000000 00:02 6      /bin/status`; nil for other lines.
  init?(mapsLine line: some StringProtocol) {
    let fields = line.split(separator: " ", maxSplits: 5)
    guard fields.count >= 5, fields[1].count == 4 else { return nil }
    let range = fields[0].split(separator: "-")
    guard range.count == 2, let start = UInt64(range[0], radix: 16),
      let end = UInt64(range[1], radix: 16), let offset = UInt64(fields[2], radix: 16)
    else { return nil }
    self.start = VirtualAddress(start)
    self.end = VirtualAddress(end)
    self.offset = offset
    permissions = String(fields[1])
    name = fields.count > 5 ? fields[5].drop { $0 == " " }.description : ""
  }
}
