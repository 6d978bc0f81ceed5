/// Who leaves a full set.
public enum Replacement: Hashable, Sendable {
  /// The entry that was used longest ago.
  case leastRecentlyUsed
  /// A binary tree over the ways, each node pointing away from the half used last; needs a power of
  /// two of ways, 64 at most.
  case treePseudoLRU
  /// The entry that came first.
  case firstInFirstOut
  /// Any, by a generator that begins with this seed, so that runs repeat.
  case random(seed: UInt64)

  /// Whether the ways of a set stand in an order, the next victim last.
  ///
  /// The others leave every entry where it is.
  var isOrdered: Bool {
    switch self {
    case .leastRecentlyUsed, .firstInFirstOut: true
    case .treePseudoLRU, .random: false
    }
  }
}

/// A structure that cannot be: what is wrong with its numbers, and what would do.
public struct GeometryError: Error, CustomStringConvertible, Equatable {
  public var cause: String
  public var hint: String

  public init(_ cause: String, hint: String) {
    self.cause = cause
    self.hint = hint
  }

  public var description: String { "\(cause) (\(hint))" }
}
