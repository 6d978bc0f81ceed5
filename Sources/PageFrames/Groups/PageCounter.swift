/// How many pages of one kind a memory group and all below it have, and what is set about it
/// (mm/page_counter.c).
///
/// Invariants, for each group of the tree:
///
///     usage == what is charged here + Σ over children of usage
///     minUsage == min(usage, min), lowUsage == min(usage, low)
///     childrenMinUsage == Σ over children of minUsage, and so childrenLowUsage
///
/// Pages beyond a limit are possible: limits are set below what is in use, and some charges may not
/// fail.
public struct PageCounter: BitwiseCopyable, Sendable {
  /// No limit (PAGE_COUNTER_MAX).
  @inlinable public static var unlimited: Int { Int.max }

  public internal(set) var usage = 0
  /// The most that it ever was.
  public internal(set) var watermark = 0
  /// Charges that found the limit reached (`failcnt`).
  public internal(set) var failures = 0
  /// What is set: the limit, the mark above which the group is slowed down, and what is protected
  /// from reclaim, always and as long as there is anything else.
  public internal(set) var maximum = PageCounter.unlimited
  public internal(set) var high = PageCounter.unlimited
  public internal(set) var minimum = 0
  public internal(set) var low = 0
  /// What of it is protected from the reclaim that runs, `emin` and `elow`.
  public internal(set) var effectiveMinimum = 0
  public internal(set) var effectiveLow = 0

  var minimumUsage = 0
  var childrenMinimumUsage = 0
  var lowUsage = 0
  var childrenLowUsage = 0

  init() {}

  /// What can still be charged here (`mem_cgroup_margin()`).
  @inlinable public var margin: Int { usage < maximum ? maximum &- usage : 0 }

  /// By how much it is above its mark, in parts of that, as a fixed-point number of 20 bits
  /// (`calculate_overage()`).
  public var overage: UInt64 {
    guard usage > high else { return 0 }
    return UInt64(usage &- high) &<< 20 / UInt64(max(high, 1))
  }
}
