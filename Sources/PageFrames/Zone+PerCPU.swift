import MemoryTypes

/// Between the per-CPU lists and the buddy lists.
extension Zone {
  /// Whether blocks of the order are kept on per-CPU lists (`pcp_allowed_order()`).
  func isPerCPU(_ order: Int) -> Bool {
    order <= PerCPULists.costly || order == pageblockOrder
  }

  /// Fills a per-CPU list (`rmqueue_bulk()`); it may stay empty.
  ///
  /// Linux takes a block at a time, which splits the smallest one that holds it and then uses up
  /// the pieces, in rising order. Here the whole of it is taken at once and what is left is
  /// returned: the same frames in the same order, and the same lists at the end.
  mutating func refill(_ order: Int, _ type: MigrateType, _ rights: AllocationRights) {
    let batch = perCPU.limits.batch
    var wanted = batch > 1 ? max(batch &>> order, 2) : batch
    let target = perCPU.heads[PerCPULists.index(order, type)]
    var taken = 0
    while wanted > 0 {
      guard let (frame, blockOrder) = smallest(order, type) else {
        if fallBack(order, type, rights) { continue }
        break
      }
      remove(frame, blockOrder)
      let pieces = min(wanted, 1 &<< (blockOrder &- order))
      let number = frames.number(of: frame)
      append(number, pieces, order, type, to: target)
      putBackRest(of: number, blockOrder, used: pieces &<< order, type)
      wanted &-= pieces
      taken &+= pieces
    }
    free &-= taken &<< order
    perCPU.count &+= taken &<< order
  }

  /// Appends adjacent blocks to a per-CPU list.
  private func append(
    _ number: PageFrameNumber, _ count: Int, _ order: Int, _ type: MigrateType, to list: FrameList
  ) {
    var current = number
    let size = PageCount(1 &<< UInt64(order))
    for _ in 0..<count {
      let frame = frames[current]
      frame.pointee.state = .perCPU
      frame.pointee.blockOrder = UInt8(truncatingIfNeeded: order)
      frame.pointee.index = UInt64(type.rawValue)
      list.append(frame)
      current += size
    }
  }

  /// Returns a block to the lists but for its first `used` frames.
  private mutating func putBackRest(
    of number: PageFrameNumber, _ order: Int, used: Int, _ type: MigrateType
  ) {
    var offset = used
    while offset < 1 &<< order {
      // The largest block that begins here: the rest is a multiple of it.
      let part = offset.trailingZeroBitCount
      add(frames[number + PageCount(UInt64(offset))], part, type)
      offset &+= 1 &<< part
    }
  }

  /// Gives up to that many frames back, from the lists in turn, beginning with one, the frames
  /// longest there first (`free_pcppages_bulk()`).
  mutating func drain(_ wanted: Int, startingAt first: Int = 0) {
    var remaining = min(wanted, perCPU.count)
    var lowest = 0
    var highest = PerCPULists.lists &- 1
    var current = first &- 1
    while remaining > 0 {
      var list: FrameList
      repeat {
        current &+= 1
        if current > highest { current = lowest }
        list = perCPU.heads[current]
        if !list.isEmpty { break }
        if current == highest { highest &-= 1 }
        if current == lowest { lowest &+= 1 }
      } while true
      while remaining > 0, let frame = list.last {
        let freed = drainRun(list, frame, remaining)
        remaining &-= freed
        perCPU.count &-= freed
      }
    }
  }

  /// Gives back the last blocks of a list, as many as lie side by side in rising or falling order;
  /// how many frames that were.
  ///
  /// Linux frees block by block. Those side by side end up in the same lists, at the same places,
  /// when they are freed at once in the largest blocks that the run's ends allow, in the run's
  /// direction.
  private mutating func drainRun(
    _ list: FrameList, _ first: KernelPointer<Frame>, _ wanted: Int
  ) -> Int {
    let type = first.pointee.index
    let order = UInt64(first.pointee.blockOrder)
    let size = Order(order).pages
    let migrateType = MigrateType(rawValue: UInt8(truncatingIfNeeded: type)) ?? .movable
    var low = frames.number(of: first)
    var high = low + size
    first.pointee.setUntouched()
    var end = first
    var isRising = true
    if Int(size.rawValue) < wanted, let second = list.frame(before: first),
      second == frames[low - size]
    {
      isRising = false
    }
    while Int((high - low).rawValue) < wanted, let next = list.frame(before: end),
      next == frames[isRising ? high : low - size], next.pointee.index == type
    {
      next.pointee.setUntouched()
      end = next
      if isRising { high += size } else { low = low - size }
    }
    list.removeLast(from: end)
    let freed = Int((high - low).rawValue)
    while low < high {
      let fits = UInt64(63 &- (high - low).rawValue.leadingZeroBitCount)
      let border = isRising ? low : high
      // No larger than a page block: what lies beyond is for merging to decide.
      let order = min(
        UInt64(border.rawValue.trailingZeroBitCount), fits, UInt64(pageblockOrder))
      let block = Order(order).pages
      freeBlock(isRising ? low : high - block, Int(order), migrateType)
      if isRising { low += block } else { high = high - block }
    }
    return freed
  }

  /// Puts a block on its per-CPU list and gives some back if there are too many
  /// (`free_unref_page_commit()`).
  mutating func freePerCPU(_ number: PageFrameNumber, _ order: Int) {
    let frame = frames[number]
    let type = blockType(of: number)
    let isLarge = order > 0 && order <= PerCPULists.costly
    let givesAll = isLarge && perCPU.freeFactor > 0
    // All that the lists have goes back, and this is all.
    if givesAll && perCPU.count == 0 { return freeBlock(number, order, type) }
    frame.pointee.blockOrder = UInt8(truncatingIfNeeded: order)
    frame.pointee.state = .perCPU
    frame.pointee.index = UInt64(type.rawValue)
    // Blocks kept for atomic allocations are lent to movable pages.
    let index = PerCPULists.index(order, type == .highAtomic ? .movable : type)
    perCPU.heads[index].prepend(frame)
    perCPU.count &+= 1 &<< order
    trim(all: givesAll, index)
  }

  /// Gives frames back where the per-CPU lists hold too many, beginning with one list.
  mutating func trim(all: Bool, _ index: Int) {
    let high = all ? 0 : perCPU.limits.high
    guard perCPU.count >= high else { return }
    drain(perCPU.toFree(high, all: all), startingAt: index)
  }
}
