/// Why a trace of allocations cannot be read or replayed further, and the place that is wrong.
///
/// A trace is an allegation: a file of any origin, cut short, overwritten or made up. Whatever is in
/// it, reading and replaying it end, with an answer or with one of these; what came before the wrong
/// place has been replayed by then, and is shown as a part.
package struct HeapTraceError: Error, Equatable, Sendable {
  /// What kind of wrong it is.
  package enum Kind: String, Equatable, Sendable {
    /// The file cannot be opened or read.
    case unreadable
    /// The file ends before what its own words say it holds.
    case truncated
    /// Something in the file contradicts itself or the format.
    case malformed
    /// What the format allows, and nothing here reads.
    case unsupported
    /// A pointer is freed or resized that is not allocated: it never was, or is no more.
    case unknownPointer = "unknown-pointer"
    /// An object is freed twice.
    case doubleFree = "double-free"
    /// A pointer is returned that is already allocated.
    case allocatedTwice = "allocated-twice"
    /// An allocation that the trace says succeeded, and which glibc's rules refuse.
    case impossible
    /// glibc would end the program here with one of its messages.
    case abort
    /// What is asked cannot be.
    case usage
  }

  package var kind: Kind
  package var message: String
  package var place: TracePlace?

  package init(_ kind: Kind, _ message: String, at place: TracePlace? = nil) {
    self.kind = kind
    self.message = message
    self.place = place
  }

  /// The exit code it ends with: 64 (EX_USAGE) or 1.
  package var exitCode: Int32 { kind == .usage ? 64 : 1 }
}

extension HeapTraceError: CustomStringConvertible {
  package var description: String {
    let place = place.map { "\($0): " } ?? ""
    return switch kind {
    case .truncated: place + "truncated: " + message
    case .malformed: place + "malformed: " + message
    case .unsupported: place + "not supported: " + message
    case .doubleFree: place + "double free: " + message
    case .unknownPointer: place + "unknown pointer: " + message
    case .allocatedTwice: place + "allocated twice: " + message
    case .impossible: place + "impossible: " + message
    case .abort: place + "glibc aborts: " + message
    case .unreadable, .usage: place + message
    }
  }
}

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
