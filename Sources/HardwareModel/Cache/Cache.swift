import HostPrefetch

/// A cache as a model: which lines it holds, and which of them are dirty; no contents.
///
/// A line is named by its number, address ÷ line size. A way is one word, its tag: the number
/// without the bits that choose the set, plus one, above a bit that says dirty; zero is a way that
/// holds nothing. 32 bits a tag halve what the host has to read for each look-up, and up to sixteen
/// such ways are compared, and moved, at once.
///
/// With an ordered policy a set's ways stand in the order in which they would be kept: under LRU
/// the one used last comes first, under FIFO the one that came last, and the last way is the next
/// victim. With the other policies a line stays in its way. A way that holds nothing is filled
/// before anybody leaves; in an order those stand last.
///
/// Invariant: no set holds a line twice.
@safe struct Cache<Tag: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>: ~Copyable {
  enum Order { case used, came, tree, random }

  /// The sets, each of ``stride`` tags; those behind ``ways`` match nothing.
  let tags: UnsafeMutablePointer<Tag>
  /// The tree of each set, under ``Replacement/treePseudoLRU``.
  let trees: UnsafeMutablePointer<UInt64>?
  private let sets: Int
  let ways: Int
  let stride: Int
  /// Whether a set's ways are compared at once: 4, 8 or 16 of them, or 0.
  let width: Int
  /// `sets - 1` and its bits where that is a mask, else 0.
  let setMask: UInt64
  let setBits: UInt64
  let order: Order
  private var generator: UInt64 = 0

  /// SAFETY: the buffers live as long as this value, which cannot be copied; every row is one of
  /// `0..<sets`.
  init(_ geometry: CacheGeometry) {
    sets = geometry.sets
    ways = geometry.ways
    width = Tag.bitWidth == 32 && ways <= 16 ? (ways <= 4 ? 4 : ways <= 8 ? 8 : 16) : 0
    stride = width == 0 ? ways : width
    let bytes = UnsafeMutableRawPointer.allocate(
      byteCount: sets * stride * MemoryLayout<Tag>.stride, alignment: 64)
    unsafe tags = bytes.bindMemory(to: Tag.self, capacity: sets * stride)
    setBits = Self.setBits(geometry)
    setMask = setBits == 0 ? 0 : UInt64(sets - 1)
    order =
      switch geometry.replacement {
      case .leastRecentlyUsed: .used
      case .firstInFirstOut: .came
      case .treePseudoLRU: .tree
      case .random: .random
      }
    if geometry.replacement == .treePseudoLRU {
      let trees = UnsafeMutablePointer<UInt64>.allocate(capacity: sets)
      unsafe trees.initialize(repeating: 0, count: sets)
      unsafe self.trees = unsafe trees
    } else {
      unsafe trees = nil
    }
    // Any odd start gives the generator its whole period; zero would stand still.
    if case .random(let seed) = geometry.replacement { generator = seed &* 2 &+ 1 }
    dropAll()
  }

  deinit {
    unsafe tags.deallocate()
    unsafe trees?.deallocate()
  }

  /// The bits of a line's number that its set stands for.
  static func setBits(_ geometry: CacheGeometry) -> UInt64 {
    let sets = geometry.sets
    return sets & (sets - 1) == 0 ? UInt64(sets.trailingZeroBitCount) : 0
  }

  /// The bits that a line's number may have.
  static func lineBits(_ geometry: CacheGeometry) -> Int {
    Tag.bitWidth - 2 + Int(setBits(geometry))
  }

  /// Looks a line up, and takes it in where it is not held.
  ///
  /// Write-allocate and write-back: `dirtying` makes it dirty, and a dirty line that has to leave
  /// is the caller's to write back.
  mutating func access(_ line: UInt64, dirtying: Bool) -> CacheOutcome {
    let row = row(of: line)
    let set = unsafe tags + row &* stride
    let wanted = tag(line)
    let dirt: Tag = dirtying ? 1 : 0
    let way = unsafe set[0] & ~1 == wanted ? 0 : find(wanted, in: set)
    if way < 0 { return unsafe insert(wanted | dirt, in: set, row) }
    if order == .used {
      if way == 0 {
        unsafe set[0] |= dirt
      } else {
        unsafe push(set[way] | dirt, through: way, in: set)
      }
    } else {
      unsafe set[way] |= dirt
      if order == .tree { pointAway(from: way, in: row) }
    }
    return .hit
  }

