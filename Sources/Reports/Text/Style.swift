/// How text may look where it goes.
package struct Style: Sendable {
  /// Whether colours and weights may be used.
  package var isRich: Bool

  /// Text that is nothing but text.
  package static let plain = Style(isRich: false)

  package init(isRich: Bool) { self.isRich = isRich }

  /// What a stream may show: weights on a terminal, unless `NO_COLOR` or `TERM=dumb` forbid them.
  package init(isTerminal: Bool, noColor: String?, terminal: String?) {
    isRich = isTerminal && (noColor ?? "").isEmpty && terminal != nil && terminal != "dumb"
  }

  package func heading(_ text: String) -> String { isRich ? "\u{1b}[1m\(text)\u{1b}[0m" : text }
  package func faint(_ text: String) -> String { isRich ? "\u{1b}[2m\(text)\u{1b}[0m" : text }
  package func alarm(_ text: String) -> String { isRich ? "\u{1b}[1;31m\(text)\u{1b}[0m" : text }
}
