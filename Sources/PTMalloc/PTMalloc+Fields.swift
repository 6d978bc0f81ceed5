/// The fields of chunks and arenas, by the names that malloc.c gives them.
extension PTMalloc where Memory: ~Copyable {
  @inlinable @inline(__always) func word(_ address: UInt64) throws(HeapAbort) -> UInt64 {
    try memory.word(at: address)
  }
  @inlinable @inline(__always)
  mutating func setWord(_ address: UInt64, _ value: UInt64) throws(HeapAbort) {
    try memory.setWord(at: address, to: value)
  }
  @inlinable @inline(__always)
  mutating func setHalf(_ address: UInt64, _ value: UInt32) throws(HeapAbort) {
    try memory.setHalf(at: address, to: value)
  }

  // MARK: Chunks

  /// chunksize_nomask.
  @inlinable @inline(__always) func head(_ p: Chunk) throws(HeapAbort) -> UInt64 {
    try word(p.address &+ GlibcLayout.Header.size)
  }
  @inlinable @inline(__always)
  mutating func setHead(_ p: Chunk, _ head: UInt64) throws(HeapAbort) {
    try setWord(p.address &+ GlibcLayout.Header.size, head)
  }
  /// chunksize.
  @inlinable @inline(__always) func size(_ p: Chunk) throws(HeapAbort) -> UInt64 {
    try head(p) & ~GlibcLayout.Header.flags
  }
  /// set_head_size: the flags stay.
  @inlinable @inline(__always)
  mutating func setHeadSize(_ p: Chunk, _ size: UInt64) throws(HeapAbort) {
    try setHead(p, try head(p) & GlibcLayout.Header.flags | size)
  }
  @inlinable @inline(__always) func prevSize(_ p: Chunk) throws(HeapAbort) -> UInt64 {
    try word(p.address)
  }
  @inlinable @inline(__always)
  mutating func setPrevSize(_ p: Chunk, _ size: UInt64) throws(HeapAbort) {
    try setWord(p.address, size)
  }
  @inlinable @inline(__always) func fd(_ p: Chunk) throws(HeapAbort) -> Chunk {
    Chunk(try word(p.address &+ GlibcLayout.Header.fd))
  }
  @inlinable @inline(__always) mutating func setFd(_ p: Chunk, _ q: Chunk) throws(HeapAbort) {
    try setWord(p.address &+ GlibcLayout.Header.fd, q.address)
  }
  @inlinable @inline(__always) func bk(_ p: Chunk) throws(HeapAbort) -> Chunk {
    Chunk(try word(p.address &+ GlibcLayout.Header.bk))
  }
  @inlinable @inline(__always) mutating func setBk(_ p: Chunk, _ q: Chunk) throws(HeapAbort) {
    try setWord(p.address &+ GlibcLayout.Header.bk, q.address)
  }
  @inlinable @inline(__always) func fdNextSize(_ p: Chunk) throws(HeapAbort) -> Chunk {
    Chunk(try word(p.address &+ GlibcLayout.Header.fdNextSize))
  }
  @inlinable @inline(__always)
  mutating func setFdNextSize(_ p: Chunk, _ q: Chunk) throws(HeapAbort) {
    try setWord(p.address &+ GlibcLayout.Header.fdNextSize, q.address)
  }
  @inlinable @inline(__always) func bkNextSize(_ p: Chunk) throws(HeapAbort) -> Chunk {
    Chunk(try word(p.address &+ GlibcLayout.Header.bkNextSize))
  }
  @inlinable @inline(__always)
  mutating func setBkNextSize(_ p: Chunk, _ q: Chunk) throws(HeapAbort) {
    try setWord(p.address &+ GlibcLayout.Header.bkNextSize, q.address)
  }
  /// Both links of sizes to NULL where the chunk is a large one.
  @inlinable @inline(__always)
  mutating func clearNextSize(_ p: Chunk, of size: UInt64) throws(HeapAbort) {
    if !ChunkSize.isSmall(size) {
      try setFdNextSize(p, .null)
      try setBkNextSize(p, .null)
    }
  }

