import Arm64
public import MemoryTypes

/// Charging pages to the running task's group (mm/memcontrol.c).
extension FrameAllocator {
  /// Charges a new page of a program's; false if the group's limit forbids it, and a ``Shortage``
  /// is noted (`mem_cgroup_charge()`).
  ///
  /// One that the kernel itself touches is charged if need be beyond the limit, and paid for later.
  ///
  /// In the root group this is one load and a branch.
  @inline(__always)
  public mutating func charge(_ number: PageFrameNumber) -> Bool {
    guard let group = groups.current else { return true }
    return charge(number, to: group)
  }

  /// Charges a page that comes back from swap to the group that its slot is charged to, or, where
  /// that is the root or was removed, to the running task's (`mem_cgroup_swapin_charge_folio()`).
  @inline(__always)
  public mutating func charge(_ number: PageFrameNumber, asSwappedBy owner: UInt32) -> Bool {
    // In the root group nothing was ever charged.
    if groups.count == 0 { return true }
    if let group = group(owner), group.pointee.isOnline { return charge(number, to: group) }
    return charge(number)
  }

  /// Charges a page of a file's cache or of shared memory, if need be beyond the limit: there is no
  /// way back from where that is done, so the task pays before it goes on.
  @inline(__always)
  public mutating func chargeInAdvance(_ number: PageFrameNumber) {
    if let group = groups.current { chargeInAdvance(number, to: group) }
  }

  @inline(never)
  private mutating func charge(
    _ number: PageFrameNumber, to group: KernelPointer<MemoryGroup>
  ) -> Bool {
    if groups.stock.group == group && groups.stock.pages > 0 {
      groups.stock.pages &-= 1
    } else if servesCopy {
      chargeForced(1, to: group)
    } else if let limit = tryCharge(group, 1) {
      note(Shortage(group: limit.pointee.number, pages: 1, flags: .kernel))
      return false
    }
    commit(number, .anonymous, to: group)
    return true
  }

  @inline(never)
  private mutating func chargeInAdvance(
    _ number: PageFrameNumber, to group: KernelPointer<MemoryGroup>
  ) {
    chargeForced(1, to: group)
    commit(number, .pageCache, to: group)
  }

  /// The frame is the group's from now on (`commit_charge()`); its state says how it will be
  /// uncharged.
  @inline(__always)
  private mutating func commit(
    _ number: PageFrameNumber, _ state: Frame.State, to group: KernelPointer<MemoryGroup>
  ) {
    frames[number].pointee.charge = group.pointee.number
    frames[number].pointee.state = state
    group.pointee.references &+= 1
    group.count(.chargedIn, by: 1)
  }

  /// Charges pages, or answers the group whose limit forbids it (`try_charge_memcg()` without its
  /// reclaim).
  @inline(never)
  mutating func tryCharge(
    _ group: KernelPointer<MemoryGroup>, _ pages: Int
  ) -> KernelPointer<MemoryGroup>? {
    if consumeStock(of: group, pages) { return nil }
    // After a failure only what is asked for, so that nobody hoards what others may need.
    var batch = groups.chargesSingly ? pages : max(ChargeStock.batch, pages)
    var limit = group.tryCharge(memory: batch)
    if limit != nil && batch > pages {
      batch = pages
      limit = group.tryCharge(memory: batch)
    }
    if let limit { return limit }
    groups.chargesSingly = false
    if batch > pages { refillStock(of: group, batch &- pages) }
    noteHigh(group, batch)
    return nil
  }

  /// Charges pages, if need be beyond the limit.
  mutating func chargeForced(_ pages: Int, to group: KernelPointer<MemoryGroup>) {
    guard let limit = tryCharge(group, pages) else { return }
    group.charge(memory: pages)
    var shortage = Shortage(group: limit.pointee.number, pages: pages, flags: .kernel)
    shortage.isLent = true
    note(shortage)
    request(.debt)
  }

  /// A group above its mark makes whoever charges it work for it before its program goes on.
  private mutating func noteHigh(_ group: KernelPointer<MemoryGroup>, _ batch: Int) {
    var next: KernelPointer<MemoryGroup>? = group
    while let here = next {
      if here.pointee.memory.usage > here.pointee.memory.high
        || here.pointee.swap.usage > here.pointee.swap.high
      {
        groups.pagesOverHigh &+= batch
        request(.groupHigh)
        return
      }
      next = here.pointee.parent
    }
  }

  // MARK: Uncharging

  /// Gives back what a frame, or the block that begins with it, was charged.
  ///
  /// Programs' pages and files', and tables, which are freed together with those, go back to the
  /// counters (`uncharge_batch()`); the rest of the kernel's, a root table among it, to the stock
  /// (`obj_cgroup_uncharge_pages()`).
  @inline(never)
  mutating func uncharge(_ frame: KernelPointer<Frame>, _ order: Int) {
    guard let group = group(frame.pointee.charge) else {
      preconditionFailure("a frame charged to no group")
    }
    frame.pointee.charge = 0
    switch frame.pointee.state {
    case .anonymous, .pageCache:
      group.uncharge(memory: 1 &<< order)
      group.count(.chargedOut, by: 1 &<< order)
    case .pageTable where frame.pointee.index != 0:
      group.uncharge(memory: 1)
      group.count(.kernel, by: -1)
    default: unchargeKernel(group, 1 &<< order)
    }
    dropGroup(group)
  }

  /// A page takes the place of another: it is charged what that was, which is free of charge now
  /// (`mem_cgroup_migrate()`).
  public func moveCharge(from old: PageFrameNumber, to new: PageFrameNumber) {
    frames[new].pointee.charge = frames[old].pointee.charge
    frames[old].pointee.charge = 0
  }
}
