public import MemoryTypes

/// The LRU lists of one memory group, with their sizes and what reclaim learnt of them: Linux's
/// `struct lruvec`.
///
/// Which one a frame is on follows from the group that it is charged to
/// (``FrameAllocator/lruVector(of:)``); that of group 0, the root, stands beside the allocator.
/// Everything that works on lists takes a vector: linking and unlinking, draining, isolating,
/// shrinking. A group makes its own with ``make(at:group:)``.
///
///     sizes[zone × 5 + list] == frames of that zone on that list
///     Σ over all vectors of sizes == the node's and the zones' counters
///
/// With several CPUs its `lru_lock` guards all of it.
@safe public struct LRUVector: ~Copyable {
  // First: ``list(_:_:)`` finds the heads at the vector's own address.
  var heads: InlineArray<4, FrameLinks> = .init(repeating: FrameLinks())
  let resident = Resident()
  /// The memory group; 0 for the root.
  public let group: UInt32
  /// Frames by zone, lower and upper, and list (`lru_zone_size`).
  public internal(set) var sizes: InlineArray<10, Int> = .init(repeating: 0)
  /// What reclaiming from the anonymous and from the file lists cost lately (`anon_cost`,
  /// `file_cost`): the cheaper kind is taken more of.
  public var costs: InlineArray<2, UInt64> = .init(repeating: 0)
  /// Evictions and activations so far (`nonresident_age`): the clock of refault distances.
  public var nonresidentAge: UInt64 = 0
  /// Pages that came back and became active for it, anonymous and of files, of the groups below,
  /// too.
  public var activated: InlineArray<2, UInt64> = .init(repeating: 0)
  /// `activated` when reclaim last looked (`refaults`).
  public var seenActivated: InlineArray<2, UInt64> = .init(repeating: 0)

  /// What it has instead of the four lists while generations are on, in a frame of their own.
  public internal(set) var generations: KernelPointer<Generations>?

  init(group: UInt32) { self.group = group }

  /// Makes an empty vector in memory that is the caller's and does not move.
  @unsafe public static func make(
    at memory: UnsafeMutableRawPointer, group: UInt32
  ) -> KernelPointer<LRUVector> {
    // SAFETY: the caller's memory is large enough and free.
    let place = unsafe memory.bindMemory(to: LRUVector.self, capacity: 1)
    unsafe place.initialize(to: LRUVector(group: group))
    let vector = unsafe KernelPointer(place)
    for list in 0..<4 { Self.list(vector, list).clear() }
    return vector
  }

  /// One of the four lists that have frames linked: ``LRUList``'s but the unevictable one.
  @inline(__always)
  static func list(_ vector: KernelPointer<LRUVector>, _ list: Int) -> FrameList {
    // SAFETY: the heads are the first field.
    unsafe FrameList(
      head: KernelPointer(vector.raw.assumingMemoryBound(to: FrameLinks.self) + list))
  }

  /// Many pages of a table were used: the next walk looks into it (`update_bloom_filter()`).
  public mutating func noteUsedTable(_ place: UInt64) {
    guard let generations else { return }
    generations.pointee.filters[Int(generations.pointee.newest) & 1].insert(place)
  }

  /// Frames on a list, of the zones up to one (`lruvec_lru_size()`).
  public func size(_ list: LRUList, upTo highest: ZoneIndex = .movable) -> Int {
    let lower = sizes[Int(list.rawValue)]
    return highest < .normal ? lower : lower &+ sizes[Int(list.rawValue) &+ 5]
  }
}

extension FrameAllocator {
  /// The vector whose lists a frame is on, or comes to (`folio_lruvec()`).
  @inline(__always)
  func lruVector(of frame: KernelPointer<Frame>) -> KernelPointer<LRUVector> {
    lruVector(group: frame.pointee.charge)
  }

  /// The vector of the group above; nil for the root's (`parent_lruvec()`).
  @inline(__always)
  func parent(of vector: KernelPointer<LRUVector>) -> KernelPointer<LRUVector>? {
    vector.pointee.group == 0 ? nil : parentLRU(of: vector)
  }

  @inline(never)
  private func parentLRU(of vector: KernelPointer<LRUVector>) -> KernelPointer<LRUVector>? {
    guard let group = group(vector.pointee.group) else { return rootLRU }
    return group.pointee.parent.map { $0.pointee.lru } ?? rootLRU
  }

  /// Frames on a list of a group and of those below it (`lruvec_page_state()`).
  public func state(of vector: KernelPointer<LRUVector>, _ list: LRUList) -> Int {
    guard let group = group(vector.pointee.group) else {
      return statistic(VMStat.ofLRU(Int(list.rawValue)))
    }
    return group.total(VMStat.ofLRU(Int(list.rawValue)))
  }

  /// The vector of a memory group (`mem_cgroup_lruvec()`).
  @inline(__always)
  public func lruVector(group: UInt32) -> KernelPointer<LRUVector> {
    group == 0 ? rootLRU : groupLRU(group)
  }

  @inline(never) private func groupLRU(_ number: UInt32) -> KernelPointer<LRUVector> {
    guard let group = group(number) else { preconditionFailure("lists of no group") }
    return group.pointee.lru
  }
}
