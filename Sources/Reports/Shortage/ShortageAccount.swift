/// What the kernel says of memory being short (the text `pressure`): by whom and why pages were
/// taken, how long tasks were stalled, and who lost pages.
package struct ShortageAccount: Equatable, Sendable {
  /// Microseconds in which some task was stalled, and in which all were.
  package var some: UInt64 = 0
  package var full: UInt64 = 0
  /// Nanoseconds that programs slept above a group's mark.
  package var waited: UInt64 = 0
  package var causes: [Cause] = []
  package var losers: [Loser] = []

  /// Why pages were taken: how often, how many, and how long it took.
  package struct Cause: Equatable, Sendable {
    package var name: String
    package var times: UInt64
    package var scanned: UInt64
    package var taken: UInt64
    package var nanoseconds: UInt64
  }

  /// A process that lost pages, and its mappings that lost most.
  package struct Loser: Equatable, Sendable {
    package var pid: Int
    package var name: String
    package var taken: UInt64
    package var mappings: [Mapping] = []
  }

  package struct Mapping: Equatable, Sendable {
    package var range: String
    package var label: String
    package var taken: UInt64
  }

  /// Reads the text: who lost most comes first.
  ///
  /// Lines that it does not know are passed over.
  package init(_ text: String) {
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
      func number(_ index: Int) -> UInt64 {
        index < words.count ? UInt64(words[index]) ?? 0 : 0
      }
      func tail(_ index: Int) -> String {
        words.count > index ? words[index...].joined(separator: " ") : ""
      }
      switch words[0] {
      case "stalled": (some, full) = (number(2), number(4))
      case "waited": waited = number(2)
      case "cause" where words.count >= 6:
        causes.append(
          Cause(
            name: words[1], times: number(2), scanned: number(3), taken: number(4),
            nanoseconds: number(5)))
      case "process" where words.count >= 4:
        losers.append(
          Loser(pid: Int(words[1]) ?? 0, name: tail(3), taken: number(2)))
      case "mapping" where words.count >= 4 && !losers.isEmpty:
        losers[losers.count - 1].mappings.append(
          Mapping(range: words[2], label: tail(3), taken: number(1)))
      default: break
      }
    }
    losers.sort { ($1.taken, $0.pid) < ($0.taken, $1.pid) }
    for index in losers.indices { losers[index].mappings.sort { $1.taken < $0.taken } }
  }

  package subscript(cause name: String) -> Cause? { causes.first { $0.name == name } }
}
