/// What a way of a set holds.
protocol WayEntry: BitwiseCopyable {
  /// A way that holds nothing.
  static var none: Self { get }
  var isNone: Bool { get }
}

/// Entries in sets of ways, and who goes when a set is full: as TLBs have them.
///
/// With an ordered policy a set's ways stand in the order in which they would be kept: under LRU
/// the one used last comes first, under FIFO the one that came last, and the last way is the next
/// victim. Using an entry moves it and those before it by one, which is cheaper than times of use,
/// as most uses find the first way (`Documentation/Theory/HardwareModel.md`). With the other
/// policies an entry stays in its way. A way that holds nothing is filled before anybody leaves.
///
/// Invariant: no set holds two entries that one look-up would match; that is the caller's, who
/// looks before it inserts.
@safe struct WaySets<Entry: WayEntry>: ~Copyable {
  /// `sets × ways` entries, a set's ways together.
  private let entries: UnsafeMutablePointer<Entry>
  /// The tree of each set, under ``Replacement/treePseudoLRU``.
  private let trees: UnsafeMutablePointer<UInt64>?
  let sets: Int
  let ways: Int
  /// `sets - 1`, and whether that is a mask.
  private let mask: UInt64
  private let isMask: Bool
  private let isOrdered: Bool
  private let movesOnUse: Bool
  /// Whether using the first way changes anything.
  let notesFirst: Bool
  private var generator: UInt64 = 0

  /// SAFETY: both buffers live as long as this value, which cannot be copied, and every row is one
  /// of `0..<sets`.
  init(sets: Int, ways: Int, _ policy: Replacement) {
    // A set of 64 bytes then is one line of the host.
    let bytes = UnsafeMutableRawPointer.allocate(
      byteCount: sets * ways * MemoryLayout<Entry>.stride, alignment: 64)
    unsafe entries = bytes.bindMemory(to: Entry.self, capacity: sets * ways)
    unsafe entries.initialize(repeating: .none, count: sets * ways)
    self.sets = sets
    self.ways = ways
    mask = UInt64(sets - 1)
    isMask = sets & (sets - 1) == 0
    isOrdered = policy.isOrdered
    movesOnUse = policy == .leastRecentlyUsed
    notesFirst = policy == .treePseudoLRU
    if policy == .treePseudoLRU {
      let trees = UnsafeMutablePointer<UInt64>.allocate(capacity: sets)
      unsafe trees.initialize(repeating: 0, count: sets)
      unsafe self.trees = unsafe trees
    } else {
      unsafe trees = nil
    }
    // Any odd start gives the generator its whole period; zero would stand still.
    if case .random(let seed) = policy { generator = seed &* 2 &+ 1 }
  }

  deinit {
    unsafe entries.deallocate()
    unsafe trees?.deallocate()
  }

  /// The set of a number: of a line, or of a page.
  @inline(__always) func row(of number: UInt64) -> Int {
    let index = isMask ? number & mask : number % UInt64(sets)
    return Int(truncatingIfNeeded: index)
  }

  /// An entry; writing it changes what it says, not where it stands.
  @inline(__always) subscript(row: Int, way: Int) -> Entry {
    get { unsafe entries[row &* ways &+ way] }
    set { unsafe entries[row &* ways &+ way] = newValue }
  }

  /// The way of a set whose entry matches, or -1.
  @inline(__always) func find(in row: Int, where matches: (Entry) -> Bool) -> Int {
    let first = unsafe entries + row &* ways
    var way = 0
    while way < ways {
      if matches(unsafe first[way]) { return way }
      way &+= 1
    }
    return -1
  }

  /// Notes that an entry was used; where it stands now.
  @inline(__always) mutating func use(_ way: Int, in row: Int) -> Int {
    if movesOnUse {
      if way != 0 { moveToFront(way, in: row) }
      return 0
    }
    if unsafe trees != nil { pointAway(from: way, in: row) }
    return way
  }

  /// Puts an entry that a set does not hold into it; who left, if anybody.
  @inline(__always) mutating func insert(_ entry: Entry, in row: Int) -> Entry {
    let first = unsafe entries + row &* ways
    // Holes stand last: the order of what is held stays.
    if isOrdered { return unsafe pushDown(entry, first, through: ways &- 1) }
    var way = find(in: row) { $0.isNone }
    if way < 0 { way = victim(in: row) }
    let victim = unsafe first[way]
    unsafe first[way] = entry
    _ = use(way, in: row)
    return victim
  }

  /// Removes the entry of a way; those behind it in an order move up, so that what is empty stands
  /// last.
  mutating func remove(_ way: Int, in row: Int) {
    var hole = way
    if isOrdered {
      while hole &+ 1 < ways, !self[row, hole &+ 1].isNone {
        self[row, hole] = self[row, hole &+ 1]
        hole &+= 1
      }
    }
    self[row, hole] = .none
  }

  /// Removes everything.
  mutating func removeAll() {
    unsafe entries.update(repeating: .none, count: sets * ways)
  }

  @inline(__always) private func moveToFront(_ way: Int, in row: Int) {
    let first = unsafe entries + row &* ways
    unsafe pushDown(first[way], first, through: way)
  }

  /// Puts an entry first, moves those before `end` by one, and gives back who was at `end`.
  ///
  /// A few entries are carried from place to place: as a copy they become a call of memmove, which
  /// costs more than the moves.
  @inline(__always) @discardableResult private func pushDown(
    _ entry: Entry, _ first: UnsafeMutablePointer<Entry>, through end: Int
  ) -> Entry {
    if end >= 8 {
      let left = unsafe first[end]
      unsafe (first + 1).update(from: first, count: end)
      unsafe first[0] = entry
      return left
    }
    var carried = entry
    var way = 0
    while way <= end {
      let next = unsafe first[way]
      unsafe first[way] = carried
      carried = next
      way &+= 1
    }
    return carried
  }

  /// Turns the nodes on the way's path to the other side.
  private func pointAway(from way: Int, in row: Int) {
    guard let trees = unsafe trees else { return }
    unsafe trees[row] = PseudoLRUTree.turned(trees[row], awayFrom: way, of: ways)
  }

  /// Who leaves a full set, where the ways are in no order.
  private mutating func victim(in row: Int) -> Int {
    guard let trees = unsafe trees else {
      return RandomWay.next(&generator, of: ways)
    }
    return unsafe PseudoLRUTree.victim(trees[row], of: ways)
  }
}
