/// Giving memory back.
extension PTMalloc where Memory: ~Copyable {
  /// As `free`; 0 is nothing to free.
  @inlinable
  public mutating func free(_ memory: UInt64, _ thread: inout MallocThread) throws(HeapAbort) {
    // __libc_free, and _int_free up to where it has no use for the tcache. What is wrong, and what
    // is not there yet, is freeSlowly's.
    let p = Chunk(memory: memory)
    let tcache = thread.tcache
    if shortBins > 0, let chunk = span(p), let cache = span(tcache: tcache) {
      let head = chunk.word(GlibcLayout.Header.size)
      let size = head & ~GlibcLayout.Header.flags
      // No mapping of its own, and sizes and addresses are multiples of 16.
      if (head & 10) | (memory & 15) == 0, size >= GlibcLayout.Header.minimum,
        p.address <= 0 &- size, let arena = arenaIfThere(p, head)
      {
        let index = ChunkSize.tcacheIndex(size)
        if index >= shortBins { return try freeToArena(arena, p, head, isLocked: false) }
        if chunk.word(24) != environment.tcacheKey {
          let count = cache.short(index &* 2)
          if UInt64(count) >= tcacheCountLimit {
            return try freeToArena(arena, p, head, isLocked: false)
          }
          let list = 128 &+ index &* 8
          chunk.setWord(24, environment.tcacheKey)
          chunk.setWord(16, cache.word(list) ^ (memory &>> 12))
          cache.setWord(list, memory)
          cache.setShort(index &* 2, count &+ 1)
          return
        }
      }
    }
    try freeSlowly(memory, &thread)
  }

  /// arena_for_chunk, unless its heap's start is no memory.
  @inlinable @inline(__always)
  func arenaIfThere(_ p: Chunk, _ head: UInt64) -> Arena? {
    if head & GlibcLayout.Header.nonMainArena == 0 { return mainArena }
    return memory.span(at: heap(of: p.address), 8).map { Arena($0.word(0)) }
  }

  /// __libc_free; errno stays as it was.
  @inlinable @inline(never)
  mutating func freeSlowly(_ memory: UInt64, _ thread: inout MallocThread) throws(HeapAbort) {
    if memory == 0 { return }
    let p = Chunk(memory: memory)
    let head = try head(p)
    if head & GlibcLayout.Header.isMapped != 0 { return try freeMapped(p, head) }
    if thread.tcache == 0 {
      let errno = thread.errno
      try initializeTCache(&thread)
      // 2.31 leaves what the tcache's own request did to it.
      if layout.version >= .v2_36 { thread.errno = errno }
    }
    // arena_for_chunk comes before the checks: a wild heap_info is read before the size is doubted.
    let arena = try arenaOf(p, head)
    try intFree(arena, p, head, thread.tcache, isLocked: false)
  }

  /// A chunk with a mapping of its own: freeing it raises the thresholds, unless one was set.
  @inlinable @inline(never)
  mutating func freeMapped(_ p: Chunk, _ head: UInt64) throws(HeapAbort) {
    if try !isThresholdFixed, head > (try mmapThreshold), head <= Self.mmapThresholdLimit {
      let size = head & ~GlibcLayout.Header.flags
      try setMmapThreshold(size)
      try setTrimThreshold(2 &* size)
    }
    try unmapChunk(p)
  }

  /// DEFAULT_MMAP_THRESHOLD_MAX.
  @inlinable static var mmapThresholdLimit: UInt64 { 32 &<< 20 }

  /// _int_free, up to what the tcache takes.
  ///
  /// `isLocked` where the caller holds the arena's lock: another malloc function.
  @inlinable @inline(__always)
  mutating func intFree(
    _ arena: Arena, _ p: Chunk, _ head: UInt64, _ tcache: UInt64, isLocked: Bool
  ) throws(HeapAbort) {
    let size = head & ~GlibcLayout.Header.flags
    if p.address > 0 &- size || p.isMisaligned { throw wild(p, .freeInvalidPointer) }
    if size < GlibcLayout.Header.minimum || size & 15 != 0 { throw wild(p, .freeInvalidSize) }
    let index = ChunkSize.tcacheIndex(size)
    if tcache != 0, index < tcacheBins {
      if try word(p.memory &+ 8) == tcacheKey(tcache) {
        try checkDoubleFree(p, tcache, index)
      }
      let count = try tcacheCount(tcache, index)
      if count < tcacheCountLimit {
        return try tcachePut(p, tcache, index, count: count)
      }
    }
    try freeToArena(arena, p, head, isLocked: isLocked)
  }

