import MemoryTypes

/// Charging a group and all above it (mm/page_counter.c).
extension KernelPointer where Pointee == MemoryGroup {

  /// Charges RAM if every limit allows it; else answers the first group that does not
  /// (`page_counter_try_charge()`).
  func tryCharge(memory pages: Int) -> KernelPointer<MemoryGroup>? { tryCharge(pages, .memory) }

  /// Charges swap space; the first group whose limit forbids it, if any.
  func tryCharge(swap pages: Int) -> KernelPointer<MemoryGroup>? { tryCharge(pages, .swap) }

  /// Charges RAM whatever the limits (`page_counter_charge()`).
  func charge(memory pages: Int) {
    var group: KernelPointer<MemoryGroup>? = self
    while let here = group {
      here.setUsage(here.pointee.memory.usage &+ pages, .memory)
      group = here.pointee.parent
    }
  }

  /// Takes a charge of RAM back (`page_counter_uncharge()`).
  func uncharge(memory pages: Int) { uncharge(pages, .memory) }

  /// Takes a charge of swap space back.
  func uncharge(swap pages: Int) { uncharge(pages, .swap) }

  @inline(__always) private func tryCharge(
    _ pages: Int, _ resource: ChargedResource
  ) -> KernelPointer<MemoryGroup>? {
    var group: KernelPointer<MemoryGroup>? = self
    while let here = group {
      let new = here.pointee[resource].usage &+ pages
      guard new <= here.pointee[resource].maximum else {
        here.pointee[resource].failures &+= 1
        uncharge(pages, resource, below: here)
        return here
      }
      here.setUsage(new, resource)
      group = here.pointee.parent
    }
    return nil
  }

  /// Takes a charge back, here and above up to but not including `top`.
  @inline(__always) private func uncharge(
    _ pages: Int, _ resource: ChargedResource, below top: KernelPointer<MemoryGroup>? = nil
  ) {
    var group: KernelPointer<MemoryGroup>? = self
    while let here = group, here != top {
      precondition(here.pointee[resource].usage >= pages)
      here.setUsage(here.pointee[resource].usage &- pages, resource)
      group = here.pointee.parent
    }
  }

  @inline(__always) private func setUsage(_ usage: Int, _ resource: ChargedResource) {
    pointee[resource].usage = usage
    // Nothing of swap space is protected.
    if resource == .memory { pointee.propagateProtectedUsage() }
    if usage > pointee[resource].watermark { pointee[resource].watermark = usage }
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

/// What a group has a ``PageCounter`` of.
private enum ChargedResource { case memory, swap }

extension MemoryGroup {
  fileprivate subscript(resource: ChargedResource) -> PageCounter {
    @inline(__always) get { resource == .memory ? memory : swap }
    @inline(__always) _modify {
      switch resource {
      case .memory: yield &memory
      case .swap: yield &swap
      }
    }
  }

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
