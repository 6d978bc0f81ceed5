// Huge pages that are kept for programs that ask for them (mm/hugetlb.c).
//
// A pool has blocks of one order, taken from the buddy lists when its size is set
// (`/proc/sys/vm/nr_hugepages`) and given back when it is made smaller. What is in a pool is nobody
// else's: it is not free memory, on no list of the page cache, and compaction passes it over.
//
// Two sizes can be had as blocks: what an entry of the level above the last maps (the default size),
// and what a run of contiguous last-level entries maps. Linux's larger sizes need ranges beyond the
// largest block (alloc_contig_pages()), which are not given out here; nor can a pool's pages be
// mapped: MAP_HUGETLB answers as from an empty pool.
//
// Invariant: pages in a pool == its count; each has a reference and the state `hugePage`.
//
// With several CPUs: under `hugetlb_lock`.

import Arm64
public import MemoryTypes

/// The pages of one size (`struct hstate`).
public struct HugePagePool: BitwiseCopyable {
  public let order: Order
  /// The last that came is the first to go.
  var pages = FrameStack()
  /// `nr_overcommit_hugepages`, which is remembered only.
  public var overcommit: UInt64 = 0

  public var count: Int { pages.count }

  init(order: Order) { self.order = order }
}

/// Which pool.
public enum HugePageSize: Int, BitwiseCopyable, Sendable {
  /// Mapped by one entry above the last level: 2M, 32M, 512M.
  case block = 0
  /// Mapped by a run of entries with the contiguous bit: 64K, 2M, 2M.
  case contiguous
}

extension HugePagePool {
  /// The empty pools of a page size (arch/arm64/mm/hugetlbpage.c:hugetlbpage_init()).
  static func all(_ size: PageSize) -> InlineArray<2, HugePagePool> {
    let contiguous: UInt64 =
      switch size {
      case .fourKiB: 4
      case .sixteenKiB: 7
      default: 5
      }
    return [
      HugePagePool(order: Order(size.shift &- 3)), HugePagePool(order: Order(contiguous)),
    ]
  }
}

extension FrameAllocator {
  /// Puts an allocated block of the pool's order into it (`prep_new_huge_page()`).
  public mutating func addHugePage(_ number: PageFrameNumber, _ size: HugePageSize) {
    let frame = frames[number]
    precondition(UInt64(frame.pointee.blockOrder) == hugePages[size.rawValue].order.rawValue)
    frame.pointee.state = .hugePage
    hugePages[size.rawValue].pages.push(frame)
    count(.htlb_buddy_alloc_success)
  }

  /// Gives a block of a pool back; false where there is none (`remove_pool_huge_page()`).
  public mutating func removeHugePage(_ size: HugePageSize) -> Bool {
    guard let frame = hugePages[size.rawValue].pages.pop() else { return false }
    free(frames.number(of: frame), hugePages[size.rawValue].order)
    return true
  }

  /// The bytes of a pool's pages.
  public func hugePageBytes(_ size: HugePageSize) -> ByteCount {
    hugePages[size.rawValue].order.pages.bytes(of: board.pageSize)
  }
}