  /// What a pointer that is no chunk's ends in: SIGSEGV already where its header cannot be read.
  @inlinable @inline(never)
  func wild(_ p: Chunk, _ corruption: Corruption) -> HeapAbort {
    memory.isAccessible(p.address &+ 8) ? .corruption(corruption) : .fault(p.address &+ 8)
  }

  /// The rest of _int_free: a fastbin, or merged with its neighbours into the unsorted bin or top.
  @inlinable @inline(never)
  mutating func freeToArena(
    _ arena: Arena, _ p: Chunk, _ head: UInt64, isLocked: Bool
  ) throws(HeapAbort) {
    let size = head & ~GlibcLayout.Header.flags
    if size <= globalMaxFast { return try freeToFastbin(arena, p, size, isLocked: isLocked) }
    if head & GlibcLayout.Header.isMapped != 0 { return try unmapChunk(p) }
    let merged = try freeMerging(arena, p, head)
    if merged >= 65536 { try freeExcess(arena) }
  }

  @inlinable @inline(__always)
  mutating func freeToFastbin(
    _ arena: Arena, _ p: Chunk, _ size: UInt64, isLocked: Bool
  ) throws(HeapAbort) {
    let nextHead = try head(p + size)
    let systemMem = try systemMem(arena)
    if nextHead <= GlibcLayout.Header.length
      || nextHead & ~GlibcLayout.Header.flags >= systemMem
    {
      throw .corruption(.freeNextSizeFast)
    }
    try perturbFreed(p.memory, size &- 16)
    try setHasFastChunks(arena, true)
    let index = ChunkSize.fastbinIndex(size)
    let list = arena.fastbin(index)
    let old = Chunk(try word(list))
    if old == p { throw .corruption(.doubleFreeFastTop) }
    try setWord(p.memory, protect(old.address, at: p.memory))
    try setWord(list, p.address)
    if isLocked, !old.isNull, ChunkSize.fastbinIndex(try self.size(old)) != index {
      throw .corruption(.invalidFastbinEntry)
    }
  }

  /// Merges a chunk with free neighbours; the size that came of it.
  @inlinable @inline(__always)
  mutating func freeMerging(
    _ arena: Arena, _ freed: Chunk, _ head: UInt64
  ) throws(HeapAbort) -> UInt64 {
    var p = freed
    var size = head & ~GlibcLayout.Header.flags
    let next = p + size
    let top = try top(arena)
    if p == top { throw .corruption(.doubleFreeTop) }
    if try isContiguous(arena), next.address >= top.address &+ (try self.size(top)) {
      throw .corruption(.doubleFreeOut)
    }
    let nextHead = try self.head(next)
    if nextHead & GlibcLayout.Header.prevInUse == 0 { throw .corruption(.doubleFreeNotPrev) }
    let nextSize = nextHead & ~GlibcLayout.Header.flags
    let systemMem = try systemMem(arena)
    if nextHead <= GlibcLayout.Header.length || nextSize >= systemMem {
      throw .corruption(.freeNextSizeNormal)
    }
    try perturbFreed(p.memory, size &- 16)
    if head & GlibcLayout.Header.prevInUse == 0 {
      let below = try prevSize(p)
      size &+= below
      p = p - below
      if try self.size(p) != below {
        throw .corruption(.sizeVersusPrevSizeConsolidating)
      }
      try unlink(p)
    }
    return try createFreeChunk(arena, p, size, next, nextSize)
  }

