public import MemoryTypes

/// One TLB by itself, for whoever wants to know nothing but what it misses: pages of one size, one
/// address space, LRU.
///
/// An access that touches two pages looks both up. Counts are those of a ``CoreModel``'s data TLB
/// of the same shape where nothing but loads and stores of mapped pages happens.
@safe public struct TLBModel: ~Copyable {
  private let tags: UnsafeMutablePointer<UInt64>
  private let sets: Int
  private let ways: Int
  private let setMask: UInt64
  private let isMask: Bool
  private let pageShift: UInt64
  public private(set) var lookUps: UInt64 = 0
  public private(set) var misses: UInt64 = 0

  /// SAFETY: the buffer lives as long as this value, and a row is one of `0..<sets`.
  public init(sets: Int, ways: Int, pageSize: PageSize) throws(GeometryError) {
    try CacheGeometry.check(sets: sets, ways: ways, .leastRecentlyUsed)
    self.sets = sets
    self.ways = ways
    setMask = sets & (sets - 1) == 0 ? UInt64(sets - 1) : 0
    isMask = sets & (sets - 1) == 0
    pageShift = pageSize.shift
    unsafe tags = .allocate(capacity: sets * ways)
    unsafe tags.initialize(repeating: .max, count: sets * ways)
  }

  deinit { unsafe tags.deallocate() }

  /// Looks up every access.
  public mutating func run(_ records: UnsafeBufferPointer<AccessRecord>) {
    guard let base = records.baseAddress else { return }
    // Constant numbers of ways become straight code.
    switch ways {
    case 4: unsafe run(base, records.count, ways: 4)
    case 5: unsafe run(base, records.count, ways: 5)
    case 8: unsafe run(base, records.count, ways: 8)
    default: unsafe run(base, records.count, ways: ways)
    }
  }

  @inline(__always) private mutating func run(
    _ records: UnsafePointer<AccessRecord>, _ count: Int, ways: Int
  ) {
    let mask = AccessRecord.addressMask & ~((1 &<< pageShift) &- 1)
    var crossings: UInt64 = 0
    var misses = misses
    var index = 0
    while index < count {
      let word = unsafe records[index].rawValue
      let last = word &+ ((word &>> 53) & 127) &- 1
      index &+= 1
      let page = (word & mask) &>> pageShift
      let set = unsafe set(of: page, ways)
      if unsafe (set[0] ^ page) | ((word ^ last) & mask) == 0 { continue }
      misses &+= unsafe look(page, in: set, ways)
      if (word ^ last) & mask != 0 && (word &>> 53) & 127 != 0 {
        crossings &+= 1
        let other = (last & mask) &>> pageShift
        misses &+= unsafe look(other, in: self.set(of: other, ways), ways)
      }
    }
    self.misses = misses
    lookUps &+= UInt64(truncatingIfNeeded: count) &+ crossings
  }

  @inline(__always) private func set(of page: UInt64, _ ways: Int)
    -> UnsafeMutablePointer<UInt64>
  {
    let row = isMask ? page & setMask : page % UInt64(sets)
    return unsafe tags + Int(truncatingIfNeeded: row) &* ways
  }

  /// 1 if a page has to be taken in.
  @inline(__always) private func look(
    _ page: UInt64, in set: UnsafeMutablePointer<UInt64>, _ ways: Int
  ) -> UInt64 {
    if unsafe set[0] == page { return 0 }
    // Each page before the one that is found, or every one, goes one further.
    var carried = page
    var way = 0
    while way < ways {
      let next = unsafe set[way]
      unsafe set[way] = carried
      if next == page { return 0 }
      carried = next
      way &+= 1
    }
    return 1
  }
}
