public import MemoryTypes

/// How a cache's slabs are to be made (Linux's SLAB_* flags).
public struct SlabOptions: OptionSet, BitwiseCopyable, Sendable {
  public var rawValue: UInt32
  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// Objects begin on cache lines (SLAB_HWCACHE_ALIGN).
  @inlinable public static var cacheAligned: Self { Self(rawValue: 1) }
  /// Counted as reclaimable (SLAB_RECLAIM_ACCOUNT).
  @inlinable public static var reclaimable: Self { Self(rawValue: 2) }
  /// Charged to a control group (SLAB_ACCOUNT).
  @inlinable public static var account: Self { Self(rawValue: 4) }
}

/// What `/proc/slabinfo` says of a cache.
public struct SlabFigures: Sendable {
  public var name: StaticString
  public var activeObjects: Int
  public var objects: Int
  public var objectSize: ByteCount
  public var objectsPerSlab: Int
  public var pagesPerSlab: Int
  public var slabs: Int
  /// What our own object takes of that.
  public var ownSize: ByteCount
}
