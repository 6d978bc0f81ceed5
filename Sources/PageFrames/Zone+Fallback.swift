import MemoryTypes

/// What happens when a type has no free block: another type's is taken, as large as there is, and
/// with it, where that is promising, the whole page block (mm/page_alloc.c:__rmqueue_fallback()).
extension Zone {
  /// Moves blocks of another type to this type's lists; false where no other has any.
  mutating func fallBack(_ order: Int, _ type: MigrateType, _ rights: AllocationRights) -> Bool {
    guard type != .highAtomic else { return false }
    let least =
      order < pageblockOrder && rights.contains(.noFragment) ? pageblockOrder : order
    var current = largestOrder
    while current >= least {
      if let (other, canSteal) = suitableFallback(current, type) {
        if !canSteal && type == .movable && current > order {
          // A movable page misplaced can be moved again: break the smallest block instead.
          return fallBackToSmallest(order, type)
        }
        steal(current, other, for: type, wholeBlock: canSteal)
        return true
      }
      current &-= 1
    }
    return false
  }

  private mutating func fallBackToSmallest(_ order: Int, _ type: MigrateType) -> Bool {
    for current in order...largestOrder {
      if let (other, canSteal) = suitableFallback(current, type) {
        steal(current, other, for: type, wholeBlock: canSteal)
        return true
      }
    }
    return false
  }

  /// The first type in order of preference that has a block of the order, and whether the block's
  /// whole page block may be taken over (`find_suitable_fallback()`).
  func suitableFallback(
    _ order: Int, _ type: MigrateType
  ) -> (type: MigrateType, canSteal: Bool)? {
    guard freeBlocks[order] > 0 else { return nil }
    let (first, second) = type.fallbacks
    if !list(order, first).isEmpty { return (first, canSteal(order, type)) }
    if !list(order, second).isEmpty { return (second, canSteal(order, type)) }
    return nil
  }

  /// Whether to take more than the one block (`can_steal_fallback()`): large blocks promise more
  /// in the neighbourhood, and unmovable pages spoil a block wherever they are.
  func canSteal(_ order: Int, _ type: MigrateType) -> Bool {
    order >= pageblockOrder / 2 || type == .reclaimable || type == .unmovable || !groupsByMobility
  }

  /// Takes the first block of a list for another type (`steal_suitable_fallback()`).
  ///
  /// Linux also raises the watermark here, so that kswapd makes room; the boost ends when kswapd
  /// has run. Where there is no kswapd there is no boost.
  mutating func steal(
    _ order: Int, _ old: MigrateType, for type: MigrateType, wholeBlock: Bool
  ) {
    guard let frame = list(order, old).first else { return }
    let number = frames.number(of: frame)
    let blockType = blockType(of: number)
    if blockType != .highAtomic {
      if order >= pageblockOrder {
        setBlockTypes(of: number, order, type)
      } else if wholeBlock {
        let (moved, movable) = moveFreeBlocks(aroundBlock: number, to: type)
        if moved > 0 {
          let pages = 1 &<< pageblockOrder
          // Pages in the block that are, or may be, of the new type.
          let alike =
            type == .movable
            ? movable : blockType == .movable ? pages &- (moved &+ movable) : 0
          if moved &+ alike >= pages / 2 || !groupsByMobility { setBlockType(of: number, type) }
          return
        }
      }
    }
    FrameList.remove(frame)
    list(order, type).append(frame)
  }

  /// Gives all page blocks in a block of their size or larger a type (`change_pageblock_range()`).
  func setBlockTypes(of number: PageFrameNumber, _ order: Int, _ type: MigrateType) {
    var block = number
    for _ in 0..<(1 &<< (order &- pageblockOrder)) {
      setBlockType(of: block, type)
      block += geometry.pageblock.pages
    }
  }

  /// Moves the free blocks of a frame's page block to the end of a type's lists
  /// (`move_freepages_block()`): how many frames that were, and how many others look movable.
  mutating func moveFreeBlocks(
    aroundBlock number: PageFrameNumber, to type: MigrateType
  ) -> (moved: Int, movable: Int) {
    let pages = geometry.pageblock.pages
    var start = PageFrameNumber(number.rawValue & ~(pages.rawValue &- 1))
    let end = start + pages
    // Linux does not cross the zone's borders either.
    if start < firstFrame { start = number }
    guard end.rawValue <= firstFrame.rawValue &+ UInt64(spanned) else { return (0, 0) }
    var moved = 0
    var movable = 0
    while start < end {
      let frame = frames[start]
      guard frame.pointee.state == .free else {
        if frame.pointee.state.isMovable { movable &+= 1 }
        start += PageCount(1)
        continue
      }
      let order = Int(frame.pointee.blockOrder)
      FrameList.remove(frame)
      list(order, type).append(frame)
      start += PageCount(1 &<< UInt64(order))
      moved &+= 1 &<< order
    }
    return (moved, movable)
  }
}

extension MigrateType {
  /// Whose blocks to take when there are none of one's own, the better first (`fallbacks`).
  var fallbacks: (MigrateType, MigrateType) {
    switch self {
    case .unmovable: (.reclaimable, .movable)
    case .movable: (.reclaimable, .unmovable)
    case .reclaimable, .highAtomic: (.unmovable, .movable)
    }
  }
}

extension Frame.State {
  /// Whether the frame's owner could move its contents: what PageLRU tells Linux.
  var isMovable: Bool { self == .anonymous || self == .pageCache }
}
