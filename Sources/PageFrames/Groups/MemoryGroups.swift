public import MemoryTypes

/// All memory groups of the machine, and whose memory is charged now.
///
/// A group is found by its number in two loads: the numbers are divided into leaves of one frame
/// each. Groups lie in frames too, as many as fit, so that no heap is needed below the heap.
///
/// Lock: the table's is `cgroup_mutex`; what is current and the stock are a processor's own.
@safe public struct MemoryGroups: ~Copyable {
  let resident = Resident()
  /// The group that the running task charges; nil for the root, where nothing is charged.
  public var current: KernelPointer<MemoryGroup>?
  /// Pages that the running task charged while a group was above its mark, to be worked for before
  /// its program goes on (`memcg_nr_pages_over_high`).
  public var pagesOverHigh = 0
  var stock = ChargeStock()
  var objects = ObjectStock()
  /// Objects of slab caches that are charged to a group.
  @usableFromInline var chargedObjects = 0

  /// Whether the next charge takes no more than it needs, because one before it has failed.
  public var chargesSingly = false
  /// Groups that nothing refers to any more, and that are still in the tree.
  var unreferenced = 0

  /// The groups right below the root, oldest first.
  public internal(set) var first: KernelPointer<MemoryGroup>?
  var last: KernelPointer<MemoryGroup>?
  /// Groups that there are, those offline among them.
  public internal(set) var count = 0

  /// The frames that groups and their table lie in.
  public internal(set) var frames = 0
  /// Frames of pointers to groups, by number; 0 for none.
  var leaves = InlineArray<128, UInt64>(repeating: 0)
  /// No number below is free.
  var leastFree: UInt32 = 1
  /// The frames of groups that have room for one more, a chain through `index`; 0 for none.
  var firstWithRoom: UInt64 = 0

  init() {}

  /// The highest number (MEM_CGROUP_ID_MAX).
  static var largestNumber: UInt32 { 65535 }
}

/// Pages that a processor has charged ahead to one group (`struct memcg_stock_pcp`).
struct ChargeStock: BitwiseCopyable {
  /// Pages that are charged at once (MEMCG_CHARGE_BATCH).
  static var batch: Int { 64 }

  var group: KernelPointer<MemoryGroup>?
  var pages = 0

  init() {}
}
