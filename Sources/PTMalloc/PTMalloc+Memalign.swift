public import MemoryTypes

/// memalign and its family.
extension PTMalloc where Memory: ~Copyable {
  /// As `memalign`.
  @inlinable
  public mutating func memalign(
    _ alignment: UInt64, _ bytes: UInt64, _ thread: inout MallocThread
  ) throws(HeapAbort) -> UInt64 {
    // _mid_memalign
    if !isInitialized { try initialize(&thread) }
    if alignment <= 16 { return try malloc(bytes, &thread) }
    if alignment > 1 &<< 63 { return fail(.EINVAL, &thread) }
    var power: UInt64 = 32
    while power < alignment { power &<<= 1 }
    if layout.version >= .v2_41 {
      guard let size = ChunkSize.checked(bytes) else { return fail(.ENOMEM, &thread) }
      if let index = tcacheIndex(size, thread.tcache) {
        let memory = try tcacheGetAligned(thread.tcache, index, power)
        if memory != 0 { return memory }
      }
    }
    if isSingleThreaded {
      let memory = try intMemalign(mainArena, power, bytes, &thread)
      try assertArena(memory, mainArena, .memalignArena)
      return memory
    }
    var arena = try arenaGet(bytes &+ power &+ GlibcLayout.Header.minimum, &thread)
    var memory = try intMemalign(arena, power, bytes, &thread)
    if memory == 0, !arena.isNull {
      arena = try arenaRetry(arena, bytes, &thread)
      memory = try intMemalign(arena, power, bytes, &thread)
    }
    try assertArena(memory, arena, .memalignThreadArena)
    return memory
  }

  /// As `aligned_alloc`, which before 2.38 is memalign.
  @inlinable
  public mutating func alignedAlloc(
    _ alignment: UInt64, _ bytes: UInt64, _ thread: inout MallocThread
  ) throws(HeapAbort) -> UInt64 {
    if !isInitialized { try initialize(&thread) }
    if layout.version >= .v2_41, alignment == 0 || alignment & (alignment &- 1) != 0 {
      return fail(.EINVAL, &thread)
    }
    return try memalign(alignment, bytes, &thread)
  }

  /// As `posix_memalign`: the memory, or the error that it returns.
  @inlinable
  public mutating func posixMemalign(
    _ alignment: UInt64, _ bytes: UInt64, _ thread: inout MallocThread
  ) throws(HeapAbort) -> (memory: UInt64, error: Errno?) {
    // __posix_memalign
    if !isInitialized { try initialize(&thread) }
    guard alignment % 8 == 0, alignment != 0, alignment & (alignment &- 1) == 0 else {
      return (0, .EINVAL)
    }
    let memory = try memalign(alignment, bytes, &thread)
    return (memory, memory == 0 ? .ENOMEM : nil)
  }

  /// As `valloc`: aligned to a page.
  @inlinable
  public mutating func valloc(
    _ bytes: UInt64, _ thread: inout MallocThread
  ) throws(HeapAbort) -> UInt64 {
    try memalign(pageSize, bytes, &thread)
  }

  /// As `pvalloc`: whole pages.
  @inlinable
  public mutating func pvalloc(
    _ bytes: UInt64, _ thread: inout MallocThread
  ) throws(HeapAbort) -> UInt64 {
    // __libc_pvalloc
    if !isInitialized { try initialize(&thread) }
    let (sum, overflows) = bytes.addingReportingOverflow(pageSize &- 1)
    if overflows { return fail(.ENOMEM, &thread) }
    return try memalign(pageSize, sum & (0 &- (pageSize &- 1)), &thread)
  }

  /// _int_memalign: a larger chunk, whose ends are freed.
  @inlinable
  mutating func intMemalign(
    _ arena: Arena, _ alignment: UInt64, _ bytes: UInt64, _ thread: inout MallocThread
  ) throws(HeapAbort) -> UInt64 {
    guard let size = ChunkSize.checked(bytes),
      alignment <= UInt64(Int64.max) || layout.version != .v2_36
    else { return fail(.ENOMEM, &thread) }
    let memory = try intMalloc(
      arena, size &+ alignment &+ GlibcLayout.Header.minimum, &thread)
    if memory == 0 { return 0 }
    var p = Chunk(memory: memory)
    if memory & (alignment &- 1) != 0 {
      var aligned = Chunk(memory: (memory &+ alignment &- 1) & (0 &- alignment))
      if aligned.address &- p.address < GlibcLayout.Header.minimum {
        aligned = aligned + alignment
      }
      let lead = aligned.address &- p.address
      let newSize = try self.size(p) &- lead
      if try isMapped(p) {
        try setPrevSize(aligned, try prevSize(p) &+ lead)
        try setHead(aligned, newSize | GlibcLayout.Header.isMapped)
        return aligned.memory
      }
      try setHead(aligned, newSize | GlibcLayout.Header.prevInUse | flag(of: arena))
      try setUsed(aligned, at: newSize)
      try setHeadSize(p, lead | flag(of: arena))
      if layout.version < .v2_41 {
        try freeLocked(arena, p, thread.tcache)
      } else if try freeMerging(arena, p, try head(p)) >= 65536 {
        try freeExcess(arena)
      }
      p = aligned
      if newSize < size || p.memory & (alignment &- 1) != 0 { throw .assertion(.memalignSize) }
    }
    if try !isMapped(p) { try giveBackEnd(arena, p, size, thread.tcache) }
    return p.memory
  }

  /// What a chunk has beyond its size is freed: if it is more than a least chunk, or, in 2.41, as
  /// large as one or bordering on free memory.
  @inlinable
  mutating func giveBackEnd(
    _ arena: Arena, _ p: Chunk, _ size: UInt64, _ tcache: UInt64
  ) throws(HeapAbort) {
    let whole = try self.size(p)
    let rest = p + size
    guard layout.version >= .v2_41 else {
      guard whole > size &+ GlibcLayout.Header.minimum else { return }
      try setHead(rest, (whole &- size) | GlibcLayout.Header.prevInUse | flag(of: arena))
      try setHeadSize(p, size)
      return try freeLocked(arena, rest, tcache)
    }
    let next = p + whole
    let nextSize = try self.size(next)
    guard whole > size else { return }
    if whole &- size < GlibcLayout.Header.minimum, next != (try top(arena)),
      try isPreviousUsed(next + nextSize)
    {
      return
    }
    try setHeadSize(p, size)
    if try createFreeChunk(arena, rest, whole &- size, next, nextSize) >= 65536 {
      try freeExcess(arena)
    }
  }
}
