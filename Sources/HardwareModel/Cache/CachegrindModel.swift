import MemoryTypes

/// Caches by the rules of `valgrind --tool=cachegrind`, so that its counts can be had of any trace,
/// and the caches of this room be held against an implementation that others trust.
///
/// Its rules differ from ``CoreModel``'s in this: addresses are virtual, and nothing is translated;
/// nothing is written back; an access that crosses the end of a line uses both lines and is one miss
/// where either is missing, which then asks the last level for both; an instruction that reads and
/// writes the same place is a read; replacement is LRU (cachegrind/cg_sim.c,
/// cachesim_setref_is_miss()).
public struct CachegrindModel: ~Copyable {
  private var instructions: Cache<UInt64>
  private var data: Cache<UInt64>
  private var last: Cache<UInt64>
  private let geometries: (CacheGeometry, CacheGeometry, CacheGeometry)
  public private(set) var counts = Counts()

  /// What cachegrind prints, under its own names.
  public struct Counts: Hashable, Sendable {
    public var Ir: UInt64 = 0
    public var I1mr: UInt64 = 0
    public var ILmr: UInt64 = 0
    public var Dr: UInt64 = 0
    public var D1mr: UInt64 = 0
    public var DLmr: UInt64 = 0
    public var Dw: UInt64 = 0
    public var D1mw: UInt64 = 0
    public var DLmw: UInt64 = 0

    public init() {}
  }

  public init(instructions: CacheGeometry, data: CacheGeometry, last: CacheGeometry) {
    self.instructions = Cache(instructions)
    self.data = Cache(data)
    self.last = Cache(last)
    geometries = (instructions, data, last)
  }

  public mutating func access(_ record: AccessRecord) {
    let first = record.address.rawValue
    let end = first &+ max(record.size, 1) &- 1
    switch record.kind {
    case .fetch:
      counts.Ir &+= 1
      guard Self.misses(&instructions, geometries.0, first, end) else { return }
      counts.I1mr &+= 1
      if Self.misses(&last, geometries.2, first, end) { counts.ILmr &+= 1 }
    case .load:
      counts.Dr &+= 1
      guard Self.misses(&data, geometries.1, first, end) else { return }
      counts.D1mr &+= 1
      if Self.misses(&last, geometries.2, first, end) { counts.DLmr &+= 1 }
    case .store, .clear:
      counts.Dw &+= 1
      guard Self.misses(&data, geometries.1, first, end) else { return }
      counts.D1mw &+= 1
      if Self.misses(&last, geometries.2, first, end) { counts.DLmw &+= 1 }
    }
  }

  private static func misses(
    _ cache: inout Cache<UInt64>, _ geometry: CacheGeometry, _ first: UInt64, _ end: UInt64
  ) -> Bool {
    let shift = UInt64(geometry.line.trailingZeroBitCount)
    let isFirstHit = cache.access(first &>> shift, dirtying: false).isHit
    if first &>> shift == end &>> shift { return !isFirstHit }
    let isEndHit = cache.access(end &>> shift, dirtying: false).isHit
    return !isFirstHit || !isEndHit
  }
}
