/// The memory hardware of a core: what a preset's file describes, without its latencies.
public struct CoreGeometry: Hashable, Sendable {
  public var instructionTLB: TLBGeometry
  public var dataTLB: TLBGeometry
  /// The second level, for instructions and data.
  public var sharedTLB: TLBGeometry?
  /// What a walk remembers of the tables on its way; an entry is for what a descriptor covers.
  public var walkCache: TLBGeometry?
  public var instructionCache: CacheGeometry
  public var dataCache: CacheGeometry
  public var secondCache: CacheGeometry?
  /// The last level, which a cluster or the system shares.
  public var lastCache: CacheGeometry?
  /// Whether walks read descriptors through the L1 data cache, or begin at the second level.
  public var walksThroughDataCache: Bool

  public init(
    instructionTLB: TLBGeometry, dataTLB: TLBGeometry, sharedTLB: TLBGeometry?,
    walkCache: TLBGeometry?, instructionCache: CacheGeometry, dataCache: CacheGeometry,
    secondCache: CacheGeometry?, lastCache: CacheGeometry?, walksThroughDataCache: Bool
  ) throws(GeometryError) {
    let line = dataCache.line
    for cache in [instructionCache, secondCache, lastCache] {
      guard cache == nil || cache?.line == line else {
        throw GeometryError(
          "the caches have lines of \(line) and of \(cache?.line ?? 0) bytes",
          hint: "one size for all caches of a core")
      }
    }
    self.instructionTLB = instructionTLB
    self.dataTLB = dataTLB
    self.sharedTLB = sharedTLB
    self.walkCache = walkCache
    self.instructionCache = instructionCache
    self.dataCache = dataCache
    self.secondCache = secondCache
    self.lastCache = lastCache
    self.walksThroughDataCache = walksThroughDataCache
  }
}