  /// Where its sets are, for whoever has them fetched.
  var places: SetPlaces {
    unsafe SetPlaces(
      base: UnsafeRawPointer(tags), bytes: UInt64(stride * MemoryLayout<Tag>.stride), mask: setMask)
  }

  /// Drops a line that is clean (IC IVAU).
  mutating func drop(_ line: UInt64) {
    let set = unsafe tags + row(of: line) &* stride
    var hole = unsafe find(tag(line), in: set)
    guard hole >= 0 else { return }
    // In an order those behind it move up, so that what is empty stands last.
    if order == .used || order == .came {
      while hole &+ 1 < ways, unsafe set[hole &+ 1] != 0 {
        unsafe set[hole] = set[hole &+ 1]
        hole &+= 1
      }
    }
    unsafe set[hole] = 0
  }

  /// Drops everything (IC IALLU).
  mutating func dropAll() {
    for row in 0..<sets {
      for way in 0..<stride { unsafe tags[row * stride + way] = way < ways ? 0 : .max }
    }
  }
}

/// A set's tags.
extension Cache {
  @inline(__always) func row(of line: UInt64) -> Int {
    Int(truncatingIfNeeded: setBits != 0 || sets == 1 ? line & setMask : line % UInt64(sets))
  }

  /// The tag of a line that is clean.
  @inline(__always) func tag(_ line: UInt64) -> Tag {
    Tag(truncatingIfNeeded: ((line &>> setBits) &+ 1) &<< 1)
  }

  @inline(__always) private func line(_ tag: Tag, in row: Int) -> UInt64 {
    ((UInt64(tag &>> 1) &- 1) &<< setBits) | UInt64(row) & setMask
  }

  /// The way of a tag, or -1.
  @inline(__always) func find(_ wanted: Tag, in set: UnsafeMutablePointer<Tag>) -> Int {
    if width != 0 {
      let narrow = unsafe UnsafeRawPointer(set).assumingMemoryBound(to: UInt32.self)
      let tag = UInt32(truncatingIfNeeded: wanted)
      return Int(unsafe tagWay(narrow, tag, Int32(truncatingIfNeeded: width)))
    }
    var way = 0
    while way < ways {
      if unsafe set[way] & ~1 == wanted { return way }
      way &+= 1
    }
    return -1
  }

  /// Moves the ways before `way` by one, over it, and puts an entry first.
  @inline(__always) func push(
    _ entry: Tag, through way: Int, in set: UnsafeMutablePointer<Tag>
  ) {
    if width != 0 {
      let narrow = unsafe UnsafeMutableRawPointer(set).assumingMemoryBound(to: UInt32.self)
      let tag = UInt32(truncatingIfNeeded: entry)
      let (last, width) = (Int32(truncatingIfNeeded: way), Int32(truncatingIfNeeded: width))
      return unsafe tagPush(narrow, tag, last, width)
    }
    // Carried from place to place: written as a copy it becomes a call of memmove.
    var carried = entry
    var place = 0
    while place <= way {
      let next = unsafe set[place]
      unsafe set[place] = carried
      carried = next
      place &+= 1
    }
  }

  /// Puts in an entry that is not there.
  @inline(__always) mutating func insert(
    _ entry: Tag, in set: UnsafeMutablePointer<Tag>, _ row: Int
  ) -> CacheOutcome {
    let victim: Tag
    if order == .used || order == .came {
      victim = unsafe set[ways &- 1]
      unsafe push(entry, through: ways &- 1, in: set)
    } else {
      var way = unsafe find(0, in: set)
      if way < 0 { way = self.victim(in: row) }
      victim = unsafe set[way]
      unsafe set[way] = entry
      if order == .tree { pointAway(from: way, in: row) }
    }
    return CacheOutcome(isHit: false, dirtyVictim: victim & 1 == 0 ? nil : line(victim, in: row))
  }

  /// Turns the nodes on the way's path to the other side.
  @inline(__always) func pointAway(from way: Int, in row: Int) {
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

/// How a look-up ended.
struct CacheOutcome: BitwiseCopyable {
  let isHit: Bool
  /// The line that has to be written back: a dirty one that had to leave.
  let dirtyVictim: UInt64?

  @inline(__always) static var hit: Self { Self(isHit: true, dirtyVictim: nil) }
}
