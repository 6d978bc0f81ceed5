import MemoryTypes

/// Finds addresses in a text, as an oops has them.
///
/// Sixteen hexadecimal digits are one, with `0x` before them or not, and nine or more behind `0x`;
/// a line that is nothing but hexadecimal digits is one, however few. What a register holds that is
/// less than 64K is a number, unless the text calls it an address; descriptors (`pgd=…`) and
/// syndromes (`ESR = …`) are none.
struct AddressScanner {
  /// What is on a line.
  var addresses: [VirtualAddress] = []
  /// Whether there is nothing else on it.
  var isBare = false

  private static let space = UInt8(ascii: " ")

  mutating func scan(_ line: ArraySlice<UInt8>) {
    addresses.removeAll(keepingCapacity: true)
    isBare = false
    var start = line.startIndex
    var end = line.endIndex
    while start < end, line[start] <= Self.space { start += 1 }
    while end > start, line[end - 1] <= Self.space { end -= 1 }
    if let address = Self.number(line, start, end, least: 1) {
      addresses.append(VirtualAddress(address))
      isBare = true
      return
    }
    var place = start
    while place < end {
      guard Self.isWord(line[place]) else {
        place += 1
        continue
      }
      let first = place
      while place < end, Self.isWord(line[place]) { place += 1 }
      guard place - first >= 11 || place - first == 16,
        let value = Self.number(line, first, place, least: line[first + 1] == 0x78 ? 9 : 16)
      else { continue }
      if isAddress(value, line[start..<first]) { addresses.append(VirtualAddress(value)) }
    }
  }

  /// Whether what stands before a number lets it be an address.
  private func isAddress(_ value: UInt64, _ before: ArraySlice<UInt8>) -> Bool {
    if before.last == UInt8(ascii: "=") {
      let name = before.dropLast().suffix(4)
      if ["pgd", "p4d", "pud", "pmd", "pte", "pgdp"].contains(where: { name.ends($0) }) {
        return false
      }
    }
    if before.suffix(3).elementsEqual(" = ".utf8) {
      let word = before.dropLast(3).reversed().prefix { $0 != Self.space }
      if word.reversed().starts(with: "ESR".utf8) { return false }
    }
    // `Internal error: Oops: 0000000096000006`.
    if before.ends("Oops: ") || before.ends("BRK: ") { return false }
    return value >= 1 << 16 || before.ends("address ") || before.ends("[")
  }

  /// The value of hexadecimal digits, with `0x` before them or not.
  private static func number(_ line: ArraySlice<UInt8>, _ start: Int, _ end: Int, least: Int)
    -> UInt64?
  {
    var place = start
    if end - start > 2, line[start] == 0x30, line[start + 1] | 0x20 == 0x78 { place += 2 }
    guard (least...16).contains(end - place) else { return nil }
    var value: UInt64 = 0
    while place < end {
      guard let digit = digit(line[place]) else { return nil }
      value = value << 4 | UInt64(digit)
      place += 1
    }
    return value
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x61...0x66: byte - 0x57
    case 0x41...0x46: byte - 0x37
    default: nil
    }
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x5f: true
    default: false
    }
  }
}

extension ArraySlice<UInt8> {
  /// Whether the last bytes are these.
  func ends(_ text: StaticString) -> Bool {
    let count = text.utf8CodeUnitCount
    guard self.count >= count else { return false }
    return unsafe suffix(count).elementsEqual(
      UnsafeBufferPointer(start: text.utf8Start, count: count))
  }
}
