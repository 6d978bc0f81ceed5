import Arm64
public import MemoryTypes

/// Swap space of memory groups (mm/memcontrol.c:__mem_cgroup_try_charge_swap() and on).
///
/// A slot is charged to the group of the page that goes there, and holds a reference of it as a
/// frame does.
extension FrameAllocator {
  /// Charges a slot to the group of a frame: the group's number, 0 for the root's; nil where its
  /// limit forbids it.
  public mutating func chargeSwap(for number: PageFrameNumber) -> UInt32? {
    guard let group = group(of: frames[number]) else { return 0 }
    if group.tryCharge(swap: 1) != nil {
      group.note(.swapMax)
      group.note(.swapFail)
      return nil
    }
    group.pointee.references &+= 1
    group.count(.swap, by: 1)
    return group.pointee.number
  }

  /// There was no slot for a page (`folio_alloc_swap()`).
  public func noteSwapFailure(of number: PageFrameNumber) {
    group(of: frames[number])?.note(.swapFail)
  }

  /// A slot is free again (`__mem_cgroup_uncharge_swap()`).
  public mutating func unchargeSwap(_ number: UInt32) {
    guard let group = group(number) else { return }
    group.uncharge(swap: 1)
    group.count(.swap, by: -1)
    dropGroup(group)
  }
}
