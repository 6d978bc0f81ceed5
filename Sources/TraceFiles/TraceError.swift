/// Why a trace cannot be read or replayed further, and the place that is wrong.
///
/// A trace is an allegation: a file of any origin, cut short, overwritten or made up. Whatever is in
/// it, reading and replaying it end, with an answer or with one of these; what came before the wrong
/// place has been taken by then, and is shown as a part.
package struct TraceError: Error, Equatable, Sendable {
  /// What kind of wrong it is; rooms above add those of what they read.
  package struct Kind: Equatable, Sendable {
    /// As reports for programs have it.
    package let name: String
    /// As a person reads it, before the message; empty where the message says it all.
    package let title: String

    package init(_ name: String, title: String) {
      self.name = name
      self.title = title
    }

    /// The file cannot be opened, read or written.
    package static var unreadable: Self { Self("unreadable", title: "") }
    /// The file ends before what its own words say it holds.
    package static var truncated: Self { Self("truncated", title: "truncated") }
    /// Something in the file contradicts itself or the format.
    package static var malformed: Self { Self("malformed", title: "malformed") }
    /// What the format allows, and nothing here reads.
    package static var unsupported: Self { Self("unsupported", title: "not supported") }
    /// What is asked cannot be.
    package static var usage: Self { Self("usage", title: "") }
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

extension TraceError: CustomStringConvertible {
  package var description: String {
    let place = place.map { "\($0): " } ?? ""
    return place + (kind.title.isEmpty ? "" : kind.title + ": ") + message
  }
}
