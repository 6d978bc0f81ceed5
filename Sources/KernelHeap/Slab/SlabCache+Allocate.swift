import Arm64
import MemoryTypes
import PageFrames

extension KernelPointer where Pointee: ~Copyable {
  /// Takes an object's memory: the straight-line path.
  ///
  /// `size` is what the caller wants of it, 0 for all; only a checker asks.
  @inline(__always)
  func takeObject<B>(
    _ flags: GFP, size: Int = 0, on processor: Int = 0
  ) -> UnsafeMutableRawPointer? where Pointee == SlabCache<B> {
    unsafe pop(processor) ?? refill(flags, size, processor)
  }

  /// The next free object of the processor's slab.
  @inline(__always)
  func pop<B>(_ processor: Int) -> UnsafeMutableRawPointer? where Pointee == SlabCache<B> {
    let cpu = pointee.cpu(processor)
    guard let object = unsafe cpu.pointee.freeList else { return nil }
    unsafe cpu.pointee.freeList = pointee.next(after: object)
    return unsafe object
  }

  /// Takes an object where the processor has none ready, and clears it if the flags say so.
  @inline(never)
  func takeSlowly<B>(
    _ flags: GFP, _ size: Int, _ processor: Int
  ) -> UnsafeMutableRawPointer? where Pointee == SlabCache<B> {
    guard let object = unsafe refill(flags, size, processor) else { return nil }
    return flags.contains(.zero) ? unsafe zero(object) : unsafe object
  }

  /// Clears an object.
  @inline(never)
  func zero<B>(
    _ object: UnsafeMutableRawPointer
  ) -> UnsafeMutableRawPointer where Pointee == SlabCache<B> {
    // SAFETY: the object is as large.
    unsafe object.initializeMemory(
      as: UInt8.self, repeating: 0, count: Int(truncatingIfNeeded: pointee.objectSize.rawValue))
    return unsafe object
  }

  /// Gets the processor a slab with free objects, and takes the first (`___slab_alloc()`).
  @inline(never)
  func refill<B>(
    _ flags: GFP, _ size: Int, _ processor: Int
  ) -> UnsafeMutableRawPointer? where Pointee == SlabCache<B> {
    if pointee.options.contains(.checked) { return unsafe takeChecked(flags, size) }
    let cpu = pointee.cpu(processor)
    if let slab = cpu.pointee.slab {
      // Objects of the slab that other processors gave back meanwhile (`get_freelist()`).
      if unsafe slab.freeList != nil { return unsafe adopt(slab, processor) }
      // Used up: from now on it is a full one.
      slab.isFrozen = false
      pointee.setOwn(nil, processor)
    }
    guard let slab = takePartial(processor) ?? newSlab(flags) else { return nil }
    slab.isFrozen = true
    pointee.setOwn(slab, processor)
    return unsafe adopt(slab, processor)
  }

  /// Makes all free objects of the processor's slab the processor's, and takes the first.
  private func adopt<B>(
    _ slab: Slab, _ processor: Int
  ) -> UnsafeMutableRawPointer? where Pointee == SlabCache<B> {
    guard let free = unsafe slab.freeList else { return nil }
    slab.inUse = pointee.objects(in: slab)
    unsafe slab.freeList = nil
    unsafe pointee.cpu(processor).pointee.freeList = pointee.next(after: free)
    return unsafe free
  }

  /// A slab with free objects: one the processor kept, or the first that is partial, and a few
  /// more of those to keep (`get_partial_node()`).
  private func takePartial<B>(_ processor: Int) -> Slab? where Pointee == SlabCache<B> {
    let cpu = pointee.cpu(processor)
    if let frame = cpu.partial.first {
      FrameList.remove(frame)
      cpu.pointee.partialCount &-= 1
      return Slab(frame: frame)
    }
    let node = pointee.node
    guard let first = node.partial.first else { return nil }
    FrameList.remove(first)
    node.pointee.partialCount &-= 1
    var kept = 0
    while kept <= pointee.geometry.perCPUPartial / 2, let frame = node.partial.first {
      FrameList.remove(frame)
      node.pointee.partialCount &-= 1
      Slab(frame: frame).isFrozen = true
      cpu.partial.prepend(frame)
      cpu.pointee.partialCount &+= 1
      kept &+= 1
    }
    return Slab(frame: first)
  }

