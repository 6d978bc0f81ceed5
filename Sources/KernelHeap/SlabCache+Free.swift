import Arm64
import MemoryTypes
import PageFrames

extension KernelPointer where Pointee: ~Copyable {
  /// Takes an object's memory back: the straight-line path, for objects of the processor's slab.
  @inline(__always)
  func giveObject<B>(_ object: UnsafeMutableRawPointer) where Pointee == SlabCache<B> {
    guard UInt(bitPattern: object) &- pointee.slabStart < pointee.slabBytes else {
      return unsafe giveToSlab(object)
    }
    // SAFETY: the object is the caller's no more; its first word is free for the list.
    unsafe object.storeBytes(of: pointee.freeList, as: UnsafeMutableRawPointer?.self)
    unsafe pointee.freeList = object
  }

  /// Puts an object back into the slab that it is from (`__slab_free()`).
  @inline(never)
  func giveToSlab<B>(_ object: UnsafeMutableRawPointer) where Pointee == SlabCache<B> {
    let slab = unsafe pointee.slab(of: object)
    precondition(slab.frame.pointee.state == .slab && slab.frame.pointee.mapping == UInt64(address))
    let wasFull = unsafe slab.freeList == nil
    // SAFETY: as above.
    unsafe object.storeBytes(of: slab.freeList, as: UnsafeMutableRawPointer?.self)
    unsafe slab.freeList = object
    slab.inUse &-= 1
    guard !slab.isFrozen else { return }
    if wasFull {
      keep(slab)
    } else if slab.inUse == 0 && pointee.partialCount >= pointee.geometry.minPartial {
      FrameList.remove(slab.frame)
      pointee.partialCount &-= 1
      pointee.discard(slab)
    }
  }

  /// The processor keeps a slab that became partial; if it has too many, those go to the list that
  /// all share (`put_cpu_partial()`).
  private func keep<B>(_ slab: Slab) where Pointee == SlabCache<B> {
    if pointee.perCPUCount >= pointee.geometry.perCPUPartial { unfreeze() }
    slab.isFrozen = true
    lists().perCPU.prepend(slab.frame)
    pointee.perCPUCount &+= 1
  }

  /// Moves the processor's partial slabs to the common list; empty ones that it does not need are
  /// given back (`__unfreeze_partials()`).
  func unfreeze<B>() where Pointee == SlabCache<B> {
    let (partial, perCPU) = lists()
    while let frame = perCPU.first {
      FrameList.remove(frame)
      pointee.perCPUCount &-= 1
      let slab = Slab(frame: frame)
      slab.isFrozen = false
      if slab.inUse == 0 && pointee.partialCount >= pointee.geometry.minPartial {
        pointee.discard(slab)
      } else {
        partial.append(frame)
        pointee.partialCount &+= 1
      }
    }
  }

  /// Gives back everything that holds no object (`kmem_cache_shrink()`).
  func shrink<B>() where Pointee == SlabCache<B> {
    if let slab = pointee.slab {
      // The processor's free objects become the slab's again.
      while let object = unsafe pointee.freeList {
        // SAFETY: a free object's first word is the list's.
        unsafe pointee.freeList = object.load(as: UnsafeMutableRawPointer?.self)
        unsafe object.storeBytes(of: slab.freeList, as: UnsafeMutableRawPointer?.self)
        unsafe slab.freeList = object
        slab.inUse &-= 1
      }
      pointee.setOwn(nil)
      slab.isFrozen = false
      if unsafe slab.freeList != nil { keep(slab) }
    }
    unfreeze()
    let partial = lists().partial
    var next = partial.first
    while let frame = next {
      next = partial.frame(after: frame)
      guard Slab(frame: frame).inUse == 0 else { continue }
      FrameList.remove(frame)
      pointee.partialCount &-= 1
      pointee.discard(Slab(frame: frame))
    }
  }
}

extension SlabCache {
  /// The slab that an object lies in.
  func slab(of object: UnsafeMutableRawPointer) -> Slab {
    let address = unsafe frames.pointee.board.physicalAddress(of: object)
    let frame = frames.pointee.frame(
      PageFrameNumber(containing: address, frames.pointee.board.pageSize))
    let word = frame.pointee.mapping
    guard word & 1 != 0 else { return Slab(frame: frame) }
    // SAFETY: frames of a slab but its first hold the first one's address, plus 1.
    let head = unsafe UnsafeMutablePointer<Frame>(bitPattern: UInt(word & ~1))
    guard let head = unsafe head else { return Slab(frame: frame) }
    return unsafe Slab(frame: KernelPointer(head))
  }

  /// Gives an empty slab's frames back (`discard_slab()`).
  mutating func discard(_ slab: Slab) {
    let order = slab.order
    let block = frames.pointee.number(of: slab.frame)
    slabs &-= 1
    objects &-= objects(in: slab)
    for offset in 1..<max(order.pages.rawValue, 1) {
      frames.pointee.frame(block + PageCount(offset)).pointee.mapping = 0
    }
    frames.pointee.count(counter, by: -Int(order.pages.rawValue))
    frames.pointee.free(block, order)
  }
}
