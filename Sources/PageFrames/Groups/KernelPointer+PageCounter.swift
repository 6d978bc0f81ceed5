import MemoryTypes

/// Charging a group and all above it (mm/page_counter.c).
extension KernelPointer where Pointee == MemoryGroup {

  /// Charges RAM if every limit allows it; else answers the first group that does not
  /// (`page_counter_try_charge()`).
  func tryCharge(memory pages: Int) -> KernelPointer<MemoryGroup>? {
    var group: KernelPointer<MemoryGroup>? = self
    while let here = group {
      let new = here.pointee.memory.usage &+ pages
      guard new <= here.pointee.memory.maximum else {
        here.pointee.memory.failures &+= 1
        uncharge(memory: pages, below: here)
        return here
      }
      here.pointee.memory.usage = new
      here.noteMemoryUsage()
      group = here.pointee.parent
    }
    return nil
  }

  /// Charges RAM whatever the limits (`page_counter_charge()`).
  func charge(memory pages: Int) {
    var group: KernelPointer<MemoryGroup>? = self
    while let here = group {
      here.pointee.memory.usage &+= pages
      here.noteMemoryUsage()
      group = here.pointee.parent
    }
  }

  /// Takes a charge back, here and above up to but not including `top`
  /// (`page_counter_uncharge()`).
  func uncharge(memory pages: Int, below top: KernelPointer<MemoryGroup>? = nil) {
    var group: KernelPointer<MemoryGroup>? = self
    while let here = group, here != top {
      precondition(here.pointee.memory.usage >= pages)
      here.pointee.memory.usage &-= pages
      here.pointee.propagateProtectedUsage()
      group = here.pointee.parent
    }
  }

  @inline(__always) private func noteMemoryUsage() {
    pointee.propagateProtectedUsage()
    if pointee.memory.usage > pointee.memory.watermark {
      pointee.memory.watermark = pointee.memory.usage
    }
  }

  /// Charges swap space; the first group whose limit forbids it, if any.
  func tryCharge(swap pages: Int) -> KernelPointer<MemoryGroup>? {
    var group: KernelPointer<MemoryGroup>? = self
    while let here = group {
      let new = here.pointee.swap.usage &+ pages
      guard new <= here.pointee.swap.maximum else {
        here.pointee.swap.failures &+= 1
        uncharge(swap: pages, below: here)
        return here
      }
      here.pointee.swap.usage = new
      if new > here.pointee.swap.watermark { here.pointee.swap.watermark = new }
      group = here.pointee.parent
    }
    return nil
  }

  func uncharge(swap pages: Int, below top: KernelPointer<MemoryGroup>? = nil) {
    var group: KernelPointer<MemoryGroup>? = self
    while let here = group, here != top {
      precondition(here.pointee.swap.usage >= pages)
      here.pointee.swap.usage &-= pages
      group = here.pointee.parent
    }
  }

  /// What is protected changed: here and in all groups above (`page_counter_set_min()`).
  func propagateProtection() {
    var group: KernelPointer<MemoryGroup>? = self
    while let here = group {
      here.pointee.propagateProtectedUsage()
      group = here.pointee.parent
    }
  }
}

extension MemoryGroup {
  /// Tells the parent how much of what is used here is protected
  /// (`propagate_protected_usage()`).
  ///
  /// Groups right below the root need not: reclaim of the whole machine takes their settings as
  /// they are.
  @inline(__always) mutating func propagateProtectedUsage() {
    guard let parent, memory.minimum | memory.minimumUsage | memory.low | memory.lowUsage != 0
    else { return }
    let minimum = min(memory.usage, memory.minimum)
    parent.pointee.memory.childrenMinimumUsage &+= minimum &- memory.minimumUsage
    memory.minimumUsage = minimum
    let low = min(memory.usage, memory.low)
    parent.pointee.memory.childrenLowUsage &+= low &- memory.lowUsage
    memory.lowUsage = low
  }
}
