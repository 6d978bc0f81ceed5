/// What things cost on a core, in cycles: the other half of its file, beside ``CoreGeometry``.
///
/// Each is from the core on: a load that the second level serves takes ``second`` cycles and not
/// ``first`` and ``second``.
public struct CoreLatencies: Hashable, Sendable {
  /// Of an instruction whose memory is all in L1.
  public var base: Double
  /// A load's, until what it read can be used.
  public var first: Double
  public var second: Double
  public var last: Double
  public var memory: Double
  /// What an L1 TLB miss adds that the shared TLB serves.
  public var sharedTLB: Double
  /// Cycles in a nanosecond.
  public var gigahertz: Double

  public init(
    base: Double, first: Double, second: Double, last: Double, memory: Double, sharedTLB: Double,
    gigahertz: Double
  ) {
    self.base = base
    self.first = first
    self.second = second
    self.last = last
    self.memory = memory
    self.sharedTLB = sharedTLB
    self.gigahertz = gigahertz
  }

  /// A load's, by where it is served.
  public subscript(level: ServedBy) -> Double {
    switch level {
    case .first: first
    case .second: second
    case .last: last
    case .memory: memory
    }
  }
}
