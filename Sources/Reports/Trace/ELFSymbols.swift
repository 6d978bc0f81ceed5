/// The functions that an ELF file names (System V ABI, chapter 4: symbol table), for addresses.
///
/// A damaged file has fewer names; nothing in it is trusted.
struct ELFSymbols {
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

  private var functions: [Function] = []
  private var segments: [Segment] = []
  private let bytes: [UInt8]

  /// The names in a 64-bit little-endian ELF file; nil for anything else.
  init?(_ bytes: [UInt8]) {
    self.bytes = bytes
    guard bytes.count >= 64, bytes[0..<6] == [0x7f, 0x45, 0x4c, 0x46, 2, 1] else { return nil }
    let headers = word(32, 8)
    for index in 0..<word(56, 2) {
      let at = headers &+ index &* 56
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
  }

  /// The function at a place in the file, and how far into it.
  func function(atOffset offset: UInt64) -> (name: String, offset: UInt64)? {
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
    guard at < bytes.count else { return "?" }
    return String(decoding: bytes[at...].prefix(200).prefix { $0 != 0 }, as: UTF8.self)
  }
}
