/// The functions that an ELF file names, and the libraries that it needs (System V ABI, chapters 4
/// and 5: symbol table, dynamic section).
///
/// A damaged file has fewer names; nothing in it is trusted.
package struct ELFSymbols {
  private struct Function {
    var address: UInt64
    var size: UInt64
    var name: Int
  }

  private struct Segment {
    var offset: UInt64
    var address: UInt64
    var length: UInt64
  }

  /// What a dynamic file says of the libraries it needs: their names, and where to look first.
  package private(set) var needed: [String] = []
  package private(set) var searchPath: [String] = []

  private var functions: [Function] = []
  private var segments: [Segment] = []
  private let bytes: [UInt8]

  /// The names in a 64-bit little-endian ELF file; nil for anything else.
  package init?(_ bytes: [UInt8]) {
    self.bytes = bytes
    guard bytes.count >= 64, bytes[0..<6] == [0x7f, 0x45, 0x4c, 0x46, 2, 1] else { return nil }
    let headers = word(32, 8)
    var dynamic: (offset: UInt64, length: UInt64) = (0, 0)
    for index in 0..<word(56, 2) {
      let at = headers &+ index &* 56
      if word(at, 4) == 2 { dynamic = (word(at &+ 8, 8), word(at &+ 32, 8)) }
      guard word(at, 4) == 1 else { continue }
      segments.append(
        Segment(offset: word(at &+ 8, 8), address: word(at &+ 16, 8), length: word(at &+ 32, 8)))
    }
    let sections = word(40, 8)
    for index in 0..<word(60, 2) {
      let at = sections &+ index &* 64
      // SHT_SYMTAB and SHT_DYNSYM.
      guard [2, 11].contains(word(at &+ 4, 4)) else { continue }
      let strings = word(sections &+ word(at &+ 40, 4) &* 64 &+ 24, 8)
      read(word(at &+ 24, 8), word(at &+ 32, 8), strings)
    }
    functions.sort { ($0.address, $1.size) < ($1.address, $0.size) }
    readNeeded(dynamic.offset, dynamic.length)
  }

  /// Where in the file an address of the program as it is linked is, and the instruction there.
  package func place(at address: UInt64) -> (offset: UInt64, word: UInt32)? {
    guard
      let segment = segments.first(where: {
        address >= $0.address && address - $0.address < $0.length
      })
    else { return nil }
    let offset = segment.offset &+ (address - segment.address)
    guard offset & 3 == 0, offset < UInt64(bytes.count), bytes.count - Int(offset) >= 4 else {
      return nil
    }
    return (offset, UInt32(truncatingIfNeeded: word(offset, 4)))
  }

  /// Where in the file a function of some name begins, and its first instruction.
  package func place(of name: String) -> (offset: UInt64, word: UInt32)? {
    let wanted = Array(name.utf8) + [0]
    for function in functions
    where bytes[max(0, min(function.name, bytes.count))...].starts(with: wanted) {
      if let place = place(at: function.address) { return place }
    }
    return nil
  }

  /// The function at a place in the file, and how far into it.
  package func function(atOffset offset: UInt64) -> (name: String, offset: UInt64)? {
    guard
      let segment = segments.first(where: {
        offset >= $0.offset && offset - $0.offset < $0.length
      })
    else { return nil }
    let address = segment.address &+ (offset - segment.offset)
    var low = 0
    var high = functions.count
    while low < high {
      let middle = (low + high) / 2
      if functions[middle].address <= address { low = middle + 1 } else { high = middle }
    }
    guard low > 0 else { return nil }
    let found = functions[low - 1]
    guard address - found.address < max(found.size, 4) else { return nil }
    // Of several names for one place, the first.
    var first = low - 1
    while first > 0 && functions[first - 1].address == found.address { first -= 1 }
    return (text(functions[first].name), address - found.address)
  }

  /// DT_NEEDED, DT_RPATH and DT_RUNPATH, whose strings are where DT_STRTAB says.
  private mutating func readNeeded(_ start: UInt64, _ length: UInt64) {
    guard start < UInt64(bytes.count), length <= UInt64(bytes.count) - start else { return }
    var entries: [(tag: UInt64, value: UInt64)] = []
    for index in 0..<length / 16 {
      let tag = word(start + index * 16, 8)
      if tag == 0 { break }
      entries.append((tag, word(start + index * 16 + 8, 8)))
    }
    guard let table = entries.first(where: { $0.tag == 5 })?.value,
      let segment = segments.first(where: { table >= $0.address && table - $0.address < $0.length })
    else { return }
    let strings = segment.offset &+ (table - segment.address)
    for (tag, value) in entries {
      let string = text(Int(clamping: strings &+ value))
      if tag == 1 { needed.append(string) }
      if tag == 15 || tag == 29 { searchPath += string.split(separator: ":").map(String.init) }
    }
  }

  private mutating func read(_ start: UInt64, _ length: UInt64, _ strings: UInt64) {
    guard start <= UInt64(bytes.count), length <= UInt64(bytes.count) - start else { return }
    for index in 0..<length / 24 {
      let at = start + index * 24
      // STT_FUNC, defined.
      guard word(at + 4, 1) & 15 == 2, word(at + 6, 2) != 0 else { continue }
      functions.append(
        Function(
          address: word(at + 8, 8), size: word(at + 16, 8),
          name: Int(clamping: strings &+ word(at, 4))))
    }
  }

  /// A little-endian number; 0 beyond the end.
  private func word(_ at: UInt64, _ size: Int) -> UInt64 {
    guard at < UInt64(bytes.count), bytes.count - Int(at) >= size else { return 0 }
    return bytes[Int(at)..<Int(at) + size].reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  private func text(_ at: Int) -> String {
    guard at >= 0, at < bytes.count else { return "?" }
    return String(decoding: bytes[at...].prefix(200).prefix { $0 != 0 }, as: UTF8.self)
  }
}
