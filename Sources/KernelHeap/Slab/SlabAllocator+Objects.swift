import Arm64
public import MemoryTypes
public import PageFrames

/// Objects of caches without a type: `kmem_cache_alloc()` and what belongs to it.
extension SlabAllocator {
  /// Takes an object; with ``GFP/zero`` its bytes are 0 (`kmem_cache_alloc()`).
  @inline(__always)
  public func allocate(
    from cache: KernelPointer<SlabCache<B>>, _ flags: GFP = .kernel, on processor: Int = 0
  ) -> UnsafeMutableRawPointer? {
    guard let object = unsafe cache.pop(processor) else {
      return unsafe cache.takeSlowly(flags, 0, processor)
    }
    return flags.contains(.zero) ? unsafe cache.zero(object) : unsafe object
  }

  /// Gives an object back (`kmem_cache_free()`).
  ///
  /// It must be one of the cache's, and nobody's any more.
  @inline(__always)
  public func free(
    _ object: UnsafeMutableRawPointer, to cache: KernelPointer<SlabCache<B>>, on processor: Int = 0
  ) {
    unsafe cache.giveObject(object, on: processor)
  }

  /// Gives back an object that the checker had kept.
  public func freeUnchecked(
    _ object: UnsafeMutableRawPointer, to cache: KernelPointer<SlabCache<B>>
  ) {
    unsafe cache.giveChecked(object)
  }

  /// Fills a row with objects, all or none (`kmem_cache_alloc_bulk()`); false for none.
  public func allocate(
    from cache: KernelPointer<SlabCache<B>>,
    into row: UnsafeMutableBufferPointer<UnsafeMutableRawPointer?>, _ flags: GFP = .kernel,
    on processor: Int = 0
  ) -> Bool {
    var index = 0
    while index < row.count {
      guard let object = unsafe allocate(from: cache, flags, on: processor) else {
        unsafe free(UnsafeMutableBufferPointer(rebasing: row[..<index]), to: cache, on: processor)
        return false
      }
      unsafe row[index] = unsafe object
      index &+= 1
    }
    return true
  }

  /// Gives back a row of objects (`kmem_cache_free_bulk()`).
  public func free(
    _ row: UnsafeMutableBufferPointer<UnsafeMutableRawPointer?>,
    to cache: KernelPointer<SlabCache<B>>, on processor: Int = 0
  ) {
    var index = 0
    while index < row.count {
      if let object = unsafe row[index] { unsafe free(object, to: cache, on: processor) }
      unsafe row[index] = nil
      index &+= 1
    }
  }

  /// Gives back the cache's memory that holds no object (`kmem_cache_shrink()`).
  public func shrink(_ cache: KernelPointer<SlabCache<B>>) { cache.shrink() }

  /// What an object of the cache takes (`kmem_cache_size()`).
  public func objectSize(of cache: KernelPointer<SlabCache<B>>) -> ByteCount {
    cache.pointee.objectSize
  }

  /// The cache and the object that an address lies in or behind (`virt_to_slab()`,
  /// `nearest_obj()`); nil where no slab is.
  ///
  /// The address must be one of RAM, in the linear map.
  public func object(
    near address: UnsafeRawPointer
  ) -> (cache: KernelPointer<SlabCache<B>>, object: UnsafeMutableRawPointer)? {
    guard let (cache, slab) = unsafe slab(at: address) else { return nil }
    let start = unsafe cache.pointee.start(of: slab)
    let step = UInt(cache.pointee.geometry.size.rawValue)
    let last = cache.pointee.objects(in: slab) &- 1
    let offset = UInt(bitPattern: address) &- UInt(bitPattern: start)
    let index = min(Int(offset / step), last)
    return unsafe (cache, start + index &* Int(step))
  }

  func slab(
    at address: UnsafeRawPointer
  ) -> (cache: KernelPointer<SlabCache<B>>, slab: Slab)? {
    let frame = unsafe frame(under: address)
    guard let cache: KernelPointer<SlabCache<B>> = Slab.cache(of: frame) else { return nil }
    return (cache, Slab(containing: frame))
  }

  /// The frame that an address of the linear map lies in.
  @inline(__always)
  func frame(under address: UnsafeRawPointer) -> KernelPointer<Frame> {
    let board = frames.pointee.board
    return unsafe table[
      PageFrameNumber(containing: board.physicalAddress(of: address), board.pageSize)]
  }
}
