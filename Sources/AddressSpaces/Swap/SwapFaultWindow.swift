import MemoryTypes
import Swap

/// Where a space faulted last on a page of swap, and what came of what was read ahead
/// (`vma->swap_readahead_info`).
///
/// Linux keeps one for each area; here the space has one, for areas have no room.
struct SwapFaultWindow: BitwiseCopyable {
  private var last = VirtualAddress(0)
  private var lastPages: UInt64 = 0
  private var hits: UInt64 = 4
  /// Pages to read, of which so many before the one that is wanted.
  struct Window: BitwiseCopyable {
    var count: UInt64 = 1
    var before: UInt64 = 0

    func first(_ page: VirtualAddress, _ size: PageSize) -> VirtualAddress {
      let back = PageCount(before).bytes(of: size)
      return back.rawValue > page.rawValue ? VirtualAddress(0) : page - back
    }
  }

  init() {}

  /// swap_cache_get_folio(): hits are remembered up to 63 (SWAP_RA_HITS_MAX).
  mutating func noteUse(at page: VirtualAddress, wasAhead: Bool) {
    last = page
    if wasAhead { hits = min(hits &+ 1, 63) }
  }

  /// What to read with a page (`swap_ra_info()`): forwards or backwards where the faults go that
  /// way, else around.
  mutating func window(at page: VirtualAddress, cluster: UInt64, _ size: PageSize) -> Window {
    // SWAP_RA_ORDER_CEILING
    let most: UInt64 = 1 &<< min(cluster, 5)
    guard most > 1 else { return Window() }
    let here = page.rawValue &>> size.shift
    let before = last.rawValue &>> size.shift
    let pages = SwapReadahead.pages(
      last: before, here, hits: hits, most: most, lastPages: lastPages)
    last = page
    lastPages = pages
    hits = 0
    guard pages > 1 else { return Window() }
    if here == before &+ 1 { return Window(count: pages, before: 0) }
    if before == here &+ 1 { return Window(count: pages, before: pages &- 1) }
    return Window(count: pages, before: (pages &- 1) / 2)
  }
}
