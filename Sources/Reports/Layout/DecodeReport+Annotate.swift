import MemoryTypes

extension DecodeReport {
  /// Goes through a text line by line and hands on what is made of it in pieces; ends early where
  /// `write` says so, with false.
  ///
  /// A line that is an address becomes its description; any other stays as it is, with a line
  /// below it for each address that it has. As JSON there is an object for each address, and
  /// nothing else.
  package func annotate(_ text: [UInt8], asJSON: Bool, write: ([UInt8]) -> Bool) -> Bool {
    var out = ByteText()
    var scanner = AddressScanner()
    var place = 0
    while place < text.count {
      let end = text[place...].firstIndex(of: UInt8(ascii: "\n")) ?? text.count
      scanner.scan(text[place..<end])
      if !asJSON, !scanner.isBare {
        out.text(text[place..<end])
        out.text("\n")
      }
      for address in scanner.addresses {
        if asJSON {
          json(of: address, to: &out)
        } else {
          if !scanner.isBare { out.text("      > ") }
          line(of: address, to: &out)
        }
      }
      if out.bytes.count > 1 << 16, !write(out.take()) { return false }
      place = end + 1
    }
    return out.bytes.isEmpty || write(out.take())
  }
}
