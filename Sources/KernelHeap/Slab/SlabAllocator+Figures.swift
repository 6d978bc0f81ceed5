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

  /// The figures of the newest cache of a number.
  public func figures(numbered number: UInt16) -> SlabFigures? {
    cache(numbered: number)?.figures()
  }

  /// Traps if slabs, lists and counters do not agree.
  public func checkInvariants() {
    forEach { $0.checkInvariants() }
    var next: KernelPointer<SlabCache<B>>? = caches
    var last = caches
    while let cache = next {
      precondition(cache == caches || cache.pointee.previous == last)
      last = cache
      next = cache.pointee.next
    }
    precondition(last == newest)
  }
}

extension KernelPointer where Pointee: ~Copyable {
  /// As `get_slabinfo()`: only free objects of slabs in the common list count as free.
  func figures<B>() -> SlabFigures where Pointee == SlabCache<B> {
    var free = 0
    var inUse = 0
    forEachPartial {
      free &+= pointee.objects(in: $0) &- $0.inUse
      inUse &+= $0.inUse
    }
    var own = 0
    var kept = 0
    for processor in 0..<pointee.processors {
      let cpu = pointee.cpu(processor)
      if cpu.pointee.slab != nil { own &+= 1 }
      kept &+= cpu.pointee.partialCount
    }
    let node = pointee.node
    let geometry = pointee.geometry
    return unsafe SlabFigures(
      name: pointee.name, number: pointee.number & 0x7FF, options: pointee.options,
      activeObjects: node.pointee.objects &- free, objects: node.pointee.objects,
      size: geometry.size, objectSize: pointee.objectSize,
      ownSize: ByteCount(UInt64(pointee.ownSize)), alignment: Int(pointee.alignment),
      objectsPerSlab: geometry.objects, pagesPerSlab: Int(geometry.order.pages.rawValue),
      slabs: node.pointee.slabs, frames: node.pointee.frames,
      partialSlabs: node.pointee.partialCount, partialObjects: inUse, ownSlabs: own,
      keptSlabs: kept, minPartial: geometry.minPartial, perCPUObjects: geometry.perCPUObjects,
      userSize: Int(pointee.userSize), aliases: max(Int(pointee.references) &- 1, 0),
      constructor: pointee.constructor, isUnmergeable: pointee.isUnmergeable)
  }

  /// Every slab in a list has as many free objects as its count says, is in the right state, and
  /// the lists are as long as the counters say.
  func checkInvariants<B>() where Pointee == SlabCache<B> {
    var known = 0
    forEachPartial { slab in
      known &+= 1
      precondition(!slab.isFrozen)
      check(slab)
    }
    precondition(known == pointee.node.pointee.partialCount)
    for processor in 0..<pointee.processors {
      let cpu = pointee.cpu(processor)
      var kept = 0
      var next = cpu.partial.first
      while let frame = next {
        kept &+= 1
        precondition(Slab(frame: frame).isFrozen)
        check(Slab(frame: frame))
        next = cpu.partial.frame(after: frame)
      }
      precondition(kept == cpu.pointee.partialCount)
      known &+= kept
      guard let slab = cpu.pointee.slab else {
        unsafe precondition(cpu.pointee.freeList == nil)
        continue
      }
      known &+= 1
      check(slab)
      precondition(slab.isFrozen && !pointee.options.contains(.checked))
      unsafe precondition(pointee.length(of: cpu.pointee.freeList, in: slab) <= slab.inUse)
    }
    precondition(known <= pointee.node.pointee.slabs)
    let pages = Int(pointee.geometry.order.pages.rawValue)
    precondition(pointee.node.pointee.frames <= pointee.node.pointee.slabs &* pages)
    precondition(
      pointee.node.pointee.objects <= pointee.node.pointee.slabs &* pointee.geometry.objects)
  }

  private func check<B>(_ slab: Slab) where Pointee == SlabCache<B> {
    precondition(slab.frame.pointee.state == .slab)
    precondition(slab.frame.pointee.mapping == Slab.mark(self))
    let free = unsafe pointee.length(of: slab.freeList, in: slab)
    precondition(free &+ slab.inUse == pointee.objects(in: slab))
  }

  private func forEachPartial<B>(_ body: (Slab) -> Void) where Pointee == SlabCache<B> {
    let list = pointee.node.partial
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
    let start = unsafe UInt(bitPattern: start(of: expected))
    while let object = unsafe next {
      let offset = UInt(bitPattern: object) &- start
      precondition(unsafe slab(of: object).frame == expected.frame && count <= geometry.objects)
      precondition(offset % UInt(geometry.size.rawValue) == 0)
      count &+= 1
      unsafe next = self.next(after: object)
    }
    return count
  }
}
