public import MemoryTypes

/// How far swap pages are read ahead (mm/swap_state.c).
///
/// On devices where seeking costs the neighbours on the device are read; else the neighbours in the
/// area of addresses. How many hangs on how many of the last ones were used.
public struct SwapReadahead: BitwiseCopyable, Sendable {
  /// Pages read ahead that were used since the last readahead (`swapin_readahead_hits`).
  public var hits: UInt64 = 4
  /// Where the last one was that followed no hit, and how many pages it had.
  var lastOffset: UInt64 = 0
  var lastPages: UInt64 = 0

  public init() {}

  /// How many pages to read at once (`__swapin_nr_pages()`).
  public static func pages(
    last: UInt64, _ place: UInt64, hits: UInt64, most: UInt64, lastPages: UInt64
  ) -> UInt64 {
    var pages = hits &+ 2
    if pages == 2 {
      if place != last &+ 1 && place != last &- 1 { pages = 1 }
    } else {
      var power: UInt64 = 4
      while power < pages { power &<<= 1 }
      pages = power
    }
    return max(min(pages, most), lastPages / 2)
  }

  /// The same on a device (`swapin_nr_pages()`).
  mutating func window(_ offset: UInt64, cluster: UInt64) -> UInt64 {
    let most: UInt64 = 1 &<< min(cluster, 31)
    guard most > 1 else { return 1 }
    let found = hits
    hits = 0
    let pages = Self.pages(
      last: lastOffset, offset, hits: found, most: most, lastPages: lastPages)
    if found == 0 { lastOffset = offset }
    lastPages = pages
    return pages
  }
}

extension SwapSpace {
  /// The slots of an area that are to be read with one, itself among them
  /// (`swap_cluster_readahead()`); nil for it alone.
  public mutating func cluster(around entry: SwapEntry) -> ClosedRange<UInt64>? {
    guard let area = area(of: entry) else { return nil }
    let mask = readahead.window(entry.offset, cluster: pageCluster) &- 1
    guard mask != 0 else { return nil }
    let first = max(entry.offset & ~mask, 1)
    return first...max(first, min(entry.offset | mask, area.pointee.maximum &- 1))
  }

  /// Whether neighbours are those in the area of addresses (`swap_use_vma_readahead()`).
  public var readsAheadByAddress: Bool { rotating == 0 }

  /// Whether an area's device answers at once, so that nothing is read ahead, and a page that only
  /// one place names need not come into the cache (SWP_SYNCHRONOUS_IO).
  public func isSynchronous(_ entry: SwapEntry) -> Bool {
    area(of: entry)?.pointee.device.isSynchronous ?? false
  }
}
