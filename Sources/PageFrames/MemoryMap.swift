public import MemoryTypes

/// What RAM there is and who has it before there is a frame allocator: Linux's memblock
/// (mm/memblock.c).
///
/// `banks` is all RAM, `reserved` what of it is taken: the kernel image, the device tree, what
/// ``allocate(_:alignment:below:)`` handed out. Neither memory is touched nor are frames needed,
/// so it works before RAM is mapped. Once the frame allocator has started
/// (``FrameAllocator/start(board:map:frames:options:)``) everything not reserved is the buddy
/// allocator's and the map only tells what was.
public struct MemoryMap: ~Copyable {
  let resident = Resident()
  public let geometry: BlockGeometry
  public private(set) var banks = RegionList()
  public private(set) var reserved = RegionList()

  public init(pageSize: PageSize) { geometry = BlockGeometry(pageSize) }

  /// Adds a bank of RAM, cut to whole pages.
  ///
  /// False if there are too many.
  public mutating func add(_ bank: PhysicalRange) -> Bool {
    let size = geometry.pageSize
    return banks.insert(
      PhysicalRange(start: bank.start.alignedUp(to: size), end: bank.end.alignedDown(to: size)))
  }

  /// Takes a range out of RAM altogether, as the device tree's `no-map` asks.
  public mutating func remove(_ range: PhysicalRange) -> Bool { banks.remove(range) }

  /// Marks a range as taken.
  ///
  /// False if there are too many ranges.
  public mutating func reserve(_ range: PhysicalRange) -> Bool { reserved.insert(range) }

  /// Gives a taken range back.
  public mutating func release(_ range: PhysicalRange) -> Bool { reserved.remove(range) }

  /// The lowest and the highest address of RAM: `memblock_start_of_DRAM()` and its counterpart.
  public var span: PhysicalRange {
    guard banks.count > 0 else { return PhysicalRange(start: PhysicalAddress(0), length: .zero) }
    return PhysicalRange(start: banks[0].start, end: banks[banks.count - 1].end)
  }

  /// Finds room and reserves it, as high as possible and below a limit: memblock allocates
  /// top-down (`__memblock_find_range_top_down()`).
  ///
  /// The contents are whatever RAM held.
  public mutating func allocate(
    _ size: ByteCount, alignment: ByteCount, below limit: PhysicalAddress = PhysicalAddress(.max)
  ) -> PhysicalAddress? {
    guard size > .zero else { return nil }
    var result: PhysicalAddress?
    _ = forEachFreeRangeDescending { range in
      let end = min(range.end, limit)
      guard end > range.start, end - range.start >= size else { return true }
      let start = (end - size).alignedDown(to: alignment)
      guard start >= range.start else { return true }
      result = start
      return false
    }
    guard let result, reserve(PhysicalRange(start: result, length: size)) else { return nil }
    return result
  }

  /// Visits what is RAM and not taken, from the top; ends when the body says false.
  @discardableResult
  public borrowing func forEachFreeRangeDescending(_ body: (PhysicalRange) -> Bool) -> Bool {
    var bank = banks.count - 1
    while bank >= 0 {
      let range = banks[bank]
      var end = range.end
      var index = reserved.firstIndex(endingAfter: range.end)
      if index == reserved.count || reserved[index].start >= range.end { index -= 1 }
      while index >= 0 && reserved[index].end > range.start {
        let hole = reserved[index]
        if hole.end < end && !body(PhysicalRange(start: hole.end, end: end)) { return false }
        end = min(end, hole.start)
        index -= 1
      }
      if end > range.start && !body(PhysicalRange(start: range.start, end: end)) { return false }
      bank -= 1
    }
    return true
  }

  /// Visits what is RAM and not taken, in rising order.
  public borrowing func forEachFreeRange(_ body: (PhysicalRange) -> Void) {
    for bank in 0..<banks.count {
      let range = banks[bank]
      var start = range.start
      var index = reserved.firstIndex(endingAfter: range.start)
      while index < reserved.count && reserved[index].start < range.end {
        let hole = reserved[index]
        if start < hole.start { body(PhysicalRange(start: start, end: hole.start)) }
        start = max(start, hole.end)
        index += 1
      }
      if start < range.end { body(PhysicalRange(start: start, end: range.end)) }
    }
  }
}
