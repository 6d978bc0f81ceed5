/// A kernel's System.map: a line of address, type and name for each symbol.
package struct SymbolMap: Sendable {
  private let addresses: [String: UInt64]

  /// Reads the map; lines of another form are an error, with where they are.
  package init(_ file: MappedFile) throws(ImageError) {
    var addresses: [String: UInt64] = [:]
    let bytes = try file.bytes(at: 0, count: Int(file.length), "the symbols")
    var line = 0
    for text in bytes.split(separator: UInt8(ascii: "\n")) {
      line += 1
      let words = text.split(separator: UInt8(ascii: " "))
      guard words.count >= 3,
        let address = UInt64(String(decoding: words[0], as: UTF8.self), radix: 16)
      else {
        throw .malformed(
          "line \(line) of the symbols is no address, type and name",
          offset: UInt64(text.startIndex))
      }
      let name = String(decoding: words[2], as: UTF8.self)
      if addresses[name] == nil { addresses[name] = address }
    }
    self.addresses = addresses
  }

  package subscript(name: String) -> UInt64? { addresses[name] }
}
