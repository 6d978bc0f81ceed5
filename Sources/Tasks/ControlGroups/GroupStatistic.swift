import Arm64
public import MemoryTypes
public import PageFrames

/// A line of `memory.stat`: what is counted, and how many bytes one of it is
/// (mm/memcontrol.c: memory_stats[], memcg_vm_event_stat[]).
public struct GroupStatistic: BitwiseCopyable {
  public var name: StaticString
  /// A ``PageFrames/VMStat`` or ``PageFrames/GroupCounter``; 255 for what this machine never has.
  var item: UInt8
  var unit: Unit
  /// Whether each node counts it.
  public var isOfNode = true

  /// What one counts as.
  enum Unit: BitwiseCopyable { case pages, kibibytes, one }

  /// The lines in their order; nil behind the last.
  public static func line(_ index: Int) -> GroupStatistic? {
    func pages(_ name: StaticString, _ item: VMStat) -> GroupStatistic {
      GroupStatistic(name: name, item: item.rawValue, unit: .pages)
    }
    func events(_ name: StaticString, _ item: VMStat) -> GroupStatistic {
      GroupStatistic(name: name, item: item.rawValue, unit: .one)
    }
    func group(_ name: StaticString, _ item: GroupCounter, _ unit: Unit, node: Bool)
      -> GroupStatistic
    {
      GroupStatistic(name: name, item: item.rawValue, unit: unit, isOfNode: node)
    }
    switch index {
    case 0: return pages("anon", .nr_anon_pages)
    case 1: return pages("file", .nr_file_pages)
    case 2: return group("kernel", .kernel, .pages, node: false)
    case 3:
      return GroupStatistic(
        name: "kernel_stack", item: VMStat.nr_kernel_stack.rawValue, unit: .kibibytes)
    case 4: return pages("pagetables", .nr_page_table_pages)
    case 5: return pages("sec_pagetables", .nr_sec_page_table_pages)
    case 6: return group("percpu", .perCPU, .one, node: false)
    case 7: return GroupStatistic(name: "sock", item: 255, unit: .pages, isOfNode: false)
    case 8: return group("vmalloc", .vmalloc, .pages, node: false)
    case 9: return pages("shmem", .nr_shmem)
    case 10: return pages("file_mapped", .nr_mapped)
    case 11: return pages("file_dirty", .nr_dirty)
    case 12: return pages("file_writeback", .nr_writeback)
    case 13: return pages("swapcached", .nr_swapcached)
    case 14: return GroupStatistic(name: "anon_thp", item: 255, unit: .pages)
    case 15: return GroupStatistic(name: "file_thp", item: 255, unit: .pages)
    case 16: return GroupStatistic(name: "shmem_thp", item: 255, unit: .pages)
    case 17: return pages("inactive_anon", .nr_inactive_anon)
    case 18: return pages("active_anon", .nr_active_anon)
    case 19: return pages("inactive_file", .nr_inactive_file)
    case 20: return pages("active_file", .nr_active_file)
    case 21: return pages("unevictable", .nr_unevictable)
    case 22: return group("slab_reclaimable", .slabReclaimable, .one, node: true)
    case 23: return group("slab_unreclaimable", .slabUnreclaimable, .one, node: true)
    case 24: return events("workingset_refault_anon", .workingset_refault_anon)
    case 25: return events("workingset_refault_file", .workingset_refault_file)
    case 26: return events("workingset_activate_anon", .workingset_activate_anon)
    case 27: return events("workingset_activate_file", .workingset_activate_file)
    case 28: return events("workingset_restore_anon", .workingset_restore_anon)
    case 29: return events("workingset_restore_file", .workingset_restore_file)
    case 30: return events("workingset_nodereclaim", .workingset_nodereclaim)
    default: return nil
    }
  }

  /// The events that follow them.
  public static func event(_ index: Int) -> (name: StaticString, item: VMStat)? {
    switch index {
    case 0: ("pgscan_kswapd", .pgscan_kswapd)
    case 1: ("pgscan_direct", .pgscan_direct)
    case 2: ("pgsteal_kswapd", .pgsteal_kswapd)
    case 3: ("pgsteal_direct", .pgsteal_direct)
    case 4: ("pgfault", .pgfault)
    case 5: ("pgmajfault", .pgmajfault)
    case 6: ("pgrefill", .pgrefill)
    case 7: ("pgactivate", .pgactivate)
    case 8: ("pgdeactivate", .pgdeactivate)
    case 9: ("pglazyfree", .pglazyfree)
    case 10: ("pglazyfreed", .pglazyfreed)
    default: nil
    }
  }
}

extension KernelState {
  /// A group's counter with those below; of the root, nil, the machine's own, but of the kernel's
  /// memory what groups have: what is the root's is charged to nobody.
  private func total(_ item: UInt8, of group: KernelPointer<MemoryGroup>?) -> UInt64 {
    guard item != 255 else { return 0 }
    if let group { return UInt64(group.total(Int(item))) }
    if let counter = VMStat(rawValue: item), counter != .nr_kernel_stack,
      counter != .nr_page_table_pages
    {
      return UInt64(max(frames.pointee.statistic(counter), 0))
    }
    var sum = 0
    var next = frames.pointee.groups.first
    while let here = next {
      sum &+= here.total(Int(item))
      next = here.pointee.next
    }
    return UInt64(sum)
  }

  /// What a line says of a group with those below.
  public func bytes(_ line: GroupStatistic, of group: KernelPointer<MemoryGroup>?) -> UInt64 {
    let count = total(line.item, of: group)
    switch line.unit {
    case .pages: return count &* board.pageSize.bytes.rawValue
    case .kibibytes: return count &* 1024
    case .one: return count
    }
  }

  /// The same of an event.
  public func total(_ event: VMStat, of group: KernelPointer<MemoryGroup>?) -> UInt64 {
    total(event.rawValue, of: group)
  }

  /// The lines of `memory.stat`, in their order (memory_stat_format()).
  public func forEachStatistic(
    of group: KernelPointer<MemoryGroup>?, _ body: (StaticString, UInt64) -> Void
  ) {
    var index = 0
    var slab: UInt64 = 0
    while let line = GroupStatistic.line(index) {
      let value = bytes(line, of: group)
      body(line.name, value)
      if index == 22 || index == 23 { slab &+= value }
      if index == 23 { body("slab", slab) }
      index &+= 1
    }
    body("pgscan", total(.pgscan_kswapd, of: group) &+ total(.pgscan_direct, of: group))
    body("pgsteal", total(.pgsteal_kswapd, of: group) &+ total(.pgsteal_direct, of: group))
    index = 0
    while let event = GroupStatistic.event(index) {
      body(event.name, total(event.item, of: group))
      index &+= 1
    }
    body("thp_fault_alloc", 0)
    body("thp_collapse_alloc", 0)
  }
}
