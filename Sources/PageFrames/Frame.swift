/// One page frame of RAM: who owns it and in what state it is. Linux's `struct page`, 64 bytes.
///
/// All-zero bytes are a valid frame, one that nobody has touched: reserved at boot, or inside a
/// block whose first frame speaks for it. So the frame table of a fresh machine needs no writing.
///
/// | field | owner |
/// |---|---|
/// | `links` | whoever's list the frame is in: buddy, per-CPU list, slab, and in time the LRU |
/// | `state`, `order`, `listType`, `pageblock` | the frame allocator; `state` also its new owner |
/// | `flags`, `mapping`, `index`, `privateWord`, `mapCount` | the owner that `state` names |
/// | `referenceCount` | everyone who holds the frame; 0 exactly while it is free or untouched |
/// | `charge` | the control group it is charged to |
public struct Frame: ~Copyable {
  @usableFromInline var links: FrameLinks
  /// What the frame is; for a block, what its first frame says.
  public var state: State
  /// The order of the block that begins here, while it is free, on a per-CPU list or allocated.
  public internal(set) var blockOrder: UInt8
  /// The page block's migrate type, kept in the block's first frame (see ``MigrateType/stored``).
  @usableFromInline var pageblock: UInt8
  /// The migrate type under which a frame on a per-CPU list was freed.
  @usableFromInline var listType: UInt8
  public var flags: Flags
  /// The owner's word: an address space's anonymous root, an inode, a slab cache; 0 for none.
  public var mapping: UInt64
  /// Where in its owner the frame belongs, in pages.
  public var index: UInt64
  /// A word for the owner's own use.
  public var privateWord: UInt64
  /// How many page-table entries map the frame (0 for none: one more than Linux's `_mapcount`).
  public var mapCount: Int32
  public var referenceCount: Int32
  public var charge: UInt64

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
  }

  /// Properties that an owner gives a frame (include/linux/page-flags.h). Cleared on free.
  public struct Flags: OptionSet, BitwiseCopyable, Sendable {
    public var rawValue: UInt32
    @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }

    public static var locked: Flags { Flags(rawValue: 1 << 0) }
    public static var referenced: Flags { Flags(rawValue: 1 << 1) }
    public static var uptodate: Flags { Flags(rawValue: 1 << 2) }
    public static var dirty: Flags { Flags(rawValue: 1 << 3) }
    public static var lru: Flags { Flags(rawValue: 1 << 4) }
    public static var active: Flags { Flags(rawValue: 1 << 5) }
    public static var workingset: Flags { Flags(rawValue: 1 << 6) }
    public static var swapBacked: Flags { Flags(rawValue: 1 << 7) }
    public static var unevictable: Flags { Flags(rawValue: 1 << 8) }
    public static var mlocked: Flags { Flags(rawValue: 1 << 9) }
    public static var writeback: Flags { Flags(rawValue: 1 << 10) }
    public static var reclaim: Flags { Flags(rawValue: 1 << 11) }
    public static var anonymousExclusive: Flags { Flags(rawValue: 1 << 12) }
    /// Bits that are the owner's to name.
    public static var owner1: Flags { Flags(rawValue: 1 << 30) }
    public static var owner2: Flags { Flags(rawValue: 1 << 31) }
  }
}
