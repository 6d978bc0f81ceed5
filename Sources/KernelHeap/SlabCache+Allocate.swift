import Arm64
import MemoryTypes
import PageFrames

extension KernelPointer where Pointee: ~Copyable {
  /// Takes an object's memory: the straight-line path.
  @inline(__always)
  func takeObject<B>(_ flags: GFP) -> UnsafeMutableRawPointer? where Pointee == SlabCache<B> {
    guard let object = unsafe pointee.freeList else { return unsafe refill(flags) }
    // SAFETY: a free object's first word is the next one's address.
    unsafe pointee.freeList = object.load(as: UnsafeMutableRawPointer?.self)
    return unsafe object
  }

  /// Gets the processor a slab with free objects, and takes the first (`___slab_alloc()`).
  @inline(never)
  func refill<B>(_ flags: GFP) -> UnsafeMutableRawPointer? where Pointee == SlabCache<B> {
    // The processor's slab, if it has one, is used up: from now on it is a full one.
    if let slab = pointee.slab { slab.isFrozen = false }
    pointee.setOwn(nil)
    guard let slab = takePartial() ?? newSlab(flags) else { return nil }
    let free = unsafe slab.freeList
    slab.inUse = pointee.objects(in: slab)
    unsafe slab.freeList = nil
    slab.isFrozen = true
    pointee.setOwn(slab)
    guard let free = unsafe free else { return nil }
    // SAFETY: as above.
    unsafe pointee.freeList = free.load(as: UnsafeMutableRawPointer?.self)
    return unsafe free
  }

  /// A slab with free objects: one the processor kept, or the first that is partial, and a few
  /// more of those to keep (`get_partial_node()`).
  private func takePartial<B>() -> Slab? where Pointee == SlabCache<B> {
    let (partial, perCPU) = lists()
    if let frame = perCPU.first {
      FrameList.remove(frame)
      pointee.perCPUCount &-= 1
      return Slab(frame: frame)
    }
    guard let first = partial.first else { return nil }
    FrameList.remove(first)
    pointee.partialCount &-= 1
    var kept = 0
    while kept <= pointee.geometry.perCPUPartial / 2, let frame = partial.first {
      FrameList.remove(frame)
      pointee.partialCount &-= 1
      Slab(frame: frame).isFrozen = true
      perCPU.prepend(frame)
      pointee.perCPUCount &+= 1
      kept &+= 1
    }
    return Slab(frame: first)
  }
  /// Makes a slab of fresh frames, all its objects free in rising order (`allocate_slab()`).
  private func newSlab<B>(_ flags: GFP) -> Slab? where Pointee == SlabCache<B> {
    guard let (block, order) = pointee.takeBlock(flags) else { return nil }
    let frames = pointee.frames
    let slab = Slab(frame: frames.pointee.frame(block))
    slab.frame.pointee.state = .slab
    slab.frame.pointee.mapping = UInt64(address)
    slab.frame.pointee.index = 0
    for offset in 1..<max(order.pages.rawValue, 1) {
      frames.pointee.frame(block + PageCount(offset)).pointee.mapping =
        UInt64(slab.frame.address) | 1
    }
    pointee.cut(slab, at: block)
    pointee.slabs &+= 1
    pointee.objects &+= pointee.objects(in: slab)
    frames.pointee.count(pointee.counter, by: Int(order.pages.rawValue))
    return slab
  }
}

extension SlabCache {
  /// Makes a slab the processor's own; its free list is still the slab's.
  mutating func setOwn(_ slab: Slab?) {
    self.slab = slab
    unsafe freeList = nil
    slabStart = 0
    slabBytes = 0
    guard let slab else { return }
    let number = frames.pointee.number(of: slab.frame)
    let board = frames.pointee.board
    slabStart = unsafe UInt(bitPattern: board.pointer(to: frames.pointee.address(of: number)))
    slabBytes = UInt(slab.order.pages.bytes(of: board.pageSize).rawValue)
  }

  func objects(in slab: Slab) -> Int {
    geometry.objects(in: slab.order, frames.pointee.board.pageSize)
  }

  var counter: VMStat {
    options.contains(.reclaimable) ? .nr_slab_reclaimable : .nr_slab_unreclaimable
  }

  /// Takes frames for a slab: of the order that wastes least, or, where that is not to be had at
  /// once, of the least that will do.
  func takeBlock(_ flags: GFP) -> (PageFrameNumber, Order)? {
    var flags = flags
    flags.remove([.zero, .movable, .highMemory])
    if options.contains(.reclaimable) { flags.insert(.reclaimable) }
    if geometry.order > geometry.leastOrder {
      var quick = flags
      quick.remove([.directReclaim, .kswapdReclaim])
      quick.insert([.noWarn, .noRetry, .noReserves])
      if let block = frames.pointee.allocate(geometry.order, quick) {
        return (block, geometry.order)
      }
    }
    guard let block = frames.pointee.allocate(geometry.leastOrder, flags) else { return nil }
    return (block, geometry.leastOrder)
  }

  /// Chains all objects of a fresh slab.
  func cut(_ slab: Slab, at block: PageFrameNumber) {
    let step = Int(geometry.size.rawValue)
    var object = unsafe frames.pointee.board.pointer(to: frames.pointee.address(of: block))
    unsafe slab.freeList = object
    // SAFETY: all objects lie in the block, which is the slab's alone.
    for _ in 1..<max(objects(in: slab), 1) {
      let next = unsafe object + step
      unsafe object.storeBytes(of: next, as: UnsafeMutableRawPointer?.self)
      unsafe object = next
    }
    unsafe object.storeBytes(of: nil, as: UnsafeMutableRawPointer?.self)
  }
}
