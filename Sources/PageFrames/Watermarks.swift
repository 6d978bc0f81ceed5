public import MemoryTypes

/// A zone's limits of free frames, and the formulas behind them: all as mm/page_alloc.c has them.
///
/// ```
///   free ── high   kswapd, once woken, frees up to here
///        ── low    below it kswapd is woken
///        ── min    below it only those may go who help to free memory, or cannot wait
/// ```
public struct Watermarks: BitwiseCopyable, Hashable, Sendable {
  public var min = 0
  public var low = 0
  public var high = 0

  public init() {}

  /// A zone's share of the reserve, and the distances above it (`__setup_per_zone_wmarks()`).
  ///
  /// - Parameter scale: `vm.watermark_scale_factor`, in ten-thousandths.
  public init(
    managed: Int, ofAll all: Int, minFree: ByteCount, pageSize: PageSize, scale: Int = 10
  ) {
    guard all > 0 else { return }
    let reserve = Int(minFree.wholePages(of: pageSize).rawValue)
    min = reserve &* managed / all
    let distance = Swift.max(min / 4, managed &* scale / 10000)
    low = min &+ distance
    high = low &+ distance
  }

  /// `vm.min_free_kbytes`: 4 √(kilobytes of memory), 128K to 256M
  /// (`calculate_min_free_kbytes()`).
  public static func minFree(lowMemory pages: Int, pageSize: PageSize) -> ByteCount {
    let kibibytes = PageCount(UInt64(pages)).bytes(of: pageSize).kibibytes
    return .kibibytes(Swift.min(Swift.max(squareRoot(kibibytes &* 16), 128), 262144))
  }

  /// What `vm.min_free_kbytes` becomes with huge pages: eleven page blocks a zone, but no more than
  /// a twentieth of memory (`set_recommended_min_free_kbytes()`).
  public static func recommendedMinFree(
    zones: Int, freeBuffer pages: Int, geometry: BlockGeometry
  ) -> ByteCount {
    let perCPUTypes = MigrateType.perCPUCount
    let wanted =
      Int(geometry.pageblock.pages.rawValue) &* zones &* (2 &+ perCPUTypes &* perCPUTypes)
    return PageCount(UInt64(Swift.min(wanted, pages / 20))).bytes(of: geometry.pageSize)
  }

  /// The largest integer whose square is not above the number (`int_sqrt()`).
  public static func squareRoot(_ number: UInt64) -> UInt64 {
    var root: UInt64 = 0
    var bit: UInt64 = 1 &<< 31
    while bit > 0 {
      let next = root | bit
      if next &* next <= number { root = next }
      bit &>>= 1
    }
    return root
  }
}

/// How many frames a per-CPU list holds and moves at a time.
public struct PageSetLimits: BitwiseCopyable, Hashable, Sendable {
  /// Frames moved between the per-CPU lists and the zone at a time.
  public var batch: Int
  /// When the lists hold that many, some go back.
  public var high: Int

  /// As `zone_batchsize()` and `zone_highsize()`: a thousandth of the zone or 1 MiB, a quarter of
  /// it, made one less than a power of two; the low watermark shared among the processors.
  public init(managed: Int, low: Int, cpus: Int, pageSize: PageSize) {
    var size = Swift.min(
      managed &>> 10, Int(ByteCount.mebibytes(1).wholePages(of: pageSize).rawValue))
    size = Swift.max(size / 4, 1)
    size &+= size / 2
    let power = 1 &<< (Int.bitWidth &- 1 &- size.leadingZeroBitCount)
    batch = Swift.max(power &- 1, 1)
    high = Swift.max(low / Swift.max(cpus, 1), batch &<< 2)
  }

  /// How far a processor's own counters may run ahead (`calculate_normal_threshold()`).
  public static func statThreshold(managed: Int, cpus: Int, pageSize: PageSize) -> Int {
    func bits(_ n: Int) -> Int { Int.bitWidth &- n.leadingZeroBitCount }
    let blocks = managed &>> Int(27 &- pageSize.shift)
    return Swift.min(125, 2 &* bits(cpus) &* (1 &+ bits(blocks)))
  }
}
