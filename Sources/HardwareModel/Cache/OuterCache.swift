/// A cache behind the first level, which may be large: its tags are as narrow as addresses allow.
///
/// With 32 bits a tag, sixteen ways are one line of the host; that decides over the speed of
/// accesses that miss.
struct OuterCache: ~Copyable {
  private var narrow: Cache<UInt32>
  private var wide: Cache<UInt64>
  private let isWide: Bool

  /// A cache for lines whose numbers have so many bits.
  init(_ geometry: CacheGeometry, lineBits: Int) {
    isWide = lineBits >= CacheLine<UInt32>.lineBits
    narrow = Cache(isWide ? .absent : geometry)
    wide = Cache(isWide ? geometry : .absent)
  }

  @inline(__always) mutating func access(_ line: UInt64) -> CacheOutcome {
    isWide ? wide.access(line, dirtying: false) : narrow.access(line, dirtying: false)
  }

  @inline(__always) mutating func writeBack(_ line: UInt64) -> CacheOutcome {
    isWide ? wide.writeBack(line) : narrow.writeBack(line)
  }

  @inline(__always) func prefetch(_ line: UInt64) {
    if isWide { wide.prefetch(line) } else { narrow.prefetch(line) }
  }
}