  /// Makes a slab of fresh frames, all its objects free in rising order (`allocate_slab()`).
  func newSlab<B>(_ flags: GFP) -> Slab? where Pointee == SlabCache<B> {
    guard let (block, order) = pointee.takeBlock(flags) else { return nil }
    let frames = pointee.frames
    let slab = Slab(frame: frames.pointee.frame(block))
    slab.frame.pointee.state = .slab
    slab.frame.pointee.mapping = Slab.mark(self)
    slab.frame.pointee.index = 0
    for offset in 1..<max(order.pages.rawValue, 1) {
      let frame = frames.pointee.frame(block + PageCount(offset))
      frame.pointee.mapping = Slab.mark(self)
      frame.pointee.privateWord = UInt64(slab.frame.address)
    }
    let board = frames.pointee.board
    let start = unsafe board.pointer(to: frames.pointee.address(of: block))
    if let hooks = unsafe pointee.hooks {
      unsafe hooks.pointee.slabMade(
        hooks.pointee.context, address, start,
        Int(order.pages.bytes(of: board.pageSize).rawValue))
    }
    unsafe pointee.cut(slab, at: start)
    pointee.node.pointee.slabs &+= 1
    pointee.node.pointee.frames &+= Int(order.pages.rawValue)
    pointee.node.pointee.objects &+= pointee.objects(in: slab)
    frames.pointee.count(pointee.counter, by: Int(order.pages.rawValue))
    return slab
  }
}

extension SlabCache {
  /// Makes a slab a processor's own; its free list is still the slab's.
  func setOwn(_ slab: Slab?, _ processor: Int) {
    let cpu = cpu(processor)
    cpu.pointee.slab = slab
    unsafe cpu.pointee.freeList = nil
    cpu.pointee.slabStart = 0
    cpu.pointee.slabBytes = 0
    guard let slab else { return }
    let board = frames.pointee.board
    unsafe cpu.pointee.slabStart = UInt(bitPattern: start(of: slab))
    cpu.pointee.slabBytes = UInt(slab.order.pages.bytes(of: board.pageSize).rawValue)
  }

  /// A slab's first byte.
  func start(of slab: Slab) -> UnsafeMutableRawPointer {
    let number = frames.pointee.number(of: slab.frame)
    return unsafe frames.pointee.board.pointer(to: frames.pointee.address(of: number))
  }

  func objects(in slab: Slab) -> Int {
    // One division for each slab of less than the usual size, which is rare.
    slab.order == geometry.order
      ? geometry.objects : geometry.objects(in: slab.order, frames.pointee.board.pageSize)
  }

  /// Takes frames for a slab: of the order that wastes least, or, where that is not to be had at
  /// once, of the least that will do.
  func takeBlock(_ flags: GFP) -> (PageFrameNumber, Order)? {
    var flags = flags
    flags.remove([.zero, .movable, .highMemory, .dma, .dma32])
    if options.contains(.dma) { flags.insert(.dma) }
    if options.contains(.dma32) { flags.insert(.dma32) }
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

  /// Chains all objects of a fresh slab, each as its constructor makes it.
  func cut(_ slab: Slab, at start: UnsafeMutableRawPointer) {
    let step = Int(geometry.size.rawValue)
    var object = unsafe start
    unsafe slab.freeList = object
    if chargeOffset != 0 { unsafe clearOwners(of: slab, at: start) }
    // SAFETY: all objects lie in the block, which is the slab's alone.
    if let constructor = unsafe constructor { unsafe constructor(object) }
    for _ in 1..<max(objects(in: slab), 1) {
      let next = unsafe object + step
      if let constructor = unsafe constructor { unsafe constructor(next) }
      unsafe link(object, to: next)
      unsafe object = next
    }
    unsafe link(object, to: nil)
  }

  /// Nobody has the slots of a fresh slab.
  private func clearOwners(of slab: Slab, at start: UnsafeMutableRawPointer) {
    var slot = unsafe start + chargeOffset
    for _ in 0..<objects(in: slab) {
      // SAFETY: a word in each slot of the block, which is the slab's alone.
      unsafe slot.storeBytes(of: 0, as: UInt32.self)
      unsafe slot += Int(geometry.size.rawValue)
    }
  }
}
