/// How a cache's slabs are to be made, in Linux's bits (include/linux/slab.h: SLAB_*), so that a
/// module's flags need no translation.
public struct SlabOptions: OptionSet, BitwiseCopyable, Sendable {
  public var rawValue: UInt32
  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// Objects begin on cache lines (SLAB_HWCACHE_ALIGN).
  @inlinable public static var cacheAligned: Self { Self(rawValue: 0x2000) }
  /// From the zone for devices (SLAB_CACHE_DMA).
  @inlinable public static var dma: Self { Self(rawValue: 0x4000) }
  @inlinable public static var dma32: Self { Self(rawValue: 0x8000) }
  /// Counted as reclaimable (SLAB_RECLAIM_ACCOUNT).
  @inlinable public static var reclaimable: Self { Self(rawValue: 0x2_0000) }
  /// A failure to make the cache is the end of the kernel (SLAB_PANIC); the caller's affair.
  @inlinable public static var panic: Self { Self(rawValue: 0x4_0000) }
  /// A freed object's memory stays an object's until every reader is gone
  /// (SLAB_TYPESAFE_BY_RCU): the free list's link lies behind the object.
  @inlinable public static var typesafeByRCU: Self { Self(rawValue: 0x8_0000) }
  /// Charged to a control group (SLAB_ACCOUNT).
  @inlinable public static var account: Self { Self(rawValue: 0x400_0000) }
  /// Every allocation and free is told to the ``SlabHooks`` (SLAB_KASAN).
  @inlinable public static var checked: Self { Self(rawValue: 0x800_0000) }
  /// What Linux makes with a constructor: its link lies behind the object as well.
  ///
  /// For typed caches, whose objects need no constructor. A bit that Linux has no use for.
  @inlinable public static var constructed: Self { Self(rawValue: 1) }
  /// Shares its slabs with no other cache.
  ///
  /// Linux says the same with a region for user copies, or a reference count below 0.
  @inlinable public static var alone: Self { Self(rawValue: 2) }

  /// SLAB_NEVER_MERGE: debugging, RCU, no leak trace, injected faults, KASAN.
  static var neverMerge: Self {
    [
      Self(rawValue: 0x100 | 0x400 | 0x800 | 0x1_0000 | 0x20_0000 | 0x80_0000 | 0x200_0000),
      .typesafeByRCU, .checked, .constructed, .alone,
    ]
  }
  /// SLAB_MERGE_SAME: caches that differ in one of these do not merge.
  static var mergeSame: Self { [.reclaimable, .dma, .dma32, .account] }
  /// SLAB_FLAGS_PERMITTED, and ours.
  static var permitted: Self {
    [
      Self(
        rawValue: 0x100 | 0x400 | 0x800 | 0x1_0000 | 0x10_0000 | 0x20_0000 | 0x80_0000
          | 0x200_0000 | 0x1000_0000), .cacheAligned, .dma, .dma32, .reclaimable, .panic,
      .typesafeByRCU, .account, .checked, .constructed, .alone,
    ]
  }
}
