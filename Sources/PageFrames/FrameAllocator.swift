public import Arm64
public import MemoryTypes

/// The owner of all page frames: zones, buddy lists, per-CPU lists, watermarks, counters.
///
/// There is one, in RAM, made by ``start(board:map:frames:options:)`` and pointed at by everything
/// that needs memory. A frame is asked for with a set of ``GFP`` flags, which say how urgent the
/// request is, how movable the contents are and how high in memory they may lie.
///
/// The way of a frame, all of it as in Linux 6.1's mm/page_alloc.c:
/// ```
///   boot memory map ──start──▶ buddy lists ◀──refill, drain──▶ per-CPU lists ◀──▶ its owner
///                                  ▲ └──────── orders above 3 ────────────────▶ its owner
/// ```
/// One request for one frame that a per-CPU list can serve while its zone is above the low
/// watermark is a straight line of a few dozen instructions; everything else is out of line.
///
/// Invariant: for each zone, `free` + `perCPU.count` + frames in allocated blocks = `managed`.
public struct FrameAllocator<B: Board>: ~Copyable {
  let resident = Resident()
  public let board: B
  public let frames: FrameTable
  /// The first frame of zone Normal; every frame below is of zone DMA.
  let boundary: PageFrameNumber
  /// The bits of a frame number that name its page block.
  let blockMask: UInt64
  /// The bits of a migrate type that count: none where mobility is not grouped.
  var mobilityMask: UInt32 = 3
  let zones: ZoneRow
  /// Where a request begins, by the lowest four bits of its flags.
  var choices: InlineArray<16, ZoneChoice>
  var stats: InlineArray<256, Int> = .init(repeating: 0)
  /// What of the node's counters was not told yet, and when it was told last.
  var lag = StatLag()
  var lastTold: UInt64 = 0
  /// The LRU lists of what no memory group has, and what waits to be put on any.
  let rootLRU: KernelPointer<LRUVector>
  /// What reclaim has taken off all of them and not decided about (``IsolatedList``).
  let isolated: KernelPointer<LRUVector>
  var batches = LRUBatches()
  /// Whether pages are in generations instead of active and inactive lists (`lru_gen_enabled()`).
  public internal(set) var usesGenerations = false
  /// From which place in its batch a fault that is being served has added pages; -1 while none is
  /// whose pages are to be the newest.
  var faultedFrom = -1
  /// Whether the task that runs was killed for its memory, and may use the reserve so that it can
  /// end (`oom_reserves_allowed()`).
  public var servesVictim = false
  /// The memory groups, and whose memory is charged now.
  public var groups = MemoryGroups()
  /// What kcompactd was last woken for, and whether it is to look how fragmented memory is.
  public var kcompactd = KswapdRequest()
  public var compactsProactively = false
  public let geometry: BlockGeometry
  public let options: Options
  /// RAM, for whoever walks all of it.
  public let banks: RegionList
  /// `vm.min_free_kbytes`, in bytes.
  public internal(set) var minFree = ByteCount.zero
  /// `vm.watermark_scale_factor`.
  public internal(set) var watermarkScale = 10
  /// What could not be had, or was lent, until somebody makes room or the call ends in which it was
  /// noted; the running task's.
  public var shortage: Shortage?
  /// Whether the kernel reaches a program's memory: a call that has begun cannot always be made
  /// again, so what such a fault needs is lent where that is possible at all.
  public var servesCopy = false
  /// What is to be done on the way back to the program, and where it looks whether anything is:
  /// `attention` of the task that runs; nil while the kernel works for itself.
  public var requests: MemoryRequests = []
  public var attention: KernelPointer<UInt8>?
  /// Whether there are slots of swap to be had; whoever has them says so.
  public var hasSwap = false
  /// Whether kswapd met nothing but pages being written (PGDAT_WRITEBACK).
  public var meetsWriteback = false
  /// Blocks that are kept for programs that ask for huge pages, by ``HugePageSize``.
  public var hugePages: InlineArray<2, HugePagePool>
  /// Whether kswapd met nothing but dirty pages of files, and writes them itself (PGDAT_DIRTY).
  public var meetsDirty = false
  /// `vm.dirty_background_ratio`: of what could be dirty, when writing back begins; or so many
  /// pages, if not 0.
  var backgroundRatio = 10
  var backgroundPages = 0
  /// Whether kswapd found nothing but pages that were used within the time that generations are
  /// promised, so that a process must be killed.
  public var needsVictim = false
  /// What kswapd is to see to; the node's.
  public var kswapd = KswapdRequest()

