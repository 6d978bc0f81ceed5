/// A place in a trace: the file, and its line, offset or event, whatever is known of them.
package struct TracePlace: Equatable, Sendable, CustomStringConvertible {
  package var file: String
  /// Counted from 1.
  package var line: UInt64?
  /// From the file's first byte; of compressed files, of what they decompress to.
  package var offset: UInt64?
  /// Counted from 1.
  package var event: UInt64?

  package init(_ file: String, line: UInt64? = nil, offset: UInt64? = nil, event: UInt64? = nil) {
    self.file = file
    self.line = line
    self.offset = offset
    self.event = event
  }

  package var description: String {
    var words = [file]
    if let line { words.append("line \(line)") }
    if let offset { words.append("offset 0x\(String(offset, radix: 16))") }
    if let event { words.append("event \(event)") }
    return words.joined(separator: ", ")
  }
}