  /// prev_inuse.
  @inlinable @inline(__always) func isPreviousUsed(_ p: Chunk) throws(HeapAbort) -> Bool {
    try head(p) & GlibcLayout.Header.prevInUse != 0
  }
  /// chunk_is_mmapped.
  @inlinable @inline(__always) func isMapped(_ p: Chunk) throws(HeapAbort) -> Bool {
    try head(p) & GlibcLayout.Header.isMapped != 0
  }
  /// inuse.
  @inlinable @inline(__always) func isUsed(_ p: Chunk) throws(HeapAbort) -> Bool {
    try isPreviousUsed(p + size(p))
  }
  /// set_inuse_bit_at_offset.
  @inlinable @inline(__always)
  mutating func setUsed(_ p: Chunk, at offset: UInt64) throws(HeapAbort) {
    let next = p + offset
    try setHead(next, try head(next) | GlibcLayout.Header.prevInUse)
  }
  @inlinable @inline(__always)
  mutating func setNonMainArena(_ p: Chunk) throws(HeapAbort) {
    try setHead(p, try head(p) | GlibcLayout.Header.nonMainArena)
  }
  /// memsize: the bytes its owner may use.
  @inlinable @inline(__always) func usable(_ p: Chunk) throws(HeapAbort) -> UInt64 {
    try size(p) &- 16 &+ (isMapped(p) ? 0 : 8)
  }
  /// NON_MAIN_ARENA where the arena is not the main one.
  @inlinable @inline(__always) func flag(of arena: Arena) -> UInt64 {
    arena == mainArena ? 0 : GlibcLayout.Header.nonMainArena
  }

  /// PROTECT_PTR, and REVEAL_PTR as it is its own inverse.
  @inlinable @inline(__always) func protect(_ link: UInt64, at address: UInt64) -> UInt64 {
    (address &>> layout.linkShift) ^ link
  }

  // MARK: Arenas

  @inlinable @inline(__always) func top(_ arena: Arena) throws(HeapAbort) -> Chunk {
    Chunk(try word(arena.address &+ GlibcLayout.State.top))
  }
  @inlinable @inline(__always) mutating func setTop(_ arena: Arena, _ p: Chunk) throws(HeapAbort) {
    try setWord(arena.address &+ GlibcLayout.State.top, p.address)
  }
  @inlinable @inline(__always) func systemMem(_ arena: Arena) throws(HeapAbort) -> UInt64 {
    try word(arena.address &+ GlibcLayout.State.systemMem)
  }
  @inlinable @inline(__always)
  mutating func addSystemMem(_ arena: Arena, _ bytes: UInt64) throws(HeapAbort) {
    try setWord(
      arena.address &+ GlibcLayout.State.systemMem, try systemMem(arena) &+ bytes)
  }
  @inlinable @inline(__always) func isContiguous(_ arena: Arena) throws(HeapAbort) -> Bool {
    try memory.half(at: arena.address &+ GlibcLayout.State.flags)
      & GlibcLayout.State.nonContiguous == 0
  }
  @inlinable mutating func setNonContiguous(_ arena: Arena) throws(HeapAbort) {
    let address = arena.address &+ GlibcLayout.State.flags
    try setHalf(address, try memory.half(at: address) | GlibcLayout.State.nonContiguous)
  }
  @inlinable @inline(__always) func hasFastChunks(_ arena: Arena) throws(HeapAbort) -> Bool {
    try memory.half(at: arena.address &+ GlibcLayout.State.haveFastChunks) != 0
  }
  @inlinable @inline(__always)
  mutating func setHasFastChunks(_ arena: Arena, _ value: Bool) throws(HeapAbort) {
    try setHalf(arena.address &+ GlibcLayout.State.haveFastChunks, value ? 1 : 0)
  }
  /// The next arena in the circle of all.
  @inlinable func next(_ arena: Arena) throws(HeapAbort) -> Arena {
    Arena(try word(arena.address &+ GlibcLayout.State.next))
  }

