/// A cache as a model: which lines it holds, and which of them are dirty; no contents.
///
/// A line is named by its number, address ÷ line size. `Tag` holds the number above one bit that
/// says dirty; zero is a way that holds nothing. 32 bits do where physical addresses have 36, and
/// halve what the host has to read for each look-up.
struct Cache<Tag: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>: ~Copyable {
  private var sets: WaySets<CacheLine<Tag>>

  init(_ geometry: CacheGeometry) {
    sets = WaySets(sets: geometry.sets, ways: geometry.ways, geometry.replacement)
  }

  /// Looks a line up, and takes it in where it is not held.
  ///
  /// Write-allocate and write-back: `dirtying` makes it dirty, and a dirty line that has to leave
  /// is the caller's to write back.
  @inline(__always) mutating func access(_ line: UInt64, dirtying: Bool) -> CacheOutcome {
    let row = sets.row(of: line)
    let wanted = CacheLine<Tag>(line, isDirty: dirtying)
    let way = sets.scan(row) { $0.isSameLine(as: wanted) }
    if way >= 0 {
      let now = sets.use(way, in: row)
      if dirtying { sets[row, now].makeDirty() }
      return .hit
    }
    return .miss(replacing: sets.insert(wanted, in: row))
  }

  /// Takes a dirty line from the cache before this one.
  ///
  /// A line that is held becomes dirty and keeps its place: it is not the program that asks.
  @inline(__always) mutating func writeBack(_ line: UInt64) -> CacheOutcome {
    let row = sets.row(of: line)
    let wanted = CacheLine<Tag>(line, isDirty: true)
    let way = sets.scan(row) { $0.isSameLine(as: wanted) }
    if way >= 0 {
      sets[row, way].makeDirty()
      return .hit
    }
    return .miss(replacing: sets.insert(wanted, in: row))
  }

  /// Has the host fetch what a look-up of a line will read.
  @inline(__always) func prefetch(_ line: UInt64) { sets.prefetch(sets.row(of: line)) }

  /// Drops a line that is clean (IC IVAU).
  mutating func drop(_ line: UInt64) {
    let row = sets.row(of: line)
    let wanted = CacheLine<Tag>(line, isDirty: false)
    let way = sets.scan(row) { $0.isSameLine(as: wanted) }
    if way >= 0 { sets.remove(way, in: row) }
  }

  /// Drops everything (IC IALLU).
  mutating func dropAll() { sets.removeAll() }
}

/// What a way of a cache holds.
struct CacheLine<Tag: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>: WayEntry {
  /// The line's number plus one, above the bit that says dirty.
  private var tag: Tag

  @inline(__always) init(_ line: UInt64, isDirty: Bool) {
    tag = Tag(truncatingIfNeeded: (line &+ 1) &<< 1) | (isDirty ? 1 : 0)
  }

  private init(tag: Tag) { self.tag = tag }

  @inline(__always) static var none: Self { Self(tag: 0) }
  @inline(__always) var isNone: Bool { tag == 0 }
  @inline(__always) var isDirty: Bool { tag & 1 != 0 }
  @inline(__always) var line: UInt64 { UInt64(tag &>> 1) &- 1 }
  @inline(__always) func isSameLine(as other: Self) -> Bool { (tag ^ other.tag) & ~1 == 0 }
  @inline(__always) mutating func makeDirty() { tag |= 1 }

  /// The bits that a line's number may have.
  static var lineBits: Int { Tag.bitWidth - 1 }
}

/// How a look-up ended.
struct CacheOutcome: BitwiseCopyable {
  let isHit: Bool
  /// The line that has to be written back: a dirty one that had to leave.
  let dirtyVictim: UInt64?

  @inline(__always) static var hit: Self { Self(isHit: true, dirtyVictim: nil) }
  @inline(__always) static func miss<Tag>(replacing victim: CacheLine<Tag>) -> Self {
    Self(isHit: false, dirtyVictim: victim.isDirty ? victim.line : nil)
  }
}
