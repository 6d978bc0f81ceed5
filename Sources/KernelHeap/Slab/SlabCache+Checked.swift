import Arm64
import MemoryTypes
import PageFrames

/// Allocation and free where a checker is told of each: no processor has a slab, all slabs with
/// free objects are in the node's list (mm/slub.c: alloc_single_from_partial() and its like).
extension KernelPointer where Pointee: ~Copyable {
  func takeChecked<B>(
    _ flags: GFP, _ size: Int
  ) -> UnsafeMutableRawPointer? where Pointee == SlabCache<B> {
    let node = pointee.node
    let slab: Slab
    if let frame = node.partial.first {
      slab = Slab(frame: frame)
    } else {
      guard let new = newSlab(flags) else { return nil }
      slab = new
      node.partial.prepend(slab.frame)
      node.pointee.partialCount &+= 1
    }
    guard let object = unsafe slab.freeList else { return nil }
    unsafe slab.freeList = pointee.next(after: object)
    slab.inUse &+= 1
    if unsafe slab.freeList == nil {
      FrameList.remove(slab.frame)
      node.pointee.partialCount &-= 1
    }
    if let hooks = unsafe pointee.hooks {
      let wanted = size == 0 ? Int(pointee.objectSize.rawValue) : size
      unsafe hooks.pointee.allocated(
        hooks.pointee.context, address, object, wanted, flags.rawValue)
    }
    return unsafe object
  }

  /// Puts an object of a checked cache back, whatever its checker says.
  func giveChecked<B>(_ object: UnsafeMutableRawPointer) where Pointee == SlabCache<B> {
    let slab = unsafe pointee.slab(of: object)
    precondition(slab.frame.pointee.state == .slab && slab.frame.pointee.mapping == Slab.mark(self))
    let node = pointee.node
    let wasFull = unsafe slab.freeList == nil
    unsafe pointee.link(object, to: slab.freeList)
    unsafe slab.freeList = object
    slab.inUse &-= 1
    if wasFull {
      node.partial.append(slab.frame)
      node.pointee.partialCount &+= 1
    }
    if slab.inUse == 0 && node.pointee.partialCount > pointee.geometry.minPartial {
      FrameList.remove(slab.frame)
      node.pointee.partialCount &-= 1
      pointee.discard(slab)
    }
  }
}
