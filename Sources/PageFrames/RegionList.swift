public import MemoryTypes

/// Disjoint ranges of physical addresses in rising order, neighbours merged; memblock's
/// `memblock_type`.
///
/// Invariant: `ranges[i].end < ranges[i + 1].start`, none empty.
public struct RegionList: ~Copyable {
  let resident = Resident()
  /// As many as `INIT_MEMBLOCK_REGIONS` and its room for reserved ones.
  public static var capacity: Int { 128 }

  @usableFromInline var ranges: InlineArray<128, PhysicalRange>
  public private(set) var count: Int

  /// The same ranges as another list.
  public init(copying other: borrowing RegionList) {
    self.init()
    count = other.count
    for index in 0..<count { ranges[index] = other.ranges[index] }
  }

  public init() {
    ranges = .init(repeating: PhysicalRange(start: PhysicalAddress(0), length: .zero))
    count = 0
  }

  public subscript(_ index: Int) -> PhysicalRange {
    precondition(index < count)
    return ranges[index]
  }

  /// The bytes in all ranges.
  public var total: ByteCount {
    var sum = ByteCount.zero
    for index in 0..<count { sum += ranges[index].length }
    return sum
  }

  public func contains(_ address: PhysicalAddress) -> Bool {
    let index = firstIndex(endingAfter: address)
    return index < count && ranges[index].start <= address
  }

  /// The first range that ends above an address.
  func firstIndex(endingAfter address: PhysicalAddress) -> Int {
    var low = 0
    var high = count
    while low < high {
      let middle = (low &+ high) &>> 1
      if ranges[middle].end > address { high = middle } else { low = middle &+ 1 }
    }
    return low
  }

  /// Adds a range, merged with all that it meets or touches.
  ///
  /// False where there is no room for another range.
  public mutating func insert(_ range: PhysicalRange) -> Bool {
    guard !range.isEmpty else { return true }
    var merged = range
    var first = 0
    while first < count && ranges[first].end < range.start { first &+= 1 }
    var last = first
    while last < count && ranges[last].start <= range.end {
      merged.start = min(merged.start, ranges[last].start)
      merged.end = max(merged.end, ranges[last].end)
      last &+= 1
    }
    return replace(first, last, with: merged, nil)
  }

  /// Takes a range out, cutting those that it overlaps.
  ///
  /// False where cutting one in two needs room for another range.
  public mutating func remove(_ range: PhysicalRange) -> Bool {
    guard !range.isEmpty else { return true }
    let first = firstIndex(endingAfter: range.start)
    var last = first
    while last < count && ranges[last].start < range.end { last &+= 1 }
    guard first < last else { return true }
    let below = PhysicalRange(start: ranges[first].start, end: range.start)
    let above = PhysicalRange(start: range.end, end: ranges[last &- 1].end)
    return replace(
      first, last, with: below.isEmpty ? nil : below, above.isEmpty ? nil : above)
  }

  /// Puts up to two ranges in the place of those from `first` up to `last`.
  private mutating func replace(
    _ first: Int, _ last: Int, with one: PhysicalRange?, _ two: PhysicalRange?
  ) -> Bool {
    let new = (one == nil ? 0 : 1) &+ (two == nil ? 0 : 1)
    let shift = new &- (last &- first)
    guard count &+ shift <= Self.capacity else { return false }
    if shift > 0 {
      var index = count &- 1
      while index >= last {
        ranges[index &+ shift] = ranges[index]
        index &-= 1
      }
    } else if shift < 0 {
      for index in last..<count { ranges[index &+ shift] = ranges[index] }
    }
    count &+= shift
    var place = first
    if let one {
      ranges[place] = one
      place &+= 1
    }
    if let two { ranges[place] = two }
    return true
  }
}
