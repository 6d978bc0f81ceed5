public import MemoryTypes

/// The shape of a TLB, or of a cache of table entries.
public struct TLBGeometry: Hashable, Sendable {
  public var sets: Int
  public var ways: Int
  public var replacement: Replacement
  /// The sizes that an entry can have, as a set of powers: bit n is 2^n bytes.
  ///
  /// A mapping of another size is held in pieces of the next smaller one.
  public var sizes: UInt64

  /// `sizes` are powers of two; entries of the page size are always there.
  public init(
    entries: Int, ways: Int, sizes: [ByteCount], _ replacement: Replacement = .leastRecentlyUsed
  ) throws(GeometryError) {
    guard entries > 0, ways > 0, entries % ways == 0 else {
      throw GeometryError(
        "a TLB of \(entries) entries cannot have \(ways) ways", hint: "entries = sets × ways")
    }
    try CacheGeometry.check(sets: entries / ways, ways: ways, replacement)
    self.sets = entries / ways
    self.ways = ways
    self.replacement = replacement
    self.sizes = 0
    for size in sizes {
      let bytes = size.rawValue
      guard bytes >= 4096, bytes <= 1 << 42, bytes & (bytes - 1) == 0 else {
        throw GeometryError(
          "no entry has \(bytes) bytes", hint: "a power of two from 4K to 4T")
      }
      self.sizes |= bytes
    }
  }

  public var entries: Int { sets * ways }

  /// The size in which a mapping of 2^`shift` bytes is held where pages have 2^`page`.
  @inline(__always) func heldShift(of shift: UInt64, page: UInt64) -> UInt64 {
    let fitting = sizes & ((2 &<< shift) &- 1)
    return fitting >> page == 0 ? page : UInt64(63 &- fitting.leadingZeroBitCount)
  }
}
