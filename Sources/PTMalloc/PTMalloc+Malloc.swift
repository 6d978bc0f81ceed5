public import MemoryTypes

/// malloc and calloc as a program calls them.
extension PTMalloc where Memory: ~Copyable {
  /// The address where `malloc` puts that many bytes; 0, with `errno`, where it cannot.
  @inlinable
  public mutating func malloc(
    _ bytes: UInt64, _ thread: inout MallocThread
  ) throws(HeapAbort) -> UInt64 {
    // __libc_malloc where the tcache has one; all else, and all that is wrong, is mallocSlowly's.
    let index = ChunkSize.tcacheIndex(ChunkSize.holding(bytes))
    if index < shortBins, bytes <= ChunkSize.limit, let cache = span(tcache: thread.tcache) {
      let count = cache.short(index &* 2)
      let list = 128 &+ index &* 8
      let entry = cache.word(list)
      if count > 0, entry & 15 == 0, let first = memory.span(at: entry, 16) {
        cache.setWord(list, first.word(0) ^ (entry &>> 12))
        cache.setShort(index &* 2, count &- 1)
        first.setWord(8, 0)
        return entry
      }
    }
    return try mallocSlowly(bytes, &thread)
  }

  /// __libc_malloc.
  @inlinable @inline(never)
  mutating func mallocSlowly(
    _ bytes: UInt64, _ thread: inout MallocThread
  ) throws(HeapAbort) -> UInt64 {
    if !isInitialized { try initialize(&thread) }
    guard let size = ChunkSize.checked(bytes) else { return fail(.ENOMEM, &thread) }
    let index = ChunkSize.tcacheIndex(size)
    if thread.tcache == 0 { try initializeTCache(&thread) }
    if index < tcacheBins, thread.tcache != 0 {
      let count = try tcacheCount(thread.tcache, index)
      if count > 0 { return try tcacheGet(thread.tcache, index, count: count) }
    }
    return try mallocFromArena(bytes, &thread)
  }

  @inlinable @inline(__always)
  mutating func mallocFromArena(
    _ bytes: UInt64, _ thread: inout MallocThread
  ) throws(HeapAbort) -> UInt64 {
    if isSingleThreaded {
      let memory = try intMalloc(mainArena, bytes, &thread)
      try assertArena(memory, mainArena, .mallocArena)
      return memory
    }
    var arena = try arenaGet(bytes, &thread)
    var memory = try intMalloc(arena, bytes, &thread)
    if memory == 0, !arena.isNull {
      arena = try arenaRetry(arena, bytes, &thread)
      memory = try intMalloc(arena, bytes, &thread)
    }
    try assertArena(memory, arena, .mallocThreadArena)
    return memory
  }

  /// The assertion that memory came from that arena, or is mapped.
  @inlinable @inline(__always)
  func assertArena(
    _ memory: UInt64, _ arena: Arena, _ assertion: MallocAssertion
  ) throws(HeapAbort) {
    if memory == 0 { return }
    let p = Chunk(memory: memory)
    if try isMapped(p) { return }
    if try arenaOf(p) != arena { throw .assertion(assertion) }
  }

  /// NULL, with errno.
  @inlinable @inline(never)
  func fail(_ errno: Errno, _ thread: inout MallocThread) -> UInt64 {
    thread.errno = errno
    return 0
  }

  /// As `calloc`: memory of zeros.
  @inlinable
  public mutating func calloc(
    _ count: UInt64, _ bytes: UInt64, _ thread: inout MallocThread
  ) throws(HeapAbort) -> UInt64 {
    // __libc_calloc
    let (product, overflows) = count.multipliedReportingOverflow(by: bytes)
    // The product is a ptrdiff_t to __builtin_mul_overflow.
    if overflows || product > UInt64(Int64.max) { return fail(.ENOMEM, &thread) }
    if !isInitialized { try initialize(&thread) }
    if thread.tcache == 0 { try initializeTCache(&thread) }
    if layout.version >= .v2_41, let size = ChunkSize.checked(product) {
      let index = ChunkSize.tcacheIndex(size)
      if index < tcacheBins, thread.tcache != 0 {
        let count = try tcacheCount(thread.tcache, index)
        if count > 0 {
          let memory = try tcacheGet(thread.tcache, index, count: count)
          try self.memory.fill(at: memory, length: size &- 8, with: 0)
          return memory
        }
      }
    }
    var arena = isSingleThreaded ? mainArena : try arenaGet(product, &thread)
    let (oldTop, oldTopSize) = try freshTop(arena)
    var memory = try intMalloc(arena, product, &thread)
    try assertArena(memory, arena, .callocArena)
    if !isSingleThreaded, memory == 0, !arena.isNull {
      arena = try arenaRetry(arena, product, &thread)
      memory = try intMalloc(arena, product, &thread)
    }
    if memory == 0 { return 0 }
    let p = Chunk(memory: memory)
    if try isMapped(p) {
      if perturbByte != 0 { try self.memory.fill(at: memory, length: product, with: 0) }
      return memory
    }
    var size = try size(p)
    if perturbByte == 0, p == oldTop, size > oldTopSize { size = oldTopSize }
    if size &- 8 < 24 { throw .assertion(.callocClears) }
    try self.memory.fill(at: memory, length: size &- 8, with: 0)
    return memory
  }

  /// The top of an arena and how many of its bytes may have been used before (MORECORE_CLEARS).
  @inlinable
  func freshTop(_ arena: Arena) throws(HeapAbort) -> (Chunk, UInt64) {
    if arena.isNull { return (.null, 0) }
    let top = try top(arena)
    var size = try size(top)
    if arena == mainArena {
      let most = try word(arena.address &+ GlibcLayout.State.maxSystemMem)
      let used = try word(parameters &+ layout.parameters.sbrkBase) &+ most &- top.address
      if size < used { size = used }
    } else {
      let heap = heap(of: top.address)
      let used =
        try heap &+ word(heap &+ GlibcLayout.HeapInfo.mprotectSize) &- top.address
      if size < used { size = used }
    }
    return (top, size)
  }

  /// alloc_perturb.
  @inlinable @inline(__always)
  mutating func perturbAllocated(_ memory: UInt64, _ bytes: UInt64) throws(HeapAbort) {
    if perturbByte != 0 {
      try self.memory.fill(
        at: memory, length: bytes, with: UInt8(truncatingIfNeeded: perturbByte ^ 0xff))
    }
  }

  /// free_perturb.
  @inlinable @inline(__always)
  mutating func perturbFreed(_ memory: UInt64, _ bytes: UInt64) throws(HeapAbort) {
    if perturbByte != 0 {
      try self.memory.fill(
        at: memory, length: bytes, with: UInt8(truncatingIfNeeded: perturbByte))
    }
  }
}
