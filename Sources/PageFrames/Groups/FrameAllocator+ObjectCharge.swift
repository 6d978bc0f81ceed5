import Arm64
public import MemoryTypes

/// Bytes that a processor has charged ahead for objects of slab caches
/// (`obj_cgroup_charge()`, `struct memcg_stock_pcp`).
struct ObjectStock: BitwiseCopyable {
  var group: KernelPointer<MemoryGroup>?
  var bytes = 0

  init() {}
}

/// Objects of slab caches, charged by byte: a page is charged for those that no stock covers, and
/// what of it is not used yet is the stock.
extension FrameAllocator {
  /// Whether objects must be asked whose they are when they are freed.
  @inlinable public var chargesObjects: Bool { groups.chargedObjects != 0 }

  /// Charges an object of some bytes to the running task's group; answers the group's number.
  public mutating func chargeObject(
    _ bytes: Int, reclaimable: Bool, to group: KernelPointer<MemoryGroup>
  ) -> UInt32 {
    if groups.objects.group == group && groups.objects.bytes >= bytes {
      groups.objects.bytes &-= bytes
    } else {
      // First: giving back whole pages of another group would empty the stock that is filled now.
      if groups.objects.group != group { drainObjectStock() }
      let size = Int(board.pageSize.bytes.rawValue)
      let pages = (bytes &+ size &- 1) / size
      chargeKernelPages(pages, to: group)
      refillObjects(of: group, pages &* size &- bytes, maySpill: false)
    }
    groups.chargedObjects &+= 1
    group.pointee.references &+= 1
    group.count(reclaimable ? .slabReclaimable : .slabUnreclaimable, by: bytes)
    return group.pointee.number
  }

  /// Gives back an object's bytes (`obj_cgroup_uncharge()`).
  public mutating func unchargeObject(_ bytes: Int, reclaimable: Bool, from number: UInt32) {
    guard let group = group(number) else { preconditionFailure("an object of no group") }
    group.count(reclaimable ? .slabReclaimable : .slabUnreclaimable, by: 0 &- bytes)
    groups.chargedObjects &-= 1
    refillObjects(of: group, bytes, maySpill: true)
    dropGroup(group)
  }

  /// Puts bytes into the stock; whole pages of it go back (`refill_obj_stock()`).
  private mutating func refillObjects(
    of group: KernelPointer<MemoryGroup>, _ bytes: Int, maySpill: Bool
  ) {
    var maySpill = maySpill
    if groups.objects.group != group {
      drainObjectStock()
      groups.objects.group = group
      group.pointee.references &+= 1
      groups.objects.bytes = group.pointee.objectBytes
      group.pointee.objectBytes = 0
      maySpill = true
    }
    groups.objects.bytes &+= bytes
    let size = Int(board.pageSize.bytes.rawValue)
    guard maySpill, groups.objects.bytes > size else { return }
    let pages = groups.objects.bytes / size
    groups.objects.bytes &-= pages &* size
    unchargeKernel(group, pages)
  }

  /// Gives whole pages of the stock back, and leaves the rest with the group
  /// (`drain_obj_stock()`).
  mutating func drainObjectStock() {
    guard let group = groups.objects.group else { return }
    let bytes = groups.objects.bytes &+ group.pointee.objectBytes
    groups.objects = ObjectStock()
    let size = Int(board.pageSize.bytes.rawValue)
    group.pointee.objectBytes = bytes % size
    if bytes / size > 0 { unchargeKernel(group, bytes / size) }
    dropGroup(group)
  }
}
