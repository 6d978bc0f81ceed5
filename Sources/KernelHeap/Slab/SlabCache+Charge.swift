import Arm64
import MemoryTypes
import PageFrames

/// Objects of accounted caches in memory groups (memcg_slab_post_alloc_hook(),
/// memcg_slab_free_hook()).
///
/// An object's owner, a group's number, lies in the last four bytes of its slot, where those are
/// neither the object's own nor the free list's: what Linux's object of that cache has and ours does
/// not need. Where objects fill their slots, and of byte buffers, the owners are a row beside the
/// slab, as on Linux (`memcg_alloc_slab_cgroups()`): a buffer that is made for the slab's first
/// charged object and goes with the slab. Where it is the slab's first frame says
/// (`Frame.charge`, which frames of slabs have no other use for), in units of 64 bytes.
///
/// The owner is 0 in a slot that is nobody's.
extension KernelPointer where Pointee: ~Copyable {
  /// Charges an object that was just taken: of an accounted cache, or where the caller asks.
  @inline(never)
  func charge<B>(
    _ object: UnsafeMutableRawPointer, to group: KernelPointer<MemoryGroup>, isAsked: Bool = false
  ) where Pointee == SlabCache<B> {
    guard isAsked || pointee.options.contains(.account) else { return }
    guard let owner = unsafe pointee.owner(of: object, makesRow: true) else { return }
    unsafe owner.pointee = pointee.frames.pointee.chargeObject(
      pointee.chargedBytes, reclaimable: pointee.options.contains(.reclaimable), to: group)
  }

  /// Takes the charge off an object that is about to be given back.
  @inline(never)
  func uncharge<B>(_ object: UnsafeMutableRawPointer) where Pointee == SlabCache<B> {
    guard let owner = unsafe pointee.owner(of: object, makesRow: false) else { return }
    let number = unsafe owner.pointee
    guard number != 0 else { return }
    unsafe owner.pointee = 0
    pointee.frames.pointee.unchargeObject(
      pointee.chargedBytes, reclaimable: pointee.options.contains(.reclaimable), from: number)
  }
}

extension SlabCache {
  /// What an object counts as: its slot, and the owner's place in Linux's row (obj_full_size()).
  var chargedBytes: Int { Int(geometry.size.rawValue) &+ 8 }

  /// Where an object's owner is kept; nil where there is no place, as nobody of the slab was
  /// charged, the cache's objects never are, or there is no memory for the row.
  func owner(
    of object: UnsafeMutableRawPointer, makesRow: Bool
  ) -> UnsafeMutablePointer<UInt32>? {
    // SAFETY: the place lies in the object's slot, behind what is the object's.
    if chargeOffset != 0 {
      return unsafe (object + chargeOffset).assumingMemoryBound(to: UInt32.self)
    }
    guard let rows else { return nil }
    let slab = unsafe slab(of: object)
    if slab.frame.pointee.charge == 0 {
      guard makesRow, makeRow(of: slab, rows) else { return nil }
    }
    let distance = unsafe UInt(bitPattern: object) &- UInt(bitPattern: start(of: slab))
    // SAFETY: a row has a place for each object of its slab.
    return unsafe row(of: slab) + Int(distance / UInt(geometry.size.rawValue))
  }

  private func row(of slab: Slab) -> UnsafeMutablePointer<UInt32> {
    // SAFETY: made by `makeRow` for this slab; it stays until the slab goes.
    unsafe frames.pointee.board.pointer(
      to: PhysicalAddress(UInt64(slab.frame.pointee.charge) &<< 6)
    ).assumingMemoryBound(to: UInt32.self)
  }

  private func makeRow(of slab: Slab, _ rows: KernelPointer<SlabCache<B>>) -> Bool {
    guard let memory = unsafe rows.takeObject(.kernel) else { return false }
    let count = objects(in: slab)
    // SAFETY: a new buffer of a class that was chosen for the largest slab of this cache.
    unsafe memory.bindMemory(to: UInt32.self, capacity: count).initialize(
      repeating: 0, count: count)
    let place = unsafe frames.pointee.board.physicalAddress(of: memory)
    slab.frame.pointee.charge = UInt32(truncatingIfNeeded: place.rawValue &>> 6)
    return true
  }

  /// A slab without objects goes, and its row with it (`memcg_free_slab_cgroups()`).
  @inline(__always)
  func dropRow(of slab: Slab) {
    guard slab.frame.pointee.charge != 0, let rows else { return }
    let memory = unsafe row(of: slab)
    slab.frame.pointee.charge = 0
    unsafe rows.giveObject(UnsafeMutableRawPointer(memory))
  }

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
