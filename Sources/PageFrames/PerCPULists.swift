import MemoryTypes

/// A processor's own frames of one zone: lists by order and type that it takes from and gives to
/// without looking at the zone (`struct per_cpu_pages`).
///
/// Orders up to ``costly`` have a list for each type, and blocks of a page block's size two, for
/// movable and other ones.
struct PerCPULists: BitwiseCopyable {
  /// PAGE_ALLOC_COSTLY_ORDER.
  static var costly: Int { 3 }
  static var lists: Int { 4 &* MigrateType.count &+ 2 }

  let heads: FrameLists
  /// Frames in all lists.
  var count = 0
  var limits = PageSetLimits(managed: 0, low: 0, cpus: 1, pageSize: .fourKiB)
  /// How often in succession frames came back without one being taken.
  var freeFactor = 0

  init(heads: FrameLists) { self.heads = heads }

  /// The list's index for an order that has one (`order_to_pindex()`).
  static func index(_ order: Int, _ type: MigrateType) -> Int {
    order <= costly
      ? order &* MigrateType.count &+ Int(type.rawValue)
      : 4 &* MigrateType.count &+ (type == .movable ? 1 : 0)
  }

  /// How many to give back when there are too many (`nr_pcp_free()`): the more, the longer frames
  /// only came.
  mutating func toFree(_ high: Int, all: Bool) -> Int {
    if all { return count }
    guard high >= limits.batch else { return 1 }
    let most = high &- limits.batch
    var batch = limits.batch &<< freeFactor
    if batch < most && freeFactor < 5 { freeFactor &+= 1 }
    batch = max(batch, limits.batch)
    return min(batch, most)
  }
}
