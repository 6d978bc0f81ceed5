import MemoryTypes

/// Splitting and merging, as mm/page_alloc.c: a free block is in one list, and its first frame says
/// so. Merging asks the buddy's first frame; where that is not RAM it was never touched, so a block
/// cannot grow over a hole. It cannot leave its section either, for the largest block divides it.
extension Zone {
  /// Puts a block that is in no list into one (`add_to_free_list()`, `add_to_free_list_tail()`).
  mutating func add(
    _ frame: KernelPointer<Frame>, _ order: Int, _ type: MigrateType, toTail: Bool = false
  ) {
    frame.pointee.state = .free
    frame.pointee.blockOrder = UInt8(truncatingIfNeeded: order)
    if toTail { list(order, type).append(frame) } else { list(order, type).prepend(frame) }
    freeBlocks[order] &+= 1
  }

  /// Takes a free block out of its list (`del_page_from_free_list()`).
  mutating func remove(_ frame: KernelPointer<Frame>, _ order: Int) {
    FrameList.remove(frame)
    frame.pointee.setUntouched()
    freeBlocks[order] &-= 1
  }

  /// Whether a free block of exactly that order begins at a frame (`page_is_buddy()`).
  @inline(__always)
  func isFree(_ number: PageFrameNumber, _ order: Int) -> Bool {
    let frame = frames[number]
    return frame.pointee.state == .free && Int(frame.pointee.blockOrder) == order
  }

  /// Gives a block back and merges it with its buddy as often as that is free
  /// (`__free_one_page()`).
  mutating func freeBlock(
    _ block: PageFrameNumber, _ blockOrder: Int, _ type: MigrateType, toTail: Bool = false
  ) {
    var number = block
    var order = blockOrder
    free &+= 1 &<< blockOrder
    while order < largestOrder {
      let buddy = number.buddy(Order(UInt64(truncatingIfNeeded: order)))
      guard isFree(buddy, order) else { break }
      if order >= pageblockOrder {
        // Blocks kept for atomic allocations do not merge with others.
        let other = blockType(of: buddy)
        if other != type && (other == .highAtomic || type == .highAtomic) { break }
      }
      remove(frames[buddy], order)
      number = PageFrameNumber(number.rawValue & buddy.rawValue)
      order &+= 1
    }
    let frame = frames[number]
    add(frame, order, type, toTail: toTail || mergeIsLikely(number, order))
  }

  /// Whether the buddy of the next larger block is free, so that this one may soon be wanted whole
  /// and should be handed out last (`buddy_merge_likely()`).
  @inline(__always)
  func mergeIsLikely(_ number: PageFrameNumber, _ order: Int) -> Bool {
    guard order < largestOrder &- 1 else { return false }
    let order = Order(UInt64(truncatingIfNeeded: order))
    let larger = PageFrameNumber(number.rawValue & number.buddy(order).rawValue)
    return isFree(larger.buddy(order + 1), Int(order.rawValue &+ 1))
  }

  /// The smallest free block of a type that holds the order; still in its list.
  func smallest(_ order: Int, _ type: MigrateType) -> (frame: KernelPointer<Frame>, order: Int)? {
    var current = order
    while current <= largestOrder {
      if let frame = list(current, type).first { return (frame, current) }
      current &+= 1
    }
    return nil
  }

  /// Takes the smallest block that will do and returns what is too much (`__rmqueue_smallest()`,
  /// `expand()`).
  mutating func takeSmallest(_ order: Int, _ type: MigrateType) -> KernelPointer<Frame>? {
    guard let (frame, blockOrder) = smallest(order, type) else { return nil }
    remove(frame, blockOrder)
    let number = frames.number(of: frame)
    var current = blockOrder
    while current > order {
      current &-= 1
      add(frames[number + Order(UInt64(current)).pages], current, type)
    }
    frame.pointee.blockOrder = UInt8(truncatingIfNeeded: order)
    return frame
  }

  /// Takes a block of a type, or else of another (`__rmqueue()`).
  mutating func take(
    _ order: Int, _ type: MigrateType, _ rights: AllocationRights
  ) -> KernelPointer<Frame>? {
    while true {
      if let frame = takeSmallest(order, type) { return frame }
      guard fallBack(order, type, rights) else { return nil }
    }
  }
}
