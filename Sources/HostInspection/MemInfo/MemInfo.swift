package import MemoryTypes

/// `/proc/meminfo` (fs/proc/meminfo.c), taken apart; also the one of a node, whose lines begin with
/// `Node 0`.
///
/// A value is a size in kB or, for the pool of huge pages, a number. Any text has a reading: lines
/// that say neither are left out.
package struct MemInfo: Equatable, Sendable {
  package enum Value: Equatable, Sendable {
    case size(ByteCount)
    case count(UInt64)
  }

  package struct Line: Equatable, Sendable {
    package var name: String
    package var value: Value
  }

  package private(set) var lines: [Line] = []
  /// The node whose text this is; nil for the whole machine's.
  package private(set) var node: UInt64?
  private var places: [String: Int] = [:]

  /// A sum of a few hundred values below this does not overflow.
  private static let most: UInt64 = 1 << 52

  package init(_ bytes: [UInt8]) {
    for text in String.procLines(bytes) {
      guard var field = ProcField(line: text) else { continue }
      let name = field.name.split(separator: " ")
      if name.count == 3, name[0] == "Node", let number = UInt64(name[1]) {
        node = number
        field.name = String(name[2])
      }
      let words = field.words
      guard let first = words.first, let number = UInt64(first), number < Self.most else {
        continue
      }
      // The first of two lines of one name counts, as it does for whoever looks for it.
      guard !field.name.isEmpty, places[field.name] == nil else { continue }
      if words.count == 1 {
        add(Line(name: field.name, value: .count(number)))
      } else if words.count == 2, words[1] == "kB" {
        add(Line(name: field.name, value: .size(.kibibytes(number))))
      }
    }
  }

  private mutating func add(_ line: Line) {
    places[line.name] = lines.count
    lines.append(line)
  }

  /// The size that a line says; nil where there is none.
  package func size(_ name: String) -> ByteCount? {
    guard let place = places[name], case .size(let size) = lines[place].value else { return nil }
    return size
  }

  /// The number that a line says; nil where there is none.
  package func count(_ name: String) -> UInt64? {
    guard let place = places[name], case .count(let count) = lines[place].value else { return nil }
    return count
  }

  /// The bytes of a line; zero where this kernel does not write it.
  func bytes(_ name: String) -> Int64 { Int64(size(name)?.rawValue ?? 0) }

  package var total: ByteCount { size("MemTotal") ?? .zero }
}
