import Arm64
public import MemoryTypes

/// What compaction asks of the allocator: where zones begin, what page blocks are, and free blocks
/// taken out of their lists one by one.
extension FrameAllocator {
  /// A zone's first frame, and the one behind its last; both 0 where it has none.
  public func span(of index: ZoneIndex) -> Range<UInt64> {
    let zone = zones[index]
    guard zone.pointee.isPopulated else { return 0..<0 }
    let start = zone.pointee.firstFrame.rawValue
    return start..<start &+ UInt64(zone.pointee.spanned)
  }

  /// What the zone remembers of earlier compactions.
  public func compaction(of index: ZoneIndex) -> KernelPointer<CompactionState> {
    let zone = zones[index]
    // SAFETY: the zone lies in RAM for ever, and so does its field.
    return unsafe withUnsafeMutablePointer(to: &zone.pointee.compaction) {
      unsafe KernelPointer($0)
    }
  }

  /// Whether the first and the last frame of a range are RAM of the zone (pageblock_pfn_to_page()).
  public func isInZone(_ start: UInt64, _ end: UInt64, _ index: ZoneIndex) -> Bool {
    guard isRAM(start), isRAM(end &- 1) else { return false }
    let zone = zones[index]
    return self.zone(of: PageFrameNumber(start)) == zone
      && self.zone(of: PageFrameNumber(end &- 1)) == zone
  }

  /// Whether there is RAM behind a frame's entry (pfn_valid()).
  public func isRAM(_ number: UInt64) -> Bool {
    let address = PageFrameNumber(number).address(board.pageSize)
    for index in 0..<banks.count where banks[index].start <= address && address < banks[index].end {
      return true
    }
    return false
  }

  /// The type of the page block that a frame is in (get_pageblock_migratetype()).
  public func blockType(of number: PageFrameNumber) -> MigrateType {
    zone(of: number).pointee.blockType(of: number)
  }

  /// Whether the scanners are to pass the page block over (get_pageblock_skip()).
  public func skipsBlock(of number: PageFrameNumber) -> Bool {
    frames[PageFrameNumber(number.rawValue & blockMask)].pointee.blockSkip != 0
  }

  /// Lets them pass it over, or look again (set_pageblock_skip(), clear_pageblock_skip()).
  public func setSkipsBlock(of number: PageFrameNumber, _ skips: Bool) {
    frames[PageFrameNumber(number.rawValue & blockMask)].pointee.blockSkip = skips ? 1 : 0
  }

  /// The list of a zone's free movable blocks of an order.
  public func movableBlocks(_ index: ZoneIndex, _ order: Int) -> FrameList {
    zones[index].pointee.list(order, .movable)
  }

  /// Whether there is a free block that a request of a type could have without taking a smaller
  /// piece of another type's (`__compact_finished()`).
  public func hasSuitableBlock(_ index: ZoneIndex, _ order: Int, _ type: MigrateType) -> Bool {
    let zone = zones[index]
    for current in order...zone.pointee.largestOrder {
      if !zone.pointee.list(current, type).isEmpty { return true }
      // find_suitable_fallback() with only_stealable.
      if let found = zone.pointee.suitableFallback(current, type), found.canSteal { return true }
    }
    return false
  }

  /// Takes a free block out of its list and makes its frames single ones with a reference each;
  /// how many, 0 where the zone is too low (`__isolate_free_page()`, `split_map_pages()`).
  public mutating func isolateFreeBlock(_ number: PageFrameNumber) -> Int {
    let zone = zone(of: number)
    let frame = frames[number]
    let order = Int(frame.pointee.blockOrder)
    let pages = 1 &<< order
    guard isAbove(zone, zone.pointee.watermarks.min &+ pages) else { return 0 }
    zone.pointee.free &-= pages
    zone.pointee.remove(frame, order)
    if order >= zone.pointee.pageblockOrder &- 1 {
      var block = number
      while block.rawValue < number.rawValue &+ UInt64(pages) {
        if zone.pointee.blockType(of: block) != .highAtomic {
          zone.pointee.setBlockType(of: block, .movable)
        }
        block += geometry.pageblock.pages
      }
    }
    for offset in 0..<UInt64(pages) {
      let single = frames[number + PageCount(offset)]
      single.pointee.state = .kernel
      single.pointee.blockOrder = 0
      single.pointee.referenceCount = 1
    }
    return pages
  }

  /// Whether a zone has more free frames than a mark, as requests of single frames see it
  /// (`zone_watermark_ok(zone, 0, mark, 0, ALLOC_CMA)`).
  private func isAbove(_ zone: KernelPointer<Zone>, _ mark: Int) -> Bool {
    zone.pointee.free &- zone.pointee.reservedHighAtomic > mark &+ zone.pointee.lowmemReserve[0]
  }

  /// Whether a zone's single frames suffice to move others to, for a block of an order
  /// (`__compaction_suitable()`).
  public func hasRoomToCompact(_ index: ZoneIndex, _ order: Int, for highest: ZoneIndex) -> Bool {
    let zone = zones[index]
    let marks = zone.pointee.watermarks
    let mark = (order > PerCPULists.costly ? marks.low : marks.min) &+ 2 &<< order
    return zone.pointee.free &- zone.pointee.reservedHighAtomic
      > mark &+ zone.pointee.lowmemReserve[Int(highest.rawValue)]
  }

  /// Whether a zone has a block of an order above its low or its minimum watermark.
  public func hasBlock(
    _ index: ZoneIndex, _ order: Int, for highest: ZoneIndex, aboveLow: Bool
  ) -> Bool {
    zones[index].pointee.hasRoom(order, for: highest, aboveLow ? .low : [])
  }
}

extension FrameList {
  /// Brings what stands before a frame behind everything, so that the frame comes first
  /// (move_freelist_head()).
  public func rotate(toFirst frame: KernelPointer<Frame>) {
    guard frame != last, let first, first != frame else { return }
    rotate(first, frame.pointee.links.previous, frame)
  }

  /// Brings everything up to a frame behind the rest (move_freelist_tail()).
  public func rotate(toLast frame: KernelPointer<Frame>) {
    guard let first, first != frame, let next = self.frame(after: frame) else { return }
    rotate(first, Self.links(frame), next)
  }

  /// Cuts `first...last` off the front, which then begins with `next`, and hangs it at the end.
  private func rotate(
    _ first: KernelPointer<Frame>, _ last: KernelPointer<FrameLinks>?, _ next: KernelPointer<Frame>
  ) {
    // SAFETY: all three are in this list, so their links are set.
    let end = unsafe head.pointee.previous.unsafelyUnwrapped
    let last = unsafe last.unsafelyUnwrapped
    let begin = Self.links(first)
    let rest = Self.links(next)
    head.pointee.next = rest
    rest.pointee.previous = head
    end.pointee.next = begin
    begin.pointee.previous = end
    last.pointee.next = head
    head.pointee.previous = last
  }
}

extension Frame {
  /// Whether it is the first of a block whose frames know that they belong together (PageHead()):
  /// the scanners pass over all of it at once.
  @inlinable public var isCompound: Bool {
    (state == .slab || state == .hugePage) && blockOrder > 0
  }
}