  /// What the machine asks of the allocator when it starts.
  public struct Options: BitwiseCopyable, Sendable {
    /// The frame table's memory is all zeros, so it need not be cleared.
    public var ramIsZero = false
    /// Frames are held back until MemTotal is this; zero holds back nothing.
    public var memTotal = ByteCount.zero
    /// Huge pages are on, which raises the watermarks.
    public var hugePages = false
    public var cpus = 1

    public init() {}
  }

  init(
    board: B, frames: FrameTable, zones: ZoneRow, boundary: PageFrameNumber,
    rootLRU: KernelPointer<LRUVector>, isolated: KernelPointer<LRUVector>,
    banks: consuming RegionList,
    options: Options
  ) {
    self.board = board
    self.frames = frames
    self.zones = zones
    self.boundary = boundary
    self.rootLRU = rootLRU
    self.isolated = isolated
    self.banks = banks
    self.options = options
    geometry = BlockGeometry(board.pageSize)
    hugePages = HugePagePool.all(board.pageSize)
    blockMask = ~(geometry.pageblock.pages.rawValue &- 1)
    choices = .init(repeating: ZoneChoice(zone: zones[.dma], limit: 0))
  }

  /// The entry of a frame.
  @inlinable public func frame(_ number: PageFrameNumber) -> KernelPointer<Frame> {
    frames[number]
  }

  /// The number of the frame with that entry.
  @inlinable public func number(of frame: KernelPointer<Frame>) -> PageFrameNumber {
    frames.number(of: frame)
  }

  /// The address of a frame's first byte.
  @inlinable public func address(of number: PageFrameNumber) -> PhysicalAddress {
    number.address(board.pageSize)
  }

  /// The zone that a frame is in.
  func zone(of number: PageFrameNumber) -> KernelPointer<Zone> {
    number < boundary ? zones[.dma] : zones[.normal]
  }
}

/// The four zones, side by side in RAM.
@safe struct ZoneRow: BitwiseCopyable {
  let base: UnsafeMutablePointer<Zone>

  subscript(_ index: ZoneIndex) -> KernelPointer<Zone> {
    // SAFETY: the row has a zone for each index.
    unsafe KernelPointer(base + Int(index.rawValue))
  }

  /// Visits the zones that have RAM, lowest first.
  func forEachPopulated(_ body: (KernelPointer<Zone>) -> Void) {
    for index in 0..<UInt8(ZoneIndex.count) {
      guard let index = ZoneIndex(rawValue: index) else { continue }
      if self[index].pointee.isPopulated { body(self[index]) }
    }
  }
}

/// The first zone for a kind of request, and the free frames above which it needs no second look.
struct ZoneChoice: BitwiseCopyable {
  var zone: KernelPointer<Zone>
  var limit: Int

  /// Whether the zone has more than enough for a block that a per-CPU list may hold: of blocks of
  /// several frames also one of the largest order (`__zone_watermark_ok()` looks for any that is
  /// large enough).
  @inline(__always)
  func isBeyondDoubt(_ order: Int) -> Bool {
    guard order > 0 else { return zone.pointee.free > limit }
    return zone.pointee.free &- (1 &<< order) >= limit
      && !zone.pointee.list(zone.pointee.largestOrder, .movable).isEmpty
  }
}
