/// The cache of a thread: for each of 64 sizes a single list, last in, first out.
extension PTMalloc where Memory: ~Copyable {
  @inlinable @inline(__always)
  func tcacheCount(_ tcache: UInt64, _ index: UInt64) throws(HeapAbort) -> UInt64 {
    UInt64(try memory.short(at: tcache &+ index &* 2))
  }

  @inlinable @inline(__always)
  mutating func setTCacheCount(
    _ tcache: UInt64, _ index: UInt64, _ count: UInt64
  ) throws(HeapAbort) {
    try memory.setShort(at: tcache &+ index &* 2, to: UInt16(truncatingIfNeeded: count))
  }

  @inlinable @inline(__always)
  func tcacheEntry(_ tcache: UInt64, _ index: UInt64) -> UInt64 {
    tcache &+ GlibcLayout.TCache.entries &+ index &* 8
  }

  /// What an entry's key is while it is in that tcache.
  @inlinable @inline(__always) func tcacheKey(_ tcache: UInt64) -> UInt64 {
    layout.tcache.hasRandomKey ? environment.tcacheKey : tcache
  }

  /// tcache_put.
  @inlinable @inline(__always)
  mutating func tcachePut(
    _ p: Chunk, _ tcache: UInt64, _ index: UInt64, count: UInt64
  ) throws(HeapAbort) {
    let entry = p.memory
    try setWord(entry &+ 8, tcacheKey(tcache))
    let list = tcacheEntry(tcache, index)
    try setWord(entry, protect(try word(list), at: entry))
    try setWord(list, entry)
    try setTCacheCount(tcache, index, count &+ 1)
  }

  /// tcache_get.
  @inlinable @inline(__always)
  mutating func tcacheGet(
    _ tcache: UInt64, _ index: UInt64, count: UInt64
  ) throws(HeapAbort) -> UInt64 {
    let list = tcacheEntry(tcache, index)
    let entry = try word(list)
    if entry & 15 != 0, layout.linkShift == 12 { throw .corruption(.unalignedTCacheChunk) }
    try setWord(list, protect(try word(entry), at: entry))
    try setTCacheCount(tcache, index, count &- 1)
    try setWord(entry &+ 8, 0)
    return entry
  }

  /// The first entry of a list that is aligned so, taken out of it (tcache_get_n); 0 where there is
  /// none.
  @inlinable @inline(never)
  mutating func tcacheGetAligned(
    _ tcache: UInt64, _ index: UInt64, _ alignment: UInt64
  ) throws(HeapAbort) -> UInt64 {
    let count = try tcacheCount(tcache, index)
    if count == 0 { return 0 }
    var previous: UInt64 = 0
    var entry = try word(tcacheEntry(tcache, index))
    if entry & (alignment &- 1) == 0, entry != 0 {
      return try tcacheGet(tcache, index, count: count)
    }
    var steps: UInt64 = 0
    while entry != 0, entry & (alignment &- 1) != 0 {
      previous = entry
      entry = protect(try word(entry), at: entry)
      steps &+= 1
      if steps > 0xffff { throw .endless(entry) }
    }
    if entry == 0 { return 0 }
    let next = protect(try word(entry), at: entry)
    try setWord(previous, protect(next, at: previous))
    try setTCacheCount(tcache, index, count &- 1)
    try setWord(entry &+ 8, 0)
    return entry
  }

  /// tcache_init: the cache is a chunk of the thread's arena.
  @usableFromInline @inline(never)
  mutating func initializeTCache(_ thread: inout MallocThread) throws(HeapAbort) {
    guard !thread.isShuttingDown else { return }
    let bytes = GlibcLayout.TCache.size
    var arena = try arenaGet(bytes, &thread)
    var memory = try intMalloc(arena, bytes, &thread)
    if memory == 0, !arena.isNull {
      arena = try arenaRetry(arena, bytes, &thread)
      memory = try intMalloc(arena, bytes, &thread)
    }
    if memory != 0 {
      thread.tcache = memory
      try self.memory.fill(at: memory, length: bytes, with: 0)
    }
  }

  /// What a free of a chunk that already bears the key does: it is looked for in the list.
  @usableFromInline @inline(never)
  func checkDoubleFree(
    _ p: Chunk, _ tcache: UInt64, _ index: UInt64
  ) throws(HeapAbort) {
    let limit = tcacheCountLimit
    var entry = try word(tcacheEntry(tcache, index))
    var count: UInt64 = 0
    while entry != 0 {
      if layout.linkShift == 12 {
        if count >= limit { throw .corruption(.tooManyTCacheChunks) }
        if entry & 15 != 0 { throw .corruption(.unalignedTCacheChunk2) }
      } else if count > 0xffff {
        throw .endless(entry)
      }
      if entry == p.memory { throw .corruption(.doubleFreeTCache) }
      entry = protect(try word(entry), at: entry)
      count &+= 1
    }
  }

  /// tcache_thread_shutdown: all that it keeps goes back to the arenas, then itself.
  mutating func shutDownTCache(_ thread: inout MallocThread) throws(HeapAbort) {
    let tcache = thread.tcache
    if layout.version >= .v2_36 || tcache != 0 { thread.isShuttingDown = true }
    guard tcache != 0 else { return }
    thread.tcache = 0
    var index: UInt64 = 0
    while index < GlibcLayout.TCache.binCount {
      let list = tcacheEntry(tcache, index)
      var steps: UInt64 = 0
      while case let entry = try word(list), entry != 0 {
        if entry & 15 != 0, layout.linkShift == 12 {
          throw .corruption(.unalignedTCacheChunkAtExit)
        }
        try setWord(list, protect(try word(entry), at: entry))
        try free(entry, &thread)
        steps &+= 1
        if steps > 1 &<< 20 { throw .endless(entry) }
      }
      index &+= 1
    }
    try free(tcache, &thread)
  }
}
