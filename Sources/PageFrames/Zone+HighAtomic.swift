import MemoryTypes

/// Page blocks kept for large allocations that cannot wait.
extension Zone {
  /// Keeps the page block of a frame just allocated, if not too many are kept already
  /// (`reserve_highatomic_pageblock()`): one, or about a hundredth of the zone.
  mutating func reserveHighAtomic(_ number: PageFrameNumber) {
    let pages = 1 &<< pageblockOrder
    guard reservedHighAtomic < managed / 100 &+ pages else { return }
    guard blockType(of: number) != .highAtomic else { return }
    reservedHighAtomic &+= pages
    setBlockType(of: number, .highAtomic)
    _ = moveFreeBlocks(aroundBlock: number, to: .highAtomic)
  }

  /// Gives one of the kept page blocks to a type that is in need
  /// (`unreserve_highatomic_pageblock()`); without `force` one block stays.
  mutating func unreserveHighAtomic(for type: MigrateType, force: Bool) -> Bool {
    let pages = 1 &<< pageblockOrder
    guard force || reservedHighAtomic > pages else { return false }
    for order in 0...largestOrder {
      guard let frame = list(order, .highAtomic).first else { continue }
      let number = frames.number(of: frame)
      if blockType(of: number) == .highAtomic {
        reservedHighAtomic &-= min(pages, reservedHighAtomic)
      }
      setBlockType(of: number, type)
      if moveFreeBlocks(aroundBlock: number, to: type).moved > 0 { return true }
    }
    return false
  }
}
