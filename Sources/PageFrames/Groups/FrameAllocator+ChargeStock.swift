import Arm64
public import MemoryTypes

/// The stock of pages charged ahead, and kernel memory, which comes from it and goes back to it.
extension FrameAllocator {
  /// Takes from the stock (`consume_stock()`).
  @inline(__always)
  mutating func consumeStock(of group: KernelPointer<MemoryGroup>, _ pages: Int) -> Bool {
    guard groups.stock.group == group, groups.stock.pages >= pages else { return false }
    groups.stock.pages &-= pages
    return true
  }

  /// Puts charged pages into the stock; more than a batch go back (`refill_stock()`).
  mutating func refillStock(of group: KernelPointer<MemoryGroup>, _ pages: Int) {
    if groups.stock.group != group {
      drainPageStock()
      groups.stock.group = group
      group.pointee.references &+= 1
    }
    groups.stock.pages &+= pages
    if groups.stock.pages > ChargeStock.batch { drainPageStock() }
  }

  /// Gives the stock back, if it belongs to a group or one below it (`drain_all_stock()`).
  public mutating func drainStock(ifWithin group: KernelPointer<MemoryGroup>?) {
    let hasPages = groups.stock.group.map { $0.isWithin(group) } ?? false
    let hasBytes = groups.objects.group.map { $0.isWithin(group) } ?? false
    guard hasPages && groups.stock.pages > 0 || hasBytes else {
      // An empty stock holds its group alone, which must not keep one that is gone.
      if hasPages { drainPageStock() }
      return
    }
    drainObjectStock()
    drainPageStock()
  }

  /// `drain_stock()`.
  mutating func drainPageStock() {
    guard let group = groups.stock.group else { return }
    let pages = groups.stock.pages
    groups.stock = ChargeStock()
    if pages > 0 { group.uncharge(memory: pages) }
    dropGroup(group)
  }

  // MARK: Kernel memory

  /// Charges a block of the kernel's to the running task's group (`__memcg_kmem_charge_page()`), if
  /// need be beyond the limit.
  @inline(__always)
  public mutating func chargeKernel(_ number: PageFrameNumber, _ order: Int = 0) {
    if let group = groups.current { chargeKernel(number, order, to: group) }
  }

  @inline(never)
  private mutating func chargeKernel(
    _ number: PageFrameNumber, _ order: Int, to group: KernelPointer<MemoryGroup>
  ) {
    chargeKernelPages(1 &<< order, to: group)
    frames[number].pointee.charge = group.pointee.number
    group.pointee.references &+= 1
  }

  /// Takes the charge off a block of the kernel's that lives on.
  public mutating func unchargeKernel(_ number: PageFrameNumber, _ order: Int = 0) {
    if frames[number].pointee.charge != 0 { uncharge(frames[number], order) }
  }

  /// A block's charge becomes that of each of its frames (`split_page_memcg()`).
  func splitCharge(_ charge: UInt32, _ pages: Int) {
    group(charge)?.pointee.references &+= pages &- 1
  }

  /// `obj_cgroup_charge_pages()`.
  mutating func chargeKernelPages(_ pages: Int, to group: KernelPointer<MemoryGroup>) {
    chargeForced(pages, to: group)
    group.count(.kernel, by: pages)
  }

  /// `obj_cgroup_uncharge_pages()`: by whoever the memory belongs to now.
  mutating func unchargeKernel(_ group: KernelPointer<MemoryGroup>, _ pages: Int) {
    group.count(.kernel, by: 0 &- pages)
    if group.pointee.isOnline {
      refillStock(of: group, pages)
    } else {
      group.uncharge(memory: pages)
    }
  }

  /// Adds to a counter of the group that a frame is charged to.
  @inline(__always)
  public mutating func countGroup(_ item: VMStat, _ frame: KernelPointer<Frame>, by n: Int) {
    if frame.pointee.charge != 0 { countCharged(item, frame, by: n) }
  }

  @inline(never)
  private func countCharged(_ item: VMStat, _ frame: KernelPointer<Frame>, by n: Int) {
    group(frame.pointee.charge)?.count(item, by: n)
  }

  /// Adds to a counter of the running task's group.
  @inline(__always)
  public mutating func countCurrentGroup(_ item: VMStat, by n: Int = 1) {
    if let group = groups.current { group.count(item, by: n) }
  }
}
