import Arm64
import MemoryTypes
import PageFrames

/// Objects of accounted caches in memory groups (memcg_slab_post_alloc_hook(),
/// memcg_slab_free_hook()).
///
/// Linux keeps a row of owners beside each slab. Here an object's owner, a group's number, lies in
/// the last four bytes of its slot, where those are neither the object's own nor the free list's:
/// what Linux's object of that cache has and ours does not need. It is 0 in a slot that is nobody's.
/// Objects that fill their slot are not charged.
extension KernelPointer where Pointee: ~Copyable {
  /// Charges an object that was just taken.
  @inline(never)
  func charge<B>(
    _ object: UnsafeMutableRawPointer, to group: KernelPointer<MemoryGroup>
  ) where Pointee == SlabCache<B> {
    let place = pointee.chargeOffset
    guard place != 0 else { return }
    let number = pointee.frames.pointee.chargeObject(
      pointee.chargedBytes, reclaimable: pointee.options.contains(.reclaimable), to: group)
    // SAFETY: the place lies in the object's slot, behind what is the object's.
    unsafe (object + place).assumingMemoryBound(to: UInt32.self).pointee = number
  }

  /// Takes the charge off an object that is about to be given back.
  @inline(never)
  func uncharge<B>(_ object: UnsafeMutableRawPointer) where Pointee == SlabCache<B> {
    let place = pointee.chargeOffset
    guard place != 0 else { return }
    // SAFETY: as above.
    let word = unsafe (object + place).assumingMemoryBound(to: UInt32.self)
    let number = unsafe word.pointee
    guard number != 0 else { return }
    unsafe word.pointee = 0
    pointee.frames.pointee.unchargeObject(
      pointee.chargedBytes, reclaimable: pointee.options.contains(.reclaimable), from: number)
  }
}

extension SlabCache {
  /// What an object counts as: its slot, and the owner's place in Linux's row (obj_full_size()).
  var chargedBytes: Int { Int(geometry.size.rawValue) &+ 8 }

  /// Where the owner lies in slots of so many bytes; 0 where there is no place for it.
  static func chargeOffset(
    _ description: SlabDescription, slot: ByteCount, linkOffset: Int
  ) -> Int {
    guard description.options.contains(.account), !description.options.contains(.checked) else {
      return 0
    }
    let place = Int(slot.rawValue) &- 4
    return place >= max(Int(description.ownSize.rawValue), linkOffset &+ 8) ? place : 0
  }

  /// Whether another cache's objects may share the slots; one that needs the owner's place takes it,
  /// as long as nobody is charged.
  mutating func admits(_ description: SlabDescription) -> Bool {
    guard chargeOffset != 0, Int(description.ownSize.rawValue) > chargeOffset else { return true }
    guard !frames.pointee.chargesObjects else { return false }
    chargeOffset = 0
    return true
  }
}
