/// Blocks of frames, buffers that are blocks of frames, variables, and stacks.
extension KASAN {
  /// A block of frames was given out (`kasan_unpoison_pages()`).
  public func pagesAllocated(_ address: UInt64, bytes: UInt64) { shadow.unpoison(address, bytes) }

  /// A block of frames is free (`kasan_poison_pages()`).
  public func pagesFreed(_ address: UInt64, bytes: UInt64) {
    shadow.poison(address, bytes, .freePage)
  }

  /// A block of frames is a buffer of `size` bytes (`kasan_kmalloc_large()`).
  public mutating func largeAllocated(
    _ address: UInt64, bytes: UInt64, size: UInt64, mayBlock: Bool
  ) {
    if mayBlock { reduceQuarantine() }
    shadow.unpoison(address, size)
    shadow.poisonRedzone(address, size: size, capacity: bytes, .pageRedzone)
  }

  /// Such a buffer comes back (`kasan_kfree_large()`): true if that was wrong, and was reported.
  public mutating func largeFreed(_ address: UInt64, blockStart: UInt64, from caller: UInt64)
    -> Bool
  {
    if address != blockStart {
      reportFree(address, .invalidFree, from: caller)
      return true
    }
    guard shadow.isAccessible(address) else {
      reportFree(address, .doubleFree, from: caller)
      return true
    }
    return false
  }

  /// `ksize()` or `kmem_cache_destroy()` looks at a buffer or a cache (`kasan_check_byte()`): false,
  /// and reported, if it is freed.
  public mutating func isAlive(_ address: UInt64, from caller: UInt64) -> Bool {
    if shadow.isAccessible(address) { return true }
    report(address, 1, write: false, from: caller == 0 ? environment.caller : caller)
    return false
  }

  /// Addresses of the vmalloc region are somebody's (`kasan_unpoison_vmalloc()`), or nobody's.
  public func areaOpened(_ address: UInt64, bytes: UInt64) { shadow.unpoison(address, bytes) }
  public func areaClosed(_ address: UInt64, bytes: UInt64) {
    shadow.poison(address, bytes, .vmallocInvalid)
  }

  /// A compiler's list of variables (`__asan_register_globals()`): what lies behind each may not be
  /// accessed.
  ///
  /// Unsafe: there must be so many entries of eight words, as the compiler lays them.
  @unsafe public func registerVariables(_ list: UnsafePointer<UInt64>, count: Int) {
    for index in 0..<max(count, 0) {
      let entry = unsafe list + index &* 8
      let (start, size, whole) = unsafe (entry[0], entry[1], entry[2])
      shadow.unpoison(start, size)
      let end = (size &+ ShadowMap.granuleMask) & ~ShadowMap.granuleMask
      if whole > end { shadow.poison(start &+ end, whole &- end, .globalRedzone) }
    }
  }

  /// `__asan_alloca_poison()`: redzones of 32 bytes left of what alloca() made, and right of it up
  /// to the next multiple of 32 and 32 more.
  public func allocaPoison(_ address: UInt64, _ size: UInt64) {
    let mask = ShadowMap.granuleMask
    let up = (size &+ mask) & ~mask
    let down = size & ~mask
    let padding = ((size &+ 31) & ~31) &- up
    shadow.unpoison(address &+ down, size &- down)
    shadow.poison(address &- 32, 32, .allocaLeft)
    shadow.poison(address &+ up, padding &+ 32, .allocaRight)
  }

  /// `__asan_allocas_unpoison()`: all of them are gone, from the stack's top to a frame's end.
  public func allocasUnpoison(_ top: UInt64, _ bottom: UInt64) {
    if top == 0 || top > bottom { return }
    shadow.unpoison(top & ~ShadowMap.granuleMask, bottom &- top & ~ShadowMap.granuleMask)
  }
}
