// A disk in memory whose pages are compressed (zram).
//
// Terms
// - A *slot* of the disk is one page: nothing, one word over and over again (*same*), an object of
//   the pool with the page compressed, or with the page as it is (*huge*).
// - The disk answers at once (`SWP_SYNCHRONOUS_IO`), so a page that only one program has is read
//   past the swap cache.
//
// A page that cannot be stored for want of memory is a write that failed; the page stays where it
// was. Writes come from reclaim, which may take from all reserves (PF_MEMALLOC), as it is about to
// give more back.
//
// Source: drivers/block/zram/zram_drv.c of Linux 6.1. The device's `init_lock` and a lock a slot
// would guard it.

public import Arm64
public import KernelHeap
public import MemoryTypes
public import PageCompressors
public import PageFrames

/// One page of the disk (`struct zram_table_entry`).
struct ZRAMSlot: BitwiseCopyable {
  /// The address of the object's zspage, or the word of a page of equal words.
  var word: UInt64 = 0
  private var bits: UInt32 = 0
  var index: UInt32 = 0

  init() {}

  /// A page of one word.
  init(same word: UInt64) {
    self.word = word
    bits = 1 &<< 30
  }

  /// A page of so many bytes, compressed or not.
  init(_ object: ZSObject, _ length: Int, isHuge: Bool) {
    word = UInt64(object.page.address)
    index = UInt32(object.index)
    bits = UInt32(truncatingIfNeeded: length) | (isHuge ? 1 &<< 31 : 0)
  }

  var isSame: Bool { bits & 1 &<< 30 != 0 }
  var isHuge: Bool { bits & 1 &<< 31 != 0 }
  var length: Int { Int(bits & 0x3FFF_FFFF) }

  /// The object of a page that has one.
  var object: ZSObject? {
    guard length > 0, let page = unsafe UnsafeMutablePointer<ZSPage>(bitPattern: UInt(word)) else {
      return nil
    }
    // SAFETY: the slot was made of a zspage, which lives as long as it has the object.
    return unsafe ZSObject(page: KernelPointer(page), index: UInt16(truncatingIfNeeded: index))
  }

  /// The same object elsewhere.
  mutating func move(to object: ZSObject) {
    word = UInt64(object.page.address)
    index = UInt32(object.index)
  }
}

/// What a disk counts (`struct zram_stats`).
public struct ZRAMStatistics: BitwiseCopyable, Sendable {
  public var compressedBytes: UInt64 = 0
  public var reads: UInt64 = 0
  public var writes: UInt64 = 0
  public var failedReads: UInt64 = 0
  public var failedWrites: UInt64 = 0
  public var invalid: UInt64 = 0
  /// Slots that nobody wanted any more.
  public var freed: UInt64 = 0
  public var samePages: UInt64 = 0
  public var hugePages: UInt64 = 0
  public var hugePagesSince: UInt64 = 0
  public var pagesStored: UInt64 = 0
  public var mostPages: UInt64 = 0
  /// Writes for which there was no memory at once.
  public var stalls: UInt64 = 0

  init() {}
}

/// The disk `/dev/zram0`.
@safe public struct ZRAM<B: Board>: ~Copyable {
  let resident = Resident()
  let board: B
  let frames: KernelPointer<FrameAllocator<B>>
  let slab: KernelPointer<SlabAllocator<B>>
  let pageCache: ObjectCache<ZSPage, B>
  let poolCache: ObjectCache<ObjectPool<B>, B>
  public internal(set) var compressor = PageCompressor.lzoRLE
  public internal(set) var statistics = ZRAMStatistics()
  /// Frames that the pool may have; 0 for any number (`limit_pages`).
  public internal(set) var limit: UInt64 = 0
  /// What there is while the disk has a size.
  var store: Store?

  struct Store: BitwiseCopyable {
    let slots: FrameArray<ZRAMSlot, B>
    let pool: KernelPointer<ObjectPool<B>>
    /// A page's room for what a compressor writes, or what lies in two frames; behind it the table.
    let buffer: PageFrameNumber
    let bufferOrder: Order
  }

  /// A disk of no size; nil without memory.
  public static func make(
    _ board: B, _ frames: KernelPointer<FrameAllocator<B>>,
    _ slab: KernelPointer<SlabAllocator<B>>
  ) -> KernelPointer<Self>? {
    guard
      let pageCache = slab.pointee.makeCache(
        of: ZSPage.self, name: "zspage", linuxSize: ByteCount(56)),
      let poolCache = slab.pointee.kmallocCache(of: ObjectPool<B>.self, name: "zs_pool"),
      let cache = slab.pointee.kmallocCache(of: Self.self, name: "zram")
    else { return nil }
    return cache.allocate(
      Self(
        board: board, frames: frames, slab: slab, pageCache: pageCache, poolCache: poolCache))
  }

  private init(
    board: B, frames: KernelPointer<FrameAllocator<B>>, slab: KernelPointer<SlabAllocator<B>>,
    pageCache: ObjectCache<ZSPage, B>, poolCache: ObjectCache<ObjectPool<B>, B>
  ) {
    self.board = board
    self.frames = frames
    self.slab = slab
    self.pageCache = pageCache
    self.poolCache = poolCache
  }

  var pageBytes: Int { Int(truncatingIfNeeded: board.pageSize.bytes.rawValue) }

  /// What a write may take: all there is, but no waiting.
  static var storeFlags: GFP {
    [.memoryAllocator, .kswapdReclaim, .noWarn, .highMemory, .movable]
  }
}
