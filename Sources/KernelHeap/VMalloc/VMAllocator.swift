public import Arm64
public import MemoryTypes
public import PageFrames

/// Kernel memory that is one range of addresses and many frames: mm/vmalloc.c of Linux 6.1.
///
/// Terms. An *area* is a range of addresses of one of two *regions*, vmalloc and modules; its
/// *description* says what it is for and who asked. Behind each area lies a *guard page* that is
/// never mapped, so that running off its end is a fault. An area that was given back is *lazy*: not
/// mapped any more, its frames somebody else's, but the TLB may still know the addresses, so nobody
/// gets them until a *purge* has invalidated the TLB for all lazy areas at once.
///
/// ```
///            allocate, map, ioremap               free, unmap                      purge
///   free ─────────────────────────────▶ busy ─────────────────────▶ lazy ─────────────────────▶ free
///          lowest room, tables, frames        tables cleared,            when too many are, or
///                                             frames given back          no room is left
/// ```
///
/// Invariants, ``checkInvariants()``:
/// - those of each region's ``VMAreaTree``; every area is busy or in the lazy list;
/// - `lazyPages` is the sum of the lazy areas' lengths, `lazyRange` holds them all;
/// - `pages` is the sum of the descriptions' `pages`, each of which is that many frames of its own;
/// - what is mapped of a region is mapped in busy areas, outside their guard pages.
///
/// Tables of the regions are made when they are first needed, under the one root that all address
/// spaces share, and never freed but for a block that takes a last-level table's place.
///
/// Where KASAN comes in, as in Linux: ``place(_:_:_:_:_:)`` has new addresses
/// (`kasan_populate_vmalloc()`), the ends of `allocate` and `map` give them to their owner
/// (`kasan_unpoison_vmalloc()`), ``remove(_:freesFrames:)`` takes them (`kasan_poison_vmalloc()`),
/// and ``purge()`` ends them (`kasan_release_vmalloc()`).
///
/// There is one, in a frame of its own. It guards itself: with several CPUs one lock, Linux's
/// `vmap_area_lock`, `free_vmap_area_lock` and `vmap_purge_lock` in one.
public struct VMAllocator<B: Board>: ~Copyable {
  let resident = Resident()
  public let board: B
  public let frames: KernelPointer<FrameAllocator<B>>
  let slab: KernelPointer<SlabAllocator<B>>
  /// The kernel half's tables (`swapper_pg_dir`).
  public let table: PageTable<B>
  let areas: ObjectCache<VMArea, B>
  var vmalloc: VMAreaTree
  var modules: VMAreaTree

  /// The lazy areas, chained by their words; 0 for none (`purge_vmap_area_list`).
  var lazy: KernelPointer<VMArea>?
  /// Pages of addresses in them (`vmap_lazy_nr`), and where the TLB may know some.
  var lazyPages: UInt64 = 0
  var lazyLow = VirtualAddress(.max)
  var lazyHigh = VirtualAddress(0)
  /// More lazy pages than that are purged (`lazy_max_pages()`).
  let lazyMaximum: UInt64
  /// The area freed last of those that wait to be, chained by the first word of their memory
  /// (`vfree_deferred`); 0 for none.
  var deferred: UInt64 = 0

  /// Frames that areas have as their own (`nr_vmalloc_pages`).
  var pages: UInt64 = 0
  /// No allocation can be longer than RAM.
  let mostPages: UInt64
  /// Whether areas may be mapped by blocks (`vmap_allow_huge`, `arch_vmap_pmd_supported()`).
  public var allowsHuge = true

  /// The two ranges of addresses.
  public enum Region: BitwiseCopyable, Sendable {
    case vmalloc
    case modules
  }

  /// Starts it in a frame of its own; nil if there is no memory.
  ///
  /// `table` is the root of the kernel half, of which nobody else changes the two regions.
  public static func start(
    slab: KernelPointer<SlabAllocator<B>>, table: PageTable<B>, vmalloc: Range<VirtualAddress>,
    modules: Range<VirtualAddress>
  ) -> KernelPointer<Self>? {
    let frames = slab.pointee.frames
    let board = frames.pointee.board
    precondition(MemoryLayout<VMArea>.size <= 64 && MemoryLayout<VMDescription>.size <= 64)
    precondition(MemoryLayout<Self>.size <= Int(board.pageSize.bytes.rawValue))
    guard
      let areas = slab.pointee.makeCache(
        of: VMArea.self, name: "vmap_area", linuxSize: ByteCount(64)),
      let number = frames.pointee.allocate([.kernel, .zero])
    else { return nil }
    // SAFETY: the frame is ours and holds it.
    let place = unsafe board.pointer(to: frames.pointee.address(of: number))
      .bindMemory(to: Self.self, capacity: 1)
    unsafe place.initialize(
      to: Self(slab: slab, table: table, areas: areas, vmalloc: vmalloc, modules: modules))
    return unsafe KernelPointer(place)
  }

  init(
    slab: KernelPointer<SlabAllocator<B>>, table: PageTable<B>, areas: ObjectCache<VMArea, B>,
    vmalloc: Range<VirtualAddress>, modules: Range<VirtualAddress>
  ) {
    frames = slab.pointee.frames
    board = frames.pointee.board
    self.slab = slab
    self.table = table
    self.areas = areas
    self.vmalloc = VMAreaTree(vmalloc)
    self.modules = VMAreaTree(modules)
    // fls(CPUs) times 32 MiB.
    let cpus = UInt64(64 &- UInt64(frames.pointee.options.cpus).leadingZeroBitCount)
    lazyMaximum = cpus &* (32 &<< 20) &>> board.pageSize.shift
    mostPages = frames.pointee.managed.rawValue
  }
}
