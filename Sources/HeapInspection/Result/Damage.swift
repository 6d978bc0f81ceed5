/// Something in a heap that contradicts the rest of it.
package struct Damage: Equatable, Sendable {
  /// Where: the chunk, the bin, or the word.
  package var address: UInt64
  /// The arena that it belongs to.
  package var arena: UInt64
  /// What glibc prints when it comes there; nil where it checks nothing.
  package var message: String?
  /// What is wrong, with the values.
  package var detail: String

  /// No more than these are told of.
  static let most = 1000

  package init(address: UInt64, arena: UInt64, message: String?, detail: String) {
    self.address = address
    self.arena = arena
    self.message = message
    self.detail = detail
  }
}
