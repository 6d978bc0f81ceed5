import Arm64
import MemoryTypes
import PageFrames

extension KernelPointer where Pointee: ~Copyable {
  /// Gives back everything that holds no object, and brings the fullest slabs to the front of the
  /// list, so that the others may become empty (`kmem_cache_shrink()`).
  func shrink<B>() where Pointee == SlabCache<B> {
    for processor in 0..<pointee.processors { flush(processor) }
    let node = pointee.node
    var next = node.partial.first
    while let frame = next {
      next = node.partial.frame(after: frame)
      guard Slab(frame: frame).inUse == 0 else { continue }
      FrameList.remove(frame)
      node.pointee.partialCount &-= 1
      pointee.discard(Slab(frame: frame))
    }
    if node.pointee.partialCount > 1 { sort() }
  }

  /// Slabs with one free object first, then those with two, up to SHRINK_PROMOTE_MAX.
  private func sort<B>() where Pointee == SlabCache<B> {
    let list = pointee.node.partial
    var free = min(pointee.geometry.objects, 32)
    while free > 0 {
      var next = list.first
      while let frame = next {
        next = list.frame(after: frame)
        let slab = Slab(frame: frame)
        guard pointee.objects(in: slab) &- slab.inUse == free else { continue }
        FrameList.remove(frame)
        list.prepend(frame)
      }
      free &-= 1
    }
  }

  /// Takes everything from a processor (`flush_slab()`, `unfreeze_partials()`).
  func flush<B>(_ processor: Int) where Pointee == SlabCache<B> {
    let cpu = pointee.cpu(processor)
    if let slab = cpu.pointee.slab {
      // The processor's free objects become the slab's again.
      while let object = unsafe cpu.pointee.freeList {
        unsafe cpu.pointee.freeList = pointee.next(after: object)
        unsafe pointee.link(object, to: slab.freeList)
        unsafe slab.freeList = object
        slab.inUse &-= 1
      }
      pointee.setOwn(nil, processor)
      slab.isFrozen = false
      if unsafe slab.freeList != nil { keep(slab, processor) }
    }
    unfreeze(processor)
  }
}

extension SlabCache {
  /// How many processors there are.
  var processors: Int { max(frames.pointee.options.cpus, 1) }
}
