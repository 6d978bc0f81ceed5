import MemoryTypes

// The reverse map: from a frame to every page-table entry that maps it (mm/rmap.c).
//
// Terms
// - A frame of the page cache belongs to an inode at an index; each area that maps a piece of the
//   file hangs in the inode's interval tree (`i_mmap`), so the areas that can map the frame are
//   found by its index.
// - An anonymous frame belongs to an *anon_vma* (``AnonVMA``): the object that stands for the
//   anonymous pages born in one area. The areas that may hold such pages now, by splits, moves and
//   forks, hang in the anon_vma's interval tree, each through a link of its own
//   (``AnonVMAChain``). Within it a frame has an index, which never changes while it lives: the
//   area's `pageOffset` moves with the pages.
// - A fork gives the child's area links to all the parent's anon_vmas, because the child shares
//   the parent's pages, and one anon_vma of its own for the pages it will write. So a walk over a
//   frame's tree meets exactly the area it was born in and that area's descendants.
//
// So the way back is: frame → object (`mapping`) → areas whose interval has the frame's index →
// address → the entry in the area's tables, which maps the frame or does not. No list of spaces, no
// list of areas is ever walked.
//
// Invariants, checked by `MemoryContext.checkReverseMap`:
// - a frame that entries map: its mapCount == the mappings found through the reverse map;
// - an area has links exactly when it may have anonymous pages; the first of them is to the
//   anon_vma that its new pages are born in;
// - an anon_vma lives as long as an area is linked to it or a child pins it as root, no longer;
// - `children` and `activeAreas` are what Linux's `num_children` and `num_active_vmas` are.
//
// Many processors: the trees of one root are guarded by one lock in that root (`anon_vma->root->
// rwsem`), an inode's tree by one in the inode (`i_mmap_rwsem`); links of an area by its space's
// (`mmap_lock`). That is why a root outlives its descendants though nothing here reads it then.

/// The object that the anonymous pages of an area belong to: Linux's `struct anon_vma`.
struct AnonVMA: BitwiseCopyable {
  /// The oldest ancestor, itself if it has none; pinned by `references` as long as this lives.
  var root: KernelPointer<AnonVMA>?
  /// What its area's parent had at the fork; itself for a root.
  var parent: KernelPointer<AnonVMA>?
  /// The links to it, counted as one while there are any, and its descendants if it is a root.
  var references: Int32 = 1
  /// Children by `parent`, a root being its own child.
  var children: UInt32 = 0
  /// Areas whose new pages are born here.
  var activeAreas: UInt32 = 0
  /// The areas that may hold its pages.
  var areas: KernelPointer<AnonVMAChain>?
}

/// One area's link to one anon_vma: Linux's `struct anon_vma_chain`.
struct AnonVMAChain: IntervalNode {
  var interval = TreeLinks<Self>()
  let area: KernelPointer<VirtualMemoryArea>
  let anonVMA: KernelPointer<AnonVMA>
  /// The area's next link.
  var next: KernelPointer<Self>?
  var intervalBalance: Int8 = 0

  init(
    area: KernelPointer<VirtualMemoryArea>, anonVMA: KernelPointer<AnonVMA>,
    next: KernelPointer<Self>?
  ) {
    self.area = area
    self.anonVMA = anonVMA
    self.next = next
  }

  // SAFETY (both): the part lies in the initialised link.

  @inline(__always)
  static func intervalLinks(_ link: KernelPointer<Self>) -> KernelPointer<TreeLinks<Self>> {
    unsafe withUnsafeMutablePointer(to: &link.pointee.interval) { unsafe KernelPointer($0) }
  }

  @inline(__always)
  static func intervalBalance(_ link: KernelPointer<Self>) -> KernelPointer<Int8> {
    unsafe withUnsafeMutablePointer(to: &link.pointee.intervalBalance) { unsafe KernelPointer($0) }
  }

  var firstPage: UInt64 { area.pointee.pageOffset }
  func lastPage(_ shift: UInt64) -> UInt64 { area.pointee.lastPage(shift) }
}

/// An area in its file's tree.
extension VirtualMemoryArea: IntervalNode {
  // SAFETY (both): the part lies in the initialised area.

  @inline(__always)
  static func intervalLinks(_ area: KernelPointer<Self>) -> KernelPointer<TreeLinks<Self>> {
    unsafe withUnsafeMutablePointer(to: &area.pointee.interval) { unsafe KernelPointer($0) }
  }

  @inline(__always)
  static func intervalBalance(_ area: KernelPointer<Self>) -> KernelPointer<Int8> {
    unsafe withUnsafeMutablePointer(to: &area.pointee.intervalBalance) { unsafe KernelPointer($0) }
  }

  var firstPage: UInt64 { pageOffset }
  @inline(__always) func lastPage(_ shift: UInt64) -> UInt64 {
    pageOffset &+ length.rawValue &>> shift &- 1
  }
}
