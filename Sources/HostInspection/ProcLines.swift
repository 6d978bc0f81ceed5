/// A line of `name : value`, as `/proc/cpuinfo`, `/proc/meminfo` and `/proc/PID/status` have them.
package struct ProcField: Equatable, Sendable {
  package var name: String
  package var value: String

  package init(name: String, value: String) {
    self.name = name
    self.value = value
  }

  /// The words of the value.
  package var words: [Substring] { value.split(whereSeparator: \.isProcBlank) }

  /// The value as a number: decimal, or hexadecimal after `0x`.
  package var number: UInt64? { value.procNumber }
}

extension ProcField {
  /// Reads a line; nil where it has no colon.
  package init?(line: some StringProtocol) {
    guard let colon = line.firstIndex(of: ":") else { return nil }
    name = String(line[..<colon]).trimmedBlanks
    value = String(line[line.index(after: colon)...]).trimmedBlanks
  }
}

extension Character {
  var isProcBlank: Bool { self == " " || self == "\t" || self == "\r" }
}

extension String {
  /// Without the blanks at both ends.
  var trimmedBlanks: String {
    let start = drop(while: \.isProcBlank)
    guard let last = start.lastIndex(where: { !$0.isProcBlank }) else { return "" }
    return String(start[...last])
  }

  /// A decimal number, or a hexadecimal one after `0x`.
  package var procNumber: UInt64? {
    hasPrefix("0x") || hasPrefix("0X") ? UInt64(dropFirst(2), radix: 16) : UInt64(self)
  }

  /// The lines of a text of the kernel; bytes that are no UTF-8 become U+FFFD.
  package static func procLines(_ bytes: [UInt8]) -> [Substring] {
    String(decoding: bytes, as: UTF8.self)
      .split(separator: "\n", omittingEmptySubsequences: false)
  }
}
