/// Where the fields of glibc's structures lie on a 64-bit machine, in bytes from their start.
///
/// `malloc_state`, `malloc_chunk` and the tcache are the same in all versions that are built; the
/// others are a value for a version.
public struct GlibcLayout: Sendable {
  /// `struct malloc_state`, an arena.
  public enum State {
    @inlinable public static var mutex: UInt64 { 0 }
    @inlinable public static var flags: UInt64 { 4 }
    @inlinable public static var haveFastChunks: UInt64 { 8 }
    @inlinable public static var fastbins: UInt64 { 16 }
    @inlinable public static var top: UInt64 { 96 }
    @inlinable public static var lastRemainder: UInt64 { 104 }
    @inlinable public static var bins: UInt64 { 112 }
    @inlinable public static var binmap: UInt64 { 2144 }
    @inlinable public static var next: UInt64 { 2160 }
    @inlinable public static var nextFree: UInt64 { 2168 }
    @inlinable public static var attachedThreads: UInt64 { 2176 }
    @inlinable public static var systemMem: UInt64 { 2184 }
    @inlinable public static var maxSystemMem: UInt64 { 2192 }
    @inlinable public static var size: UInt64 { 2200 }
    /// NFASTBINS.
    @inlinable public static var fastbinCount: UInt64 { 10 }
    /// NBINS: bin 0 does not exist, 1 is the unsorted one, 2 to 63 are small, the others large.
    @inlinable public static var binCount: UInt64 { 128 }
    /// NONCONTIGUOUS_BIT of the flags.
    @inlinable public static var nonContiguous: UInt32 { 2 }
  }

  /// `struct malloc_chunk`.
  public enum Header {
    @inlinable public static var prevSize: UInt64 { 0 }
    @inlinable public static var size: UInt64 { 8 }
    @inlinable public static var fd: UInt64 { 16 }
    @inlinable public static var bk: UInt64 { 24 }
    @inlinable public static var fdNextSize: UInt64 { 32 }
    @inlinable public static var bkNextSize: UInt64 { 40 }
    /// CHUNK_HDR_SZ: from a chunk to its memory.
    @inlinable public static var length: UInt64 { 16 }
    @inlinable public static var prevInUse: UInt64 { 1 }
    @inlinable public static var isMapped: UInt64 { 2 }
    @inlinable public static var nonMainArena: UInt64 { 4 }
    /// SIZE_BITS.
    @inlinable public static var flags: UInt64 { 7 }
    /// MINSIZE.
    @inlinable public static var minimum: UInt64 { 32 }
  }

  /// `struct tcache_perthread_struct`, and an entry: `next` at 0, `key` at 8 of the memory.
  public struct TCache: Sendable {
    /// TCACHE_MAX_BINS.
    @inlinable public static var binCount: UInt64 { 64 }
    /// The lists; before them a count of 16 bits for each.
    @inlinable public static var entries: UInt64 { 2 &* binCount }
    @inlinable public static var size: UInt64 { entries &+ 8 &* binCount }
    /// Whether an entry's key is a random number; else it is the address of the tcache.
    public let hasRandomKey: Bool
  }

  /// `struct _heap_info`, the start of each heap of a thread arena.
  public struct HeapInfo: Sendable {
    @inlinable public static var arena: UInt64 { 0 }
    @inlinable public static var previous: UInt64 { 8 }
    @inlinable public static var sizeField: UInt64 { 16 }
    @inlinable public static var mprotectSize: UInt64 { 24 }
    /// Not in 2.31.
    public let pageSize: UInt64?
    /// The structure's own size; in the first heap of an arena its malloc_state follows.
    public let size: UInt64
  }

  /// `struct malloc_par`, the `mp_` of the C library.
  public struct Parameters: Sendable {
    @inlinable public static var trimThreshold: UInt64 { 0 }
    @inlinable public static var topPad: UInt64 { 8 }
    @inlinable public static var mmapThreshold: UInt64 { 16 }
    @inlinable public static var arenaTest: UInt64 { 24 }
    @inlinable public static var arenaMax: UInt64 { 32 }
    /// `thp_pagesize`, then `hp_pagesize`, then `hp_flags` of 32 bits; not in 2.31.
    public let hugePages: UInt64?
    /// `n_mmaps`, `n_mmaps_max`, `max_n_mmaps`, `no_dyn_threshold`, 32 bits each.
    public let mmapCounts: UInt64
    public let mmappedMem: UInt64
    @inlinable public var maxMmappedMem: UInt64 { mmappedMem &+ 8 }
    @inlinable public var sbrkBase: UInt64 { mmappedMem &+ 16 }
    @inlinable public var tcacheBins: UInt64 { mmappedMem &+ 24 }
    @inlinable public var tcacheMaxBytes: UInt64 { mmappedMem &+ 32 }
    @inlinable public var tcacheCount: UInt64 { mmappedMem &+ 40 }
    @inlinable public var tcacheUnsortedLimit: UInt64 { mmappedMem &+ 48 }
    @inlinable public var size: UInt64 { mmappedMem &+ 56 }
  }

  public let version: GlibcVersion
  public let tcache: TCache
  public let heapInfo: HeapInfo
  public let parameters: Parameters
  /// How far the address of a link is shifted before it is mixed in: 12, or 63 for not at all.
  ///
  /// PROTECT_PTR, not in 2.31; bit 63 of an address of a program is 0.
  public let linkShift: UInt64

  /// The layout of that version.
  public init(_ version: GlibcVersion) {
    self.version = version
    let hasHugePages = version >= .v2_36
    tcache = TCache(hasRandomKey: version >= .v2_36)
    heapInfo = HeapInfo(pageSize: hasHugePages ? 32 : nil, size: hasHugePages ? 48 : 32)
    parameters = Parameters(
      hugePages: hasHugePages ? 40 : nil, mmapCounts: hasHugePages ? 60 : 40,
      mmappedMem: hasHugePages ? 80 : 56)
    linkShift = version >= .v2_36 ? 12 : 63
  }
}
