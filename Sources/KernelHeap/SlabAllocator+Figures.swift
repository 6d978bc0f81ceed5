import Arm64
import MemoryTypes
import PageFrames

extension SlabAllocator {
  /// Visits each cache's figures, newest first as `/proc/slabinfo` lists them.
  public func forEachCache(_ body: (SlabFigures) -> Void) {
    forEach { body($0.figures()) }
  }

  /// The figures of one cache, counted from the newest; nil behind the last.
  public func figures(at index: Int) -> SlabFigures? {
    var cache: KernelPointer<SlabCache<B>>? = newest
    var left = index
    while left > 0, let here = cache {
      cache = here.pointee.previous
      left &-= 1
    }
    return cache?.figures()
  }

  /// Traps if slabs, lists and counters do not agree.
  public func checkInvariants() {
    forEach { $0.checkInvariants() }
  }
}

extension KernelPointer where Pointee: ~Copyable {
  /// As `get_slabinfo()`: only free objects of slabs in the common list count as free.
  func figures<B>() -> SlabFigures where Pointee == SlabCache<B> {
    var free = 0
    forEachPartial { free &+= pointee.objects(in: $0) &- $0.inUse }
    return SlabFigures(
      name: pointee.name, activeObjects: pointee.objects &- free, objects: pointee.objects,
      objectSize: pointee.geometry.size, objectsPerSlab: pointee.geometry.objects,
      pagesPerSlab: Int(pointee.geometry.order.pages.rawValue), slabs: pointee.slabs,
      ownSize: pointee.ownSize)
  }

  /// Every slab in a list has as many free objects as its count says, is in the right state, and
  /// the lists are as long as the counters say.
  func checkInvariants<B>() where Pointee == SlabCache<B> {
    var partial = 0
    forEachPartial { slab in
      partial &+= 1
      precondition(!slab.isFrozen)
      check(slab)
    }
    precondition(partial == pointee.partialCount)
    var kept = 0
    let list = lists().perCPU
    var next = list.first
    while let frame = next {
      kept &+= 1
      precondition(Slab(frame: frame).isFrozen)
      check(Slab(frame: frame))
      next = list.frame(after: frame)
    }
    precondition(kept == pointee.perCPUCount)
    if let slab = pointee.slab {
      precondition(slab.isFrozen && slab.inUse == pointee.objects(in: slab))
      unsafe precondition(pointee.length(of: pointee.freeList, in: slab) <= slab.inUse)
    } else {
      unsafe precondition(pointee.freeList == nil)
    }
    precondition(partial &+ kept &+ (pointee.slab == nil ? 0 : 1) <= pointee.slabs)
  }

  private func check<B>(_ slab: Slab) where Pointee == SlabCache<B> {
    precondition(slab.frame.pointee.state == .slab)
    precondition(slab.frame.pointee.mapping == UInt64(address))
    let free = unsafe pointee.length(of: slab.freeList, in: slab)
    precondition(free &+ slab.inUse == pointee.objects(in: slab))
  }

  private func forEachPartial<B>(_ body: (Slab) -> Void) where Pointee == SlabCache<B> {
    let list = lists().partial
    var next = list.first
    while let frame = next {
      body(Slab(frame: frame))
      next = list.frame(after: frame)
    }
  }
}

extension SlabCache {
  /// The length of a list of free objects, all of which must be objects of the slab.
  func length(of list: UnsafeMutableRawPointer?, in expected: Slab) -> Int {
    var count = 0
    var next = unsafe list
    while let object = unsafe next {
      let slab = unsafe slab(of: object)
      precondition(slab.frame == expected.frame && count <= geometry.objects)
      count &+= 1
      // SAFETY: a free object's first word is the list's.
      unsafe next = object.load(as: UnsafeMutableRawPointer?.self)
    }
    return count
  }
}
