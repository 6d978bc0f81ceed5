// Swapping: where pages go that memory has no room for, and how they are found again.
//
// Terms
// - A swap *area* is a device or a file of which page 0 is a header (mkswap's) and every other a
//   *slot*, which can hold one page. Areas have priorities; those of the same share the load.
// - An *entry* names a slot: (area, offset). It stands in page-table entries and in the trees of
//   shared memory instead of the page that was there. The *swap map* counts for each slot how many
//   such places there are, and whether the swap cache has it.
// - The *swap cache* is the set of pages that are both in RAM and in a slot. A page comes there
//   before it is unmapped and written, and goes when it is taken from RAM; a page that is read comes
//   there first, so that all who share it find the same frame. In its place a value may be left
//   that says when the page went (a shadow).
// - *Slots* are taken and given back through small stocks, 64 at a time, so that neighbours in time
//   become neighbours on the device.
//
// Invariants (``SwapSpace/checkInvariants()``)
// - freePages + the slots in use of all areas that can be written == totalPages;
// - a slot of the cache has the cached mark, and its frame the `swapCache` flag and its entry;
// - a slot with the cached mark and no user is in the cache, or in one of the stocks.
//
// Source: mm/swapfile.c, mm/swap_state.c, mm/swap_slots.c, mm/page_io.c of Linux 6.1. The areas have
// no lock yet; `swap_lock` and each area's own would guard them.

public import Arm64
public import KernelHeap
public import MemoryTypes
public import PageFrames

/// All swap areas, the swap cache, and the stocks of slots; one in RAM.
@safe public struct SwapSpace<B: Board>: ~Copyable {
  let resident = Resident()
  public let board: B
  public let frames: KernelPointer<FrameAllocator<B>>
  let slab: KernelPointer<SlabAllocator<B>>
  let trees: PageTrees<B>
  let areaCache: ObjectCache<SwapArea<B>, B>
  /// By number; a number is used again once its area is gone.
  var areas: InlineArray<28, KernelPointer<SwapArea<B>>?> = .init(repeating: nil)
  /// One more than the highest number ever used (`nr_swapfiles`).
  public internal(set) var areaCount = 0
  /// The numbers of areas that are on, highest priority first (`swap_active_head`,
  /// `swap_avail_heads`).
  var order: InlineArray<28, Int8> = .init(repeating: 0)
  var active = 0
  /// The last priority that was given unasked (`least_priority`).
  var leastPriority = -1
  /// Slots of all areas, and the free ones of these.
  public internal(set) var totalPages: Int64 = 0
  public internal(set) var freePages: Int64 = 0 {
    didSet { frames.pointee.hasSwap = freePages > 0 }
  }
  var stock = SlotStock()
  var writes = SwapWrites()
  public var readahead = SwapReadahead()
  /// `vm.page-cluster`.
  public var pageCluster: UInt64 = 3
  /// The slot for whose neighbours there was no room the last time.
  var shortAt = SwapEntry(rawValue: 0)
  /// Pages in the swap cache.
  public internal(set) var cachedPages: Int64 = 0
  /// Areas on devices for which seeking costs (`nr_rotate_swap`).
  var rotating = 0
  /// Devices that can be turned on, by the address of their inode.
  var devices: InlineArray<8, Registration?> = .init(repeating: nil)
  struct Registration: BitwiseCopyable {
    var identity: UInt
    var device: SwapDevice<B>
  }
  /// The disk that works while others run, if the machine has one; reads that it has begun, and
  /// whether one has ended since somebody asked.
  public internal(set) var disk: KernelPointer<VirtioDisk<B>>?
  var readsInFlight = 0
  var hasEndedReads = false
  /// The disk of compressed pages, if the machine has one.
  public internal(set) var zram: KernelPointer<ZRAM<B>>?
  /// What became of I/O, for messages that are not to flood the log.
  var complaints = SwapComplaints()

  /// The most areas that can be on (`MAX_SWAPFILES`): what page-table entries can name, less the
  /// four that Linux has other uses for.
  public static var maximumAreas: Int { 28 }

  /// No areas; nil without memory.
  public static func start(
    _ frames: KernelPointer<FrameAllocator<B>>, _ slab: KernelPointer<SlabAllocator<B>>,
    _ trees: PageTrees<B>
  ) -> KernelPointer<Self>? {
    guard
      let areaCache = slab.pointee.kmallocCache(of: SwapArea<B>.self, name: "swap_info_struct"),
      let cache = slab.pointee.kmallocCache(of: Self.self, name: "swap_space")
    else { return nil }
    return cache.allocate(
      Self(
        board: frames.pointee.board, frames: frames, slab: slab, trees: trees, areaCache: areaCache)
    )
  }

  private init(
    board: B, frames: KernelPointer<FrameAllocator<B>>, slab: KernelPointer<SlabAllocator<B>>,
    trees: PageTrees<B>, areaCache: ObjectCache<SwapArea<B>, B>
  ) {
    self.board = board
    self.frames = frames
    self.slab = slab
    self.trees = trees
    self.areaCache = areaCache
  }

  /// The area that an entry names, if the entry can be one of its slots (`get_swap_device()`).
  @inline(__always)
  func area(of entry: SwapEntry) -> KernelPointer<SwapArea<B>>? {
    guard entry.area < Self.maximumAreas, let area = areas[entry.area],
      entry.offset != 0, entry.offset < area.pointee.maximum
    else { return nil }
    return area
  }

  /// An area by its number, for lists.
  public func area(_ number: Int) -> KernelPointer<SwapArea<B>>? {
    number < Self.maximumAreas ? areas[number] : nil
  }

  /// Whether there is a slot to be had.
  @inlinable public var hasRoom: Bool { freePages > 0 }

  /// More than half of all slots are in use: slots of pages that are in RAM as well are taken back
  /// (`vm_swap_full()`).
  @inlinable public var isFull: Bool { freePages &* 2 < totalPages }
}