  // MARK: Spans

  /// The fields of a chunk, where they can be had at once.
  @inlinable @inline(__always) func span(_ p: Chunk) -> HeapSpan? {
    memory.span(at: p.address, 48)
  }
  /// A tcache; its size is that of all versions.
  @inlinable @inline(__always) func span(tcache: UInt64) -> HeapSpan? {
    tcache == 0 ? nil : memory.span(at: tcache, 640)
  }

  // MARK: mp_

  @inlinable @inline(__always) var trimThreshold: UInt64 {
    get throws(HeapAbort) { try word(parameters &+ GlibcLayout.Parameters.trimThreshold) }
  }
  @inlinable mutating func setTrimThreshold(_ bytes: UInt64) throws(HeapAbort) {
    try setWord(parameters &+ GlibcLayout.Parameters.trimThreshold, bytes)
  }
  @inlinable var topPad: UInt64 {
    get throws(HeapAbort) { try word(parameters &+ GlibcLayout.Parameters.topPad) }
  }
  @inlinable var mmapThreshold: UInt64 {
    get throws(HeapAbort) { try word(parameters &+ GlibcLayout.Parameters.mmapThreshold) }
  }
  @inlinable mutating func setMmapThreshold(_ bytes: UInt64) throws(HeapAbort) {
    try setWord(parameters &+ GlibcLayout.Parameters.mmapThreshold, bytes)
  }
  /// thp_pagesize; 0 where huge pages are not asked for.
  @inlinable var transparentHugePageSize: UInt64 {
    get throws(HeapAbort) {
      guard let offset = layout.parameters.hugePages else { return 0 }
      return try word(parameters &+ offset)
    }
  }
  /// hp_pagesize; 0 where huge pages are not asked for.
  @inlinable var hugePageSize: UInt64 {
    get throws(HeapAbort) {
      guard let offset = layout.parameters.hugePages else { return 0 }
      return try word(parameters &+ offset &+ 8)
    }
  }
  @inlinable var hugePageFlags: MapFlags {
    get throws(HeapAbort) {
      guard let offset = layout.parameters.hugePages else { return [] }
      return MapFlags(rawValue: try memory.half(at: parameters &+ offset &+ 16))
    }
  }
  /// n_mmaps.
  @inlinable var mmapCount: UInt32 {
    get throws(HeapAbort) { try memory.half(at: parameters &+ layout.parameters.mmapCounts) }
  }
  /// n_mmaps_max.
  @inlinable var mmapCountLimit: UInt32 {
    get throws(HeapAbort) {
      try memory.half(at: parameters &+ layout.parameters.mmapCounts &+ 4)
    }
  }
  /// no_dyn_threshold.
  @inlinable var isThresholdFixed: Bool {
    get throws(HeapAbort) {
      try memory.half(at: parameters &+ layout.parameters.mmapCounts &+ 12) != 0
    }
  }
  @inlinable mutating func fixThresholds() throws(HeapAbort) {
    try setHalf(parameters &+ layout.parameters.mmapCounts &+ 12, 1)
  }
  @inlinable var mmappedMem: UInt64 {
    get throws(HeapAbort) { try word(parameters &+ layout.parameters.mmappedMem) }
  }
  /// tcache_bins.
  mutating func setTCacheBins(_ count: UInt64) throws(HeapAbort) {
    tcacheBins = count
    shortBins = layout.version >= .v2_36 ? count : 0
    try setWord(parameters &+ layout.parameters.tcacheBins, count)
  }
  /// tcache_count.
  mutating func setTCacheCountLimit(_ count: UInt64) throws(HeapAbort) {
    tcacheCountLimit = count
    try setWord(parameters &+ layout.parameters.tcacheCount, count)
  }
}
