import MemoryTypes

/// May a request go ahead?
extension Zone {
  /// The watermark that a request must not go below.
  func mark(_ rights: AllocationRights) -> Int {
    if rights.contains(.low) { return watermarks.low }
    return rights.contains(.high) ? watermarks.high : watermarks.min
  }

  /// Whether taking a block leaves enough, and there is one (`zone_watermark_fast()`,
  /// `__zone_watermark_ok()`).
  func hasRoom(_ order: Int, for highest: ZoneIndex, _ rights: AllocationRights, with more: Int = 0)
    -> Bool
  {
    var least = mark(rights)
    var usable = free &+ more &- (1 &<< order) &+ 1
    if rights.usesReserves {
      if rights.contains(.minReserve) {
        least &-= least / 2
        if rights.contains(.nonBlock) { least &-= least / 4 }
      }
      if rights.contains(.victim) { least &-= least / 2 }
    } else {
      usable &-= reservedHighAtomic
    }
    guard usable > least &+ lowmemReserve[Int(highest.rawValue)] else { return false }
    guard order > 0 else { return true }
    for current in order...largestOrder where freeBlocks[current] > 0 {
      if !list(current, .unmovable).isEmpty || !list(current, .movable).isEmpty
        || !list(current, .reclaimable).isEmpty
      {
        return true
      }
      if !rights.isDisjoint(with: [.highAtomic, .victim]), !list(current, .highAtomic).isEmpty {
        return true
      }
    }
    return false
  }
}
