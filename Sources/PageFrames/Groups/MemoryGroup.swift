// Memory groups: what of memory is whose, and how much of it a group may have.
//
// Terms
// - A *memory group* is a node of a tree. The root is no object: what no group has is the
//   machine's, and costs nothing. Every other group has a number, which each frame charged to it
//   carries (`Frame.charge`, 0 for the root).
// - To *charge* a page is to count it with a group and all above it up to the root
//   (``PageCounter``); the limit of each of them must allow it. A page is charged once, to the group
//   of the task that first touched it, whoever else uses it, and is *uncharged* when its frame is
//   freed.
// - The *stock* is what a processor has charged ahead to one group, at most 64 pages: most charges
//   only take from there. So `memory.current` runs ahead of what is in use, as on Linux.
// - Kernel memory is charged as well, whole frames by page, objects of slab caches by byte
//   (``ObjectStock``).
// - A group that was removed stays, *offline*, as long as pages are charged to it.
//
// Invariants
//     for each group: memory.usage == frames whose charge is its number
//                       + pages under its objects and object stocks
//                       + the stock's pages, if it is the stock's group
//                       + Σ over children of memory.usage         (checkGroups())
//     references == frames and objects charged to it + children + 1 while online
//
// Source: mm/memcontrol.c, mm/page_counter.c, include/linux/memcontrol.h of Linux 6.1.
//
// Many processors: the stock is a processor's own; counters are added to atomically; the tree's
// links are under one lock (`cgroup_mutex`).

public import MemoryTypes

/// One memory group but the root: Linux's `struct mem_cgroup`.
///
/// | field | owner |
/// |---|---|
/// | `number`, links | the allocator's table (``FrameAllocator/makeGroup(below:)``) |
/// | `memory`, `swap` | whoever charges; limits are set through the allocator |
/// | `statistics`, events | whoever does it; of this group alone, texts add up the tree |
/// | `owner` | who made it: the control group it belongs to |
@safe public struct MemoryGroup: ~Copyable {
  let resident = Resident()
  /// What frames carry, from 1 to 65535 (MEM_CGROUP_ID_MAX).
  public let number: UInt32
  /// The group above; nil below the root.
  public let parent: KernelPointer<MemoryGroup>?
  /// The lists of the pages that are charged to it.
  public let lru: KernelPointer<LRUVector>
  public internal(set) var firstChild: KernelPointer<MemoryGroup>?
  var lastChild: KernelPointer<MemoryGroup>?
  public internal(set) var next: KernelPointer<MemoryGroup>?
  var previous: KernelPointer<MemoryGroup>?

  /// Pages of RAM, and of swap space.
  public internal(set) var memory = PageCounter()
  public internal(set) var swap = PageCounter()
  /// Whether it can still be charged by who is in it.
  public internal(set) var isOnline = true
  var references = 1
  /// Whether all its tasks are killed together (`memory.oom.group`).
  public var killsTogether = false
  /// What happened, to it and all below it, and to it alone.
  public internal(set) var events = InlineArray<9, UInt64>(repeating: 0)
  public internal(set) var localEvents = InlineArray<9, UInt64>(repeating: 0)
  /// Counters of what is charged to it alone, by ``VMStat`` and ``GroupCounter``.
  public internal(set) var statistics = InlineArray<152, Int>(repeating: 0)
  /// Bytes that a stock of objects gave back and that are charged still (`nr_charged_bytes`).
  var objectBytes = 0
  /// A word of whoever made it.
  public var owner: UInt = 0

  init(
    number: UInt32, parent: KernelPointer<MemoryGroup>?, lru: KernelPointer<LRUVector>
  ) {
    self.number = number
    self.parent = parent
    self.lru = lru
  }
}

/// What a memory group counts that the machine does not (`enum memcg_stat_item`).
public enum GroupCounter: UInt8, BitwiseCopyable, Sendable {
  /// Pages of the swap space, of the kernel, and under the kernel's areas.
  case swap = 143
  case kernel, vmalloc
  /// Bytes for each processor.
  case perCPU
  /// Bytes of slab objects.
  case slabReclaimable, slabUnreclaimable
  /// Pages that came and went (PGPGIN, PGPGOUT of a group).
  case chargedIn, chargedOut
}

/// What happens to a group (`enum memcg_memory_event`).
public enum MemoryEvent: UInt8, BitwiseCopyable, Sendable {
  case low = 0
  case high, max, outOfMemory, kill, groupKill
  case swapHigh, swapMax, swapFail
}

extension KernelPointer where Pointee == MemoryGroup {
  /// Counts an event here and in all groups above (`memcg_memory_event()`).
  public func note(_ event: MemoryEvent) {
    pointee.localEvents[Int(event.rawValue)] &+= 1
    var group: KernelPointer<MemoryGroup>? = self
    while let here = group {
      here.pointee.events[Int(event.rawValue)] &+= 1
      group = here.pointee.parent
    }
  }

  /// Counts a look at the limit that found it reached.
  public func noteFailure() { pointee.memory.failures &+= 1 }

  /// Adds to a counter of the group.
  @inline(__always) public func count(_ item: VMStat, by n: Int = 1) {
    pointee.statistics[Int(item.rawValue)] &+= n
  }

  @inline(__always) public func count(_ item: GroupCounter, by n: Int) {
    pointee.statistics[Int(item.rawValue)] &+= n
  }

  /// Whether it is another group or below that (`mem_cgroup_is_descendant()`); the root, nil, has
  /// all below it.
  public func isWithin(_ root: KernelPointer<MemoryGroup>?) -> Bool {
    guard let root else { return true }
    var group: KernelPointer<MemoryGroup>? = self
    while let here = group {
      if here == root { return true }
      group = here.pointee.parent
    }
    return false
  }

  /// The group that comes next when all below `root` are visited, parents before their children
  /// (`css_next_descendant_pre()`).
  public func following(below root: KernelPointer<MemoryGroup>?) -> KernelPointer<MemoryGroup>? {
    if let child = pointee.firstChild { return child }
    var here = self
    while here != root {
      if let next = here.pointee.next { return next }
      guard let parent = here.pointee.parent else { return nil }
      here = parent
    }
    return nil
  }

  /// A counter of the group and all below it.
  public func total(_ index: Int) -> Int {
    var sum = 0
    let lists = Int(VMStat.nr_inactive_anon.rawValue)
    let list = LRUList(rawValue: UInt8(clamping: index &- lists))
    var group: KernelPointer<MemoryGroup>? = self
    while let here = group {
      sum &+= here.pointee.statistics[index]
      if index >= lists, let list { sum &+= here.pointee.lru.pointee.size(list) }
      group = here.following(below: self)
    }
    return max(sum, 0)
  }

  public func total(_ item: VMStat) -> Int { total(Int(item.rawValue)) }
  public func total(_ item: GroupCounter) -> Int { total(Int(item.rawValue)) }
}
