public import MemoryTypes

/// Limits of a group, and what reclaim leaves it (mm/memcontrol.c).
extension KernelPointer where Pointee == MemoryGroup {
  /// Sets the limit of RAM; what is in use may be more.
  public func setMaximum(_ pages: Int) { pointee.memory.maximum = pages }

  /// Sets the mark of RAM, and that of swap space.
  public func setHigh(_ pages: Int) { pointee.memory.high = pages }
  public func setSwapHigh(_ pages: Int) { pointee.swap.high = pages }

  public func setSwapMaximum(_ pages: Int) { pointee.swap.maximum = pages }

  /// Sets what is never taken (`page_counter_set_min()`).
  public func setMinimum(_ pages: Int) {
    pointee.memory.minimum = pages
    propagateProtection()
  }

  /// Sets what is taken last (`page_counter_set_low()`).
  public func setLow(_ pages: Int) {
    pointee.memory.low = pages
    propagateProtection()
  }

  /// Works out what of the group is protected from a reclaim that began at `root`, nil for all of
  /// the machine (`mem_cgroup_calculate_protection()`).
  ///
  /// Parents must be asked before their children.
  public func calculateProtection(from root: KernelPointer<MemoryGroup>?) {
    guard self != root, pointee.memory.usage != 0 else { return }
    guard let parent = pointee.parent, parent != root else {
      pointee.memory.effectiveMinimum = pointee.memory.minimum
      pointee.memory.effectiveLow = pointee.memory.low
      return
    }
    let above = parent.pointee.memory
    let here = pointee.memory
    pointee.memory.effectiveMinimum = Self.effective(
      setting: here.minimum, usage: here.usage, parents: above.effectiveMinimum,
      siblings: above.childrenMinimumUsage)
    pointee.memory.effectiveLow = Self.effective(
      setting: here.low, usage: here.usage, parents: above.effectiveLow,
      siblings: above.childrenLowUsage)
  }

  /// What is set, as far as it is used and the parent's protection reaches for all its children
  /// (`effective_protection()`, without memory_recursiveprot, which nobody mounts with here).
  private static func effective(
    setting: Int, usage: Int, parents: Int, siblings: Int
  ) -> Int {
    let protected = min(usage, setting)
    guard siblings > parents else { return protected }
    // Both factors may be as large as memory in pages: the product is formed in full.
    let product = UInt(protected).multipliedFullWidth(by: UInt(parents))
    return Int(UInt(siblings).dividingFullWidth(product).quotient)
  }

  /// Whether nothing may be taken from it (`mem_cgroup_below_min()`), or nothing as long as others
  /// have more (`mem_cgroup_below_low()`).
  public var isBelowMinimum: Bool { pointee.memory.effectiveMinimum >= pointee.memory.usage }
  public var isBelowLow: Bool { pointee.memory.effectiveLow >= pointee.memory.usage }

  /// How far the group, or one above it, is beyond its mark, at most: of RAM
  /// (`mem_find_max_overage()`), and of swap space, which is an event each time
  /// (`swap_find_max_overage()`).
  public func greatestOverage(ofSwap: Bool) -> UInt64 {
    var most: UInt64 = 0
    var group: KernelPointer<MemoryGroup>? = self
    while let here = group {
      let overage = ofSwap ? here.pointee.swap.overage : here.pointee.memory.overage
      if ofSwap && overage > 0 { here.note(.swapHigh) }
      most = max(most, overage)
      group = here.pointee.parent
    }
    return most
  }

  /// How long a task that charged so many pages waits because of an overage, in ticks of which a
  /// second has `hertz`: as the square of it (`calculate_high_delay()`).
  public static func delay(for overage: UInt64, pages: Int, hertz: UInt64) -> UInt64 {
    guard overage > 0 else { return 0 }
    // Whoever is so far beyond waits the longest time there is, whatever the product.
    let bounded = min(overage, 1 &<< 27)
    let ticks = (bounded &* bounded &* hertz) &>> 34
    return ticks &* UInt64(pages) / UInt64(ChargeStock.batch)
  }
}
