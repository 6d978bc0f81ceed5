import MemoryTypes

/// A zone: frames that are good for the same requests, their free lists and their limits.
///
/// Terms, as in include/linux/mmzone.h: `spanned` frames from the first to the last, `present` of
/// them are RAM, `managed` of those were given to the allocator. A *block* is 2^order frames,
/// aligned to its size; its *buddy* is the block beside it with which it makes the next larger one.
///
/// Invariants:
/// - `free` = Σ over orders of `freeBlocks[order]` × 2^order, and no two buddies are both free;
/// - every block in free list (order, type) has state free and that order in its first frame, and
///   no other frame of it has a state;
/// - `perCPU.count` = frames in all per-CPU lists; those are not in `free`, as on Linux.
struct Zone: ~Copyable {
  let resident = Resident()
  let index: ZoneIndex
  let frames: FrameTable
  let geometry: BlockGeometry
  /// The largest order, and the order of a page block, as indices.
  let largestOrder: Int
  let pageblockOrder: Int
  /// Free lists, index order × 4 + migrate type.
  let freeLists: FrameLists
  /// The blocks of each order in all free lists (`free_area.nr_free`).
  var freeBlocks: InlineArray<14, Int> = .init(repeating: 0)
  var perCPU: PerCPULists
  /// Whether frames of different mobility are kept apart.
  var groupsByMobility = true

  var firstFrame = PageFrameNumber(0)
  var spanned = 0
  var present = 0
  var managed = 0
  /// The counters that are the zone's, `nr_free_pages` first.
  var stats: InlineArray<11, Int> = .init(repeating: 0)
  /// What of them was not told yet.
  var lag = StatLag()
  var watermarks = Watermarks()
  /// Frames kept from requests that could as well be served by a higher zone, by that zone.
  var lowmemReserve: InlineArray<4, Int> = .init(repeating: 0)
  /// Events: frames handed out, frames taken back.
  var allocated = 0
  var freed = 0
  /// What compaction remembers.
  var compaction = CompactionState()
  /// Frames in page blocks of type highAtomic.
  var reservedHighAtomic = 0

  init(
    _ index: ZoneIndex, frames: FrameTable, geometry: BlockGeometry, freeLists: FrameLists,
    perCPU: PerCPULists
  ) {
    self.index = index
    self.frames = frames
    self.geometry = geometry
    largestOrder = Int(geometry.largest.rawValue)
    pageblockOrder = Int(geometry.pageblock.rawValue)
    self.freeLists = freeLists
    self.perCPU = perCPU
  }

  /// Frames in the buddy lists (NR_FREE_PAGES).
  var free: Int {
    get { stats[0] }
    set { stats[0] = newValue }
  }

  var isPopulated: Bool { present > 0 }

  /// The free list of an order and a type.
  func list(_ order: Int, _ type: MigrateType) -> FrameList {
    freeLists[order &* MigrateType.count &+ Int(type.rawValue)]
  }

  /// The first frame of the page block that a frame is in.
  func pageblock(of number: PageFrameNumber) -> KernelPointer<Frame> {
    frames[PageFrameNumber(number.rawValue & ~(geometry.pageblock.pages.rawValue &- 1))]
  }

  func blockType(of number: PageFrameNumber) -> MigrateType {
    MigrateType(stored: pageblock(of: number).pointee.pageblock)
  }

  /// As `set_pageblock_migratetype()`: with mobility grouping off all blocks are unmovable.
  func setBlockType(of number: PageFrameNumber, _ type: MigrateType) {
    let type: MigrateType = !groupsByMobility && type != .highAtomic ? .unmovable : type
    pageblock(of: number).pointee.pageblock = type.stored
  }
}
