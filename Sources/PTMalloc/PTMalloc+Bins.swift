/// Best fit among the sorted bins.
extension PTMalloc where Memory: ~Copyable {
  /// The least chunk that is large enough in the large bin of this size.
  @inlinable @inline(__always)
  mutating func takeFromLargebin(_ arena: Arena, _ size: UInt64) throws(HeapAbort) -> UInt64 {
    let bin = arena.bin(ChunkSize.largebinIndex(size))
    let largest = try fd(bin)
    if largest == bin { return 0 }
    if try head(largest) < size { return 0 }
    var victim = try bkNextSize(largest)
    var victimSize = try self.size(victim)
    var steps: UInt64 = 0
    while victimSize < size {
      victim = try bkNextSize(victim)
      victimSize = try self.size(victim)
      steps &+= 1
      if steps > 1 &<< 24 { throw .endless(bin.address) }
    }
    // The second of a size is taken, so that the list of sizes need not change.
    if victim != (try bk(bin)), case let second = try fd(victim),
      try head(victim) == head(second)
    {
      victim = second
    }
    try unlink(victim)
    return try split(arena, victim, victimSize, size, .unsortedChunks, keepsRemainder: false)
  }

  /// The last chunk of the next bin that has one, by the binmap.
  @inlinable @inline(__always)
  mutating func takeFromLargerBin(_ arena: Arena, _ size: UInt64) throws(HeapAbort) -> UInt64 {
    var index = ChunkSize.binIndex(size) &+ 1
    while index < GlibcLayout.State.binCount {
      let mapAddress = binmapAddress(arena, block: index &>> 5)
      let map = try memory.half(at: mapAddress)
      let ahead = map &>> UInt32(truncatingIfNeeded: index & 31)
      if ahead == 0 {
        index = (index | 31) &+ 1
        continue
      }
      index &+= UInt64(truncatingIfNeeded: ahead.trailingZeroBitCount)
      let bin = arena.bin(index)
      let victim = try bk(bin)
      if victim == bin {
        // A bit outlives its bin's last chunk until someone looks.
        try setHalf(mapAddress, map & ~(1 &<< UInt32(truncatingIfNeeded: index & 31)))
        index &+= 1
        continue
      }
      let victimSize = try self.size(victim)
      if victimSize < size { throw .assertion(.binSize) }
      try unlink(victim)
      return try split(
        arena, victim, victimSize, size, .unsortedChunks2,
        keepsRemainder: ChunkSize.isSmall(size))
    }
    return 0
  }

  /// The lower part of an unlinked chunk; the rest goes to the front of the unsorted bin.
  @inlinable @inline(__always)
  mutating func split(
    _ arena: Arena, _ victim: Chunk, _ victimSize: UInt64, _ size: UInt64,
    _ corruption: Corruption, keepsRemainder: Bool
  ) throws(HeapAbort) -> UInt64 {
    let restSize = victimSize &- size
    if restSize < GlibcLayout.Header.minimum {
      try setUsed(victim, at: victimSize)
      if arena != mainArena { try setNonMainArena(victim) }
      return victim.memory
    }
    let rest = victim + size
    let before = arena.unsorted
    let behind = try fd(before)
    if try bk(behind) != before { throw .corruption(corruption) }
    try setBk(rest, before)
    try setFd(rest, behind)
    try setFd(before, rest)
    try setBk(behind, rest)
    if keepsRemainder {
      try setWord(arena.address &+ GlibcLayout.State.lastRemainder, rest.address)
    }
    try clearNextSize(rest, of: restSize)
    try setHead(victim, size | GlibcLayout.Header.prevInUse | flag(of: arena))
    try setHead(rest, restSize | GlibcLayout.Header.prevInUse)
    try setPrevSize(rest + restSize, restSize)
    return victim.memory
  }
}
