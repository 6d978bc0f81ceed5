import MemoryTypes

/// What a zone remembers between compactions (`struct zone`: compact_*).
///
/// With several CPUs these are hints, which Linux reads and writes without a lock.
public struct CompactionState: BitwiseCopyable, Sendable {
  /// Where the migrate scanner goes on: of asynchronous and of other compaction.
  public var cachedMigrate: InlineArray<2, UInt64> = .init(repeating: 0)
  /// Where the free scanner goes on.
  public var cachedFree: UInt64 = 0
  /// Where they began when the skip bits were last cleared.
  public var initialMigrate: UInt64 = 0
  public var initialFree: UInt64 = 0

  /// Deferral: so many requests were turned away since the last failure, of 1 << `deferShift`; and
  /// the smallest order that failed.
  public var considered = 0
  public var deferShift = 0
  public var failedOrder = 0
  /// Whether the skip bits are to be cleared when kswapd goes to sleep.
  public var flushesSkips = false

  public init() {}

  /// COMPACT_MAX_DEFER_SHIFT.
  public static var mostDeferShift: Int { 6 }

  /// It failed: the next 1 << `deferShift` requests need not try (defer_compaction()).
  public mutating func noteFailure(_ order: Int) {
    considered = 0
    deferShift = min(deferShift &+ 1, Self.mostDeferShift)
    failedOrder = min(failedOrder, order)
  }

  /// Whether a request is turned away, which is counted (compaction_deferred()).
  public mutating func defers(_ order: Int) -> Bool {
    let limit = 1 &<< deferShift
    guard order >= failedOrder else { return false }
    considered &+= 1
    if considered >= limit {
      considered = limit
      return false
    }
    return true
  }

  /// It worked, or the allocation did (compaction_defer_reset()).
  public mutating func noteSuccess(_ order: Int, allocated: Bool) {
    if allocated {
      considered = 0
      deferShift = 0
    }
    if order >= failedOrder { failedOrder = order &+ 1 }
  }

  /// Whether it is tried again after the longest deferral (compaction_restarting()).
  public func isRestarting(_ order: Int) -> Bool {
    order >= failedOrder && deferShift == Self.mostDeferShift && considered >= 1 &<< deferShift
  }
}
