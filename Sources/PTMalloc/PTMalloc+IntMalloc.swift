public import MemoryTypes

/// Where memory comes from when the tcache has none: fastbin, small bin, unsorted, larger bins,
/// top, the kernel, in this order.
extension PTMalloc where Memory: ~Copyable {
  /// _int_malloc.
  @inlinable @inline(never)
  mutating func intMalloc(
    _ arena: Arena, _ bytes: UInt64, _ thread: inout MallocThread
  ) throws(HeapAbort) -> UInt64 {
    guard let size = ChunkSize.checked(bytes) else { return fail(.ENOMEM, &thread) }
    if arena.isNull {
      let memory = try sysMalloc(size, arena, &thread)
      if memory != 0 { try perturbAllocated(memory, bytes) }
      return memory
    }
    if size <= globalMaxFast {
      let memory = try takeFromFastbin(arena, size, thread.tcache)
      if memory != 0 {
        try perturbAllocated(memory, bytes)
        return memory
      }
    }
    if ChunkSize.isSmall(size) {
      let memory = try takeFromSmallbin(arena, size, thread.tcache)
      if memory != 0 {
        try perturbAllocated(memory, bytes)
        return memory
      }
    } else if try hasFastChunks(arena) {
      try consolidate(arena)
    }
    while true {
      var memory = try searchUnsorted(arena, size, thread.tcache)
      if memory == 0, !ChunkSize.isSmall(size) { memory = try takeFromLargebin(arena, size) }
      if memory == 0 { memory = try takeFromLargerBin(arena, size) }
      if memory == 0 { memory = try takeFromTop(arena, size) }
      if memory != 0 {
        try perturbAllocated(memory, bytes)
        return memory
      }
      guard try hasFastChunks(arena) else { break }
      try consolidate(arena)
    }
    let memory = try sysMalloc(size, arena, &thread)
    if memory != 0 { try perturbAllocated(memory, bytes) }
    return memory
  }

  /// The bin of the tcache that a chunk of this size could go to, if there is one.
  @inlinable @inline(__always)
  func tcacheIndex(_ size: UInt64, _ tcache: UInt64) -> UInt64? {
    let index = ChunkSize.tcacheIndex(size)
    return tcache != 0 && index < tcacheBins ? index : nil
  }

  /// The first of the fastbin of this size; others of it go to the tcache until that is full.
  @inlinable @inline(__always)
  mutating func takeFromFastbin(
    _ arena: Arena, _ size: UInt64, _ tcache: UInt64
  ) throws(HeapAbort) -> UInt64 {
    let index = ChunkSize.fastbinIndex(size)
    let list = arena.fastbin(index)
    let victim = Chunk(try word(list))
    if victim.isNull { return 0 }
    let checksAlignment = layout.linkShift == 12
    if checksAlignment, victim.isMisaligned { throw .corruption(.unalignedFastbinChunk2) }
    try popFastbin(list, victim)
    if ChunkSize.fastbinIndex(try self.size(victim)) != index {
      throw .corruption(.memoryCorruptionFast)
    }
    if let slot = tcacheIndex(size, tcache) {
      let limit = tcacheCountLimit
      while case let count = try tcacheCount(tcache, slot), count < limit {
        let other = Chunk(try word(list))
        if other.isNull { break }
        if checksAlignment, other.isMisaligned { throw .corruption(.unalignedFastbinChunk3) }
        try popFastbin(list, other)
        try tcachePut(other, tcache, slot, count: count)
      }
    }
    return victim.memory
  }

  /// The list goes on behind its first; REMOVE_FB, where others run, looks at the new first one.
  @inlinable @inline(__always)
  mutating func popFastbin(_ list: UInt64, _ victim: Chunk) throws(HeapAbort) {
    let next = Chunk(protect(try fd(victim).address, at: victim.memory))
    if !isSingleThreaded, next.isMisaligned, layout.linkShift == 12 {
      throw .corruption(.unalignedFastbinChunk)
    }
    try setWord(list, next.address)
  }

  /// The last of the small bin of this size; others of it go to the tcache until that is full.
  @inlinable @inline(__always)
  mutating func takeFromSmallbin(
    _ arena: Arena, _ size: UInt64, _ tcache: UInt64
  ) throws(HeapAbort) -> UInt64 {
    let bin = arena.bin(ChunkSize.smallbinIndex(size))
    let victim = try bk(bin)
    if victim == bin { return 0 }
    let before = try bk(victim)
    if try fd(before) != victim { throw .corruption(.smallbinList) }
    try setUsed(victim, at: size)
    try setBk(bin, before)
    try setFd(before, bin)
    if arena != mainArena { try setNonMainArena(victim) }
    if let slot = tcacheIndex(size, tcache) {
      let limit = tcacheCountLimit
      while case let count = try tcacheCount(tcache, slot), count < limit {
        let other = try bk(bin)
        if other == bin { break }
        // A NULL there makes glibc look again for ever.
        if other.isNull { throw .endless(bin.address) }
        let before = try bk(other)
        try setUsed(other, at: size)
        if arena != mainArena { try setNonMainArena(other) }
        try setBk(bin, before)
        try setFd(before, bin)
        try tcachePut(other, tcache, slot, count: count)
      }
    }
    return victim.memory
  }

  /// What top has, if it is enough and a least chunk stays.
  @inlinable @inline(__always)
  mutating func takeFromTop(_ arena: Arena, _ size: UInt64) throws(HeapAbort) -> UInt64 {
    let top = try top(arena)
    let topSize = try self.size(top)
    if topSize > (try systemMem(arena)) { throw .corruption(.topSize) }
    guard topSize >= size &+ GlibcLayout.Header.minimum else { return 0 }
    return try splitTop(arena, top, topSize, size)
  }

  /// The lower part of top, which goes on behind it.
  @inlinable @inline(__always)
  mutating func splitTop(
    _ arena: Arena, _ top: Chunk, _ topSize: UInt64, _ size: UInt64
  ) throws(HeapAbort) -> UInt64 {
    let rest = top + size
    try setTop(arena, rest)
    try setHead(top, size | GlibcLayout.Header.prevInUse | flag(of: arena))
    try setHead(rest, (topSize &- size) | GlibcLayout.Header.prevInUse)
    return top.memory
  }
}
