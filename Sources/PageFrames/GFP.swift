/// What an allocation may do and where it may go, in Linux's bits (include/linux/gfp_types.h), so
/// that a report prints the same mask.
public struct GFP: OptionSet, BitwiseCopyable, Hashable, Sendable {
  public var rawValue: UInt32
  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }

  @inlinable public static var dma: GFP { GFP(rawValue: 0x01) }
  @inlinable public static var highMemory: GFP { GFP(rawValue: 0x02) }
  @inlinable public static var dma32: GFP { GFP(rawValue: 0x04) }
  @inlinable public static var movable: GFP { GFP(rawValue: 0x08) }
  /// Reclaimable kernel memory, as a cache of inodes.
  @inlinable public static var reclaimable: GFP { GFP(rawValue: 0x10) }
  /// May use part of the reserves (`__GFP_HIGH`).
  @inlinable public static var high: GFP { GFP(rawValue: 0x20) }
  @inlinable public static var io: GFP { GFP(rawValue: 0x40) }
  @inlinable public static var fs: GFP { GFP(rawValue: 0x80) }
  /// The frames must be all zeros.
  @inlinable public static var zero: GFP { GFP(rawValue: 0x100) }
  @inlinable public static var directReclaim: GFP { GFP(rawValue: 0x400) }
  @inlinable public static var kswapdReclaim: GFP { GFP(rawValue: 0x800) }
  @inlinable public static var noWarn: GFP { GFP(rawValue: 0x2000) }
  /// Is to try hard, but nobody is killed for it (`__GFP_RETRY_MAYFAIL`).
  @inlinable public static var retryMayFail: GFP { GFP(rawValue: 0x4000) }
  @inlinable public static var noRetry: GFP { GFP(rawValue: 0x10000) }
  /// May use all reserves: the allocation helps to free memory (`__GFP_MEMALLOC`).
  @inlinable public static var memoryAllocator: GFP { GFP(rawValue: 0x20000) }
  @inlinable public static var compound: GFP { GFP(rawValue: 0x40000) }
  /// Must not use the reserves (`__GFP_NOMEMALLOC`).
  @inlinable public static var noReserves: GFP { GFP(rawValue: 0x80000) }
  @inlinable public static var hardWall: GFP { GFP(rawValue: 0x100000) }
  @inlinable public static var account: GFP { GFP(rawValue: 0x400000) }

  /// The kernel's own use: `GFP_KERNEL`.
  @inlinable public static var kernel: GFP { GFP(rawValue: 0xcc0) }
  /// Must not wait, and may dip into the reserves: `GFP_ATOMIC`.
  @inlinable public static var atomic: GFP { GFP(rawValue: 0xa20) }
  /// A page of a program: `GFP_HIGHUSER_MOVABLE`.
  @inlinable public static var highUserMovable: GFP { GFP(rawValue: 0x100cca) }
  /// `__GFP_ATOMIC`, a part of ``atomic``.
  @inlinable static var atomicBit: GFP { GFP(rawValue: 0x200) }

  /// The kind of page block to take from (`gfp_migratetype()`).
  @inlinable public var migrateType: MigrateType {
    MigrateType(rawValue: UInt8(truncatingIfNeeded: (rawValue &>> 3) & 3)) ?? .unmovable
  }

  /// The highest zone that will do (`gfp_zone()`).
  @inlinable public var highestZone: ZoneIndex {
    if contains(.dma) { return .dma }
    if contains(.dma32) { return .dma32 }
    return contains([.movable, .highMemory]) ? .movable : .normal
  }
}