  /// What the chunk's end does (since 2.38 _int_free_create_chunk): it is merged with the free chunk
  /// or the top behind it, and listed; the size that came of it.
  ///
  /// 2.41 puts a small one into its bin, all others know only the unsorted one.
  @inlinable @inline(__always)
  mutating func createFreeChunk(
    _ arena: Arena, _ p: Chunk, _ length: UInt64, _ next: Chunk, _ nextSize: UInt64
  ) throws(HeapAbort) -> UInt64 {
    var size = length
    guard next != (try top(arena)) else {
      size &+= nextSize
      try setHead(p, size | GlibcLayout.Header.prevInUse)
      try setTop(arena, p)
      return size
    }
    if try !isPreviousUsed(next + nextSize) {
      try unlink(next)
      size &+= nextSize
    } else {
      try setHead(next, try head(next) & ~GlibcLayout.Header.prevInUse)
    }
    var before = arena.unsorted
    let isForSmallbin = layout.version >= .v2_41 && ChunkSize.isSmall(size)
    if isForSmallbin { before = arena.bin(ChunkSize.smallbinIndex(size)) }
    let behind = try fd(before)
    if try bk(behind) != before {
      throw .corruption(isForSmallbin ? .freeSmallbinChunks : .freeUnsortedChunks)
    }
    if isForSmallbin { try markBin(arena, ChunkSize.smallbinIndex(size)) }
    try setFd(p, behind)
    try setBk(p, before)
    try clearNextSize(p, of: size)
    try setFd(before, p)
    try setBk(behind, p)
    try setHead(p, size | GlibcLayout.Header.prevInUse)
    try setPrevSize(p + size, size)
    return size
  }

  /// FASTBIN_CONSOLIDATION_THRESHOLD is reached: fastbins are merged, and the end may be given back.
  @inlinable @inline(never)
  mutating func freeExcess(_ arena: Arena) throws(HeapAbort) {
    if try hasFastChunks(arena) { try consolidate(arena) }
    if arena == mainArena {
      if try size(top(arena)) >= trimThreshold { _ = try trimTop(arena, pad: topPad) }
    } else {
      let heap = heap(of: try top(arena).address)
      if try word(heap) != arena.address { throw .assertion(.freeHeapArena) }
      try trimHeap(heap, pad: topPad)
    }
  }

  /// _int_free of a chunk that another malloc function made.
  @inlinable @inline(never)
  mutating func freeLocked(
    _ arena: Arena, _ p: Chunk, _ tcache: UInt64
  ) throws(HeapAbort) {
    try intFree(arena, p, try head(p), tcache, isLocked: true)
  }

  /// malloc_consolidate: empties the fastbins into the unsorted bin.
  @inlinable @inline(never)
  mutating func consolidate(_ arena: Arena) throws(HeapAbort) {
    try setHasFastChunks(arena, false)
    var index: UInt64 = 0
    while index < GlibcLayout.State.fastbinCount {
      let list = arena.fastbin(index)
      var p = Chunk(try word(list))
      if !p.isNull { try setWord(list, 0) }
      var steps: UInt64 = 0
      while !p.isNull {
        if layout.linkShift == 12, p.isMisaligned { throw .corruption(.consolidateUnaligned) }
        let next = Chunk(protect(try fd(p).address, at: p.memory))
        try consolidateChunk(arena, p, index)
        p = next
        steps &+= 1
        if steps > 1 &<< 32 { throw .endless(list) }
      }
      index &+= 1
    }
  }

  @inlinable @inline(__always)
  mutating func consolidateChunk(
    _ arena: Arena, _ chunk: Chunk, _ index: UInt64
  ) throws(HeapAbort) {
    var p = chunk
    let head = try head(p)
    var size = head & ~GlibcLayout.Header.flags
    if ChunkSize.fastbinIndex(size) != index { throw .corruption(.consolidateInvalidSize) }
    let next = p + size
    let nextSize = try self.size(next)
    if head & GlibcLayout.Header.prevInUse == 0 {
      let below = try prevSize(p)
      size &+= below
      p = p - below
      if try self.size(p) != below {
        throw .corruption(.sizeVersusPrevSizeFastbins)
      }
      try unlink(p)
    }
    guard next != (try top(arena)) else {
      size &+= nextSize
      try setHead(p, size | GlibcLayout.Header.prevInUse)
      return try setTop(arena, p)
    }
    if try !isPreviousUsed(next + nextSize) {
      size &+= nextSize
      try unlink(next)
    } else {
      try setHead(next, try self.head(next) & ~GlibcLayout.Header.prevInUse)
    }
    let unsorted = arena.unsorted
    let first = try fd(unsorted)
    try setFd(unsorted, p)
    try setBk(first, p)
    try clearNextSize(p, of: size)
    try setHead(p, size | GlibcLayout.Header.prevInUse)
    try setBk(p, unsorted)
    try setFd(p, first)
    try setPrevSize(p + size, size)
  }
}
