public import MemoryTypes

/// realloc.
extension PTMalloc where Memory: ~Copyable {
  /// As `realloc`: with 0 bytes it frees.
  @inlinable
  public mutating func realloc(
    _ old: UInt64, _ bytes: UInt64, _ thread: inout MallocThread
  ) throws(HeapAbort) -> UInt64 {
    // __libc_realloc
    if !isInitialized { try initialize(&thread) }
    if bytes == 0, old != 0 {
      try free(old, &thread)
      return 0
    }
    if old == 0 { return try malloc(bytes, &thread) }
    let p = Chunk(memory: old)
    let head = try head(p)
    if layout.version >= .v2_41, try fitsAsItIs(old, bytes, head) { return old }
    let oldSize = head & ~GlibcLayout.Header.flags
    let isMapped = head & GlibcLayout.Header.isMapped != 0
    var arena = Arena.null
    if !isMapped {
      if thread.tcache == 0 { try initializeTCache(&thread) }
      arena = try arenaOf(p, head)
    }
    if p.address > 0 &- oldSize || p.isMisaligned { throw wild(p, .reallocInvalidPointer) }
    guard let size = ChunkSize.checked(bytes) else { return fail(.ENOMEM, &thread) }
    if isMapped { return try reallocMapped(p, oldSize, bytes, size, &thread) }
    let memory = try intRealloc(arena, p, oldSize, size, &thread)
    try assertArena(memory, arena, .reallocArena)
    if memory != 0 || isSingleThreaded { return memory }
    // Another arena may have room.
    let other = try malloc(bytes, &thread)
    if other != 0 {
      try self.memory.copy(from: old, to: other, length: try usable(p))
      try intFree(arena, p, try self.head(p), thread.tcache, isLocked: false)
    }
    return other
  }

  /// Whether 2.41 leaves the chunk: few bytes are spare, or less than a page of a mapping.
  @inlinable @inline(never)
  func fitsAsItIs(
    _ old: UInt64, _ bytes: UInt64, _ head: UInt64
  ) throws(HeapAbort) -> Bool {
    let usable = try malloc_usable_size(old)
    if bytes > usable { return false }
    let spare = usable &- bytes
    return spare < 16 || head & GlibcLayout.Header.isMapped != 0 && spare <= pageSize
  }

  /// As `reallocarray`.
  @inlinable
  public mutating func reallocarray(
    _ old: UInt64, _ count: UInt64, _ bytes: UInt64, _ thread: inout MallocThread
  ) throws(HeapAbort) -> UInt64 {
    // __libc_reallocarray
    let (product, overflows) = count.multipliedReportingOverflow(by: bytes)
    if overflows { return fail(.ENOMEM, &thread) }
    return try realloc(old, product, &thread)
  }

  @inlinable
  mutating func reallocMapped(
    _ p: Chunk, _ oldSize: UInt64, _ bytes: UInt64, _ size: UInt64, _ thread: inout MallocThread
  ) throws(HeapAbort) -> UInt64 {
    let moved = try remapChunk(p, size)
    if !moved.isNull { return moved.memory }
    if oldSize &- 8 >= size { return p.memory }
    let memory = try malloc(bytes, &thread)
    if memory == 0 { return 0 }
    try self.memory.copy(from: p.memory, to: memory, length: oldSize &- 16)
    try unmapChunk(p)
    return memory
  }

  /// _int_realloc: in place if it shrinks or a free neighbour or top is large enough, else moved.
  @inlinable @inline(__always)
  mutating func intRealloc(
    _ arena: Arena, _ old: Chunk, _ oldSize: UInt64, _ size: UInt64, _ thread: inout MallocThread
  ) throws(HeapAbort) -> UInt64 {
    let systemMem = try systemMem(arena)
    let oldHead = try head(old)
    if oldHead <= GlibcLayout.Header.length || oldSize >= systemMem {
      throw .corruption(.reallocOldSize)
    }
    let next = old + oldSize
    let nextHead = try head(next)
    let nextSize = nextHead & ~GlibcLayout.Header.flags
    if nextHead <= GlibcLayout.Header.length || nextSize >= systemMem {
      throw .corruption(.reallocNextSize)
    }
    var p = old
    var newSize = oldSize
    if oldSize < size {
      let top = try top(arena)
      if next == top, oldSize &+ nextSize >= size &+ GlibcLayout.Header.minimum {
        try setHeadSize(old, size | flag(of: arena))
        try setTop(arena, old + size)
        try setHead(old + size, (oldSize &+ nextSize &- size) | GlibcLayout.Header.prevInUse)
        return old.memory
      }
      if next != top, try !isUsed(next), oldSize &+ nextSize >= size {
        newSize = oldSize &+ nextSize
        try unlink(next)
      } else {
        let memory = try intMalloc(arena, size &- 15, &thread)
        if memory == 0 { return 0 }
        p = Chunk(memory: memory)
        newSize = try self.size(p)
        // What malloc gave may be the very chunk behind this one.
        guard p == next else {
          try self.memory.copy(from: old.memory, to: memory, length: try usable(old))
          try freeLocked(arena, old, thread.tcache)
          return memory
        }
        newSize &+= oldSize
        p = old
      }
    }
    if newSize < size { throw .assertion(.reallocSize) }
    let rest = newSize &- size
    if rest < GlibcLayout.Header.minimum {
      try setHeadSize(p, newSize | flag(of: arena))
      try setUsed(p, at: newSize)
    } else {
      let remainder = p + size
      try setHeadSize(p, size | flag(of: arena))
      try setHead(remainder, rest | GlibcLayout.Header.prevInUse | flag(of: arena))
      try setUsed(remainder, at: rest)
      try freeLocked(arena, remainder, thread.tcache)
    }
    return p.memory
  }
}
