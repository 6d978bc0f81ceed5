/// One page frame of RAM: who owns it and in what state it is.
///
/// Linux's `struct page`, 64 bytes.
///
/// All-zero bytes are a valid frame, one that nobody has touched: reserved at boot, or inside a
/// block whose first frame speaks for it. So the frame table of a fresh machine needs no writing.
///
/// | field | owner |
/// |---|---|
/// | `links` | whoever's list the frame is in: buddy, per-CPU list, slab, and in time the LRU |
/// | `state` | the frame allocator while the frame is free; then its owner says what it is |
/// | `blockOrder` | the frame allocator |
/// | `flags`, `mapping`, `index`, `privateWord`, `mapCount` | the owner that `state` names |
/// | `referenceCount` | everyone who holds the frame; 0 exactly while it is free or untouched |
/// | `charge` | the number of the memory group it is charged to, 0 for the root |
/// | `pageblock` | the frame allocator: it speaks for the page block that begins here |
public struct Frame: ~Copyable {
  @usableFromInline var links: FrameLinks
  /// What the frame is; for a block, what its first frame says.
  public var state: State
  /// The order of the block that begins here, free or not.
  public internal(set) var blockOrder: UInt8
  /// How many locked areas map it, while it is unevictable (`mlock_count`).
  @usableFromInline var lockCount: UInt16
  public var flags: Flags
  /// The owner's word: an address space's anonymous root, an inode, a slab cache; 0 for none.
  public var mapping: UInt64
  /// Where in its owner the frame belongs, in pages.
  ///
  /// Unspecified in a frame just allocated: while
  /// it is on a per-CPU list it holds the migrate type that it goes back to.
  public var index: UInt64
  /// A word for the owner's own use.
  public var privateWord: UInt64
  /// How many page-table entries map the frame (0 for none: one more than Linux's `_mapcount`).
  public var mapCount: Int32
  public var referenceCount: Int32
  public var charge: UInt32
  /// The page block's migrate type, see ``MigrateType/stored``.
  @usableFromInline var pageblock: UInt8
  /// Whether compaction is to pass that block over (PB_migrate_skip).
  @usableFromInline var blockSkip: UInt8
  @usableFromInline var unused: (UInt8, UInt8)

  /// What a frame is used for: the one owner.
  public enum State: UInt8, BitwiseCopyable, Sendable {
    /// Never given to the allocator, or not the first of its block.
    case untouched = 0
    /// The first frame of a free block in the buddy lists.
    case free = 1
    /// On a per-CPU list.
    case perCPU = 2
    /// Allocated, for the kernel's own use unless its owner says more.
    case kernel = 3
    case slab = 4
    case pageTable = 5
    case kernelStack = 6
    case anonymous = 7
    case pageCache = 8
    /// Kept in a pool of huge pages.
    case hugePage = 9

    /// Whether somebody has the frame.
    @inlinable public var isAllocated: Bool { rawValue >= State.kernel.rawValue }
  }

  /// Properties that an owner gives a frame (include/linux/page-flags.h).
  ///
  /// Cleared on free.
  public struct Flags: OptionSet, BitwiseCopyable, Sendable {
    public var rawValue: UInt32
    @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }

    @inlinable public static var locked: Flags { Flags(rawValue: 1 << 0) }
    @inlinable public static var referenced: Flags { Flags(rawValue: 1 << 1) }
    @inlinable public static var uptodate: Flags { Flags(rawValue: 1 << 2) }
    @inlinable public static var dirty: Flags { Flags(rawValue: 1 << 3) }
    @inlinable public static var lru: Flags { Flags(rawValue: 1 << 4) }
    @inlinable public static var active: Flags { Flags(rawValue: 1 << 5) }
    @inlinable public static var workingset: Flags { Flags(rawValue: 1 << 6) }
    @inlinable public static var swapBacked: Flags { Flags(rawValue: 1 << 7) }
    @inlinable public static var unevictable: Flags { Flags(rawValue: 1 << 8) }
    @inlinable public static var mlocked: Flags { Flags(rawValue: 1 << 9) }
    @inlinable public static var writeback: Flags { Flags(rawValue: 1 << 10) }
    @inlinable public static var reclaim: Flags { Flags(rawValue: 1 << 11) }
    @inlinable public static var anonymousExclusive: Flags { Flags(rawValue: 1 << 12) }
    /// In the swap cache; `privateWord` is the entry.
    @inlinable public static var swapCache: Flags { Flags(rawValue: 1 << 16) }
    /// Read before anybody asked for it, and not yet asked for.
    @inlinable public static var readahead: Flags { Flags(rawValue: 1 << 17) }
    /// What is under the file is not what the page has, so it cannot be read again.
    @inlinable public static var unbacked: Flags { Flags(rawValue: 1 << 20) }
    /// Its owner keeps it in RAM, whoever maps it (`mapping_unevictable()`).
    @inlinable public static var ownerLocked: Flags { Flags(rawValue: 1 << 21) }
    /// Bits that are the owner's to name.
    @inlinable public static var owner1: Flags { Flags(rawValue: 1 << 30) }
    @inlinable public static var owner2: Flags { Flags(rawValue: 1 << 31) }
  }
}
