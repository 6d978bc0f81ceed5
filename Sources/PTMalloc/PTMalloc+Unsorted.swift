/// The unsorted bin: chunks freed or left over since the last search, each looked at once and then
/// put where it belongs.
extension PTMalloc where Memory: ~Copyable {
  /// MAX_ITERS: how many a search sorts before it goes on to the bins.
  @inlinable static var sortLimit: UInt64 { 10000 }

  /// The loop of _int_malloc over the unsorted bin: a chunk of the very size, or what is cut off
  /// the last remainder; 0 where there is none.
  @inlinable @inline(__always)
  mutating func searchUnsorted(
    _ arena: Arena, _ size: UInt64, _ tcache: UInt64
  ) throws(HeapAbort) -> UInt64 {
    let unsorted = arena.unsorted
    var victim = try bk(unsorted)
    if victim == unsorted { return 0 }
    let slot = tcacheIndex(size, tcache)
    var isCached = false
    var sorted: UInt64 = 0
    var steps: UInt64 = 0
    while victim != unsorted {
      let before = try bk(victim)
      let victimSize = try self.size(victim)
      try checkUnsorted(arena, victim, victimSize, before)
      if ChunkSize.isSmall(size), before == unsorted,
        victim.address == (try word(arena.address &+ GlibcLayout.State.lastRemainder)),
        victimSize > size &+ GlibcLayout.Header.minimum
      {
        return try splitRemainder(arena, victim, victimSize, size)
      }
      if try fd(before) != victim, layout.version < .v2_41 {
        throw .corruption(.unsortedChunks3)
      }
      try setBk(unsorted, before)
      try setFd(before, unsorted)
      if victimSize == size {
        try setUsed(victim, at: size)
        if arena != mainArena { try setNonMainArena(victim) }
        if let slot, case let count = try tcacheCount(tcache, slot),
          count < tcacheCountLimit
        {
          try tcachePut(victim, tcache, slot, count: count)
          isCached = true
          victim = try bk(unsorted)
          continue
        }
        return victim.memory
      }
      try insertSorted(arena, victim, victimSize)
      sorted &+= 1
      if isCached, let slot, case let limit = try tcacheUnsortedLimit, limit > 0, sorted > limit {
        return try takeCached(tcache, slot)
      }
      steps &+= 1
      if steps >= Self.sortLimit { break }
      victim = try bk(unsorted)
    }
    if isCached, let slot { return try takeCached(tcache, slot) }
    return 0
  }

  @inlinable var tcacheUnsortedLimit: UInt64 {
    get throws(HeapAbort) { try word(parameters &+ layout.parameters.tcacheUnsortedLimit) }
  }

  @inlinable @inline(__always)
  mutating func takeCached(_ tcache: UInt64, _ slot: UInt64) throws(HeapAbort) -> UInt64 {
    try tcacheGet(tcache, slot, count: try tcacheCount(tcache, slot))
  }

  /// The checks of a chunk in the unsorted bin.
  @inlinable @inline(__always)
  func checkUnsorted(
    _ arena: Arena, _ victim: Chunk, _ size: UInt64, _ before: Chunk
  ) throws(HeapAbort) {
    let systemMem = try systemMem(arena)
    let next = victim + size
    if size <= GlibcLayout.Header.length || size > systemMem { throw .corruption(.unsortedSize) }
    let nextHead = try head(next)
    if nextHead < GlibcLayout.Header.length || nextHead > systemMem {
      throw .corruption(.unsortedNextSize)
    }
    if try prevSize(next) & ~GlibcLayout.Header.flags != size {
      throw .corruption(.unsortedPrevSize)
    }
    if try fd(before) != victim { throw .corruption(.unsortedList) }
    if try fd(victim) != arena.unsorted { throw .corruption(.unsortedList) }
    if nextHead & GlibcLayout.Header.prevInUse != 0 { throw .corruption(.unsortedPrevInUse) }
  }

  /// The last remainder, alone in the bin, serves small requests one behind the other.
  @inlinable @inline(__always)
  mutating func splitRemainder(
    _ arena: Arena, _ victim: Chunk, _ victimSize: UInt64, _ size: UInt64
  ) throws(HeapAbort) -> UInt64 {
    let unsorted = arena.unsorted
    let rest = victim + size
    let restSize = victimSize &- size
    try setBk(unsorted, rest)
    try setFd(unsorted, rest)
    try setWord(arena.address &+ GlibcLayout.State.lastRemainder, rest.address)
    try setBk(rest, unsorted)
    try setFd(rest, unsorted)
    try clearNextSize(rest, of: restSize)
    try setHead(victim, size | GlibcLayout.Header.prevInUse | flag(of: arena))
    try setHead(rest, restSize | GlibcLayout.Header.prevInUse)
    try setPrevSize(rest + restSize, restSize)
    return victim.memory
  }

  /// Puts a chunk where it belongs: a small bin's front, or in order into a large bin.
  @inlinable @inline(__always)
  mutating func insertSorted(
    _ arena: Arena, _ victim: Chunk, _ size: UInt64
  ) throws(HeapAbort) {
    let index = ChunkSize.binIndex(size)
    let bin = arena.bin(index)
    var before = bin
    var behind = try fd(bin)
    if !ChunkSize.isSmall(size) {
      if behind != bin {
        (before, behind) = try placeInLargebin(bin, behind, victim, size)
      } else {
        try setFdNextSize(victim, victim)
        try setBkNextSize(victim, victim)
      }
    }
    try markBin(arena, index)
    try setBk(victim, before)
    try setFd(victim, behind)
    try setBk(behind, victim)
    try setFd(before, victim)
  }

  /// The neighbours of a chunk in a large bin that is not empty; the list of sizes is made right.
  ///
  /// A bin is sorted from the largest down; of chunks of one size the new one becomes the second,
  /// so that the list of sizes stays.
  @inlinable @inline(__always)
  mutating func placeInLargebin(
    _ bin: Chunk, _ first: Chunk, _ victim: Chunk, _ size: UInt64
  ) throws(HeapAbort) -> (before: Chunk, behind: Chunk) {
    let size = size | GlibcLayout.Header.prevInUse
    let last = try bk(bin)
    let lastHead = try head(last)
    if lastHead & GlibcLayout.Header.nonMainArena != 0 { throw .assertion(.mainArenaLast) }
    if size < lastHead {
      let largest = try fd(bin)
      let smallest = try bkNextSize(largest)
      try setFdNextSize(victim, largest)
      try setBkNextSize(victim, smallest)
      try setFdNextSize(smallest, victim)
      try setBkNextSize(largest, victim)
      return (last, bin)
    }
    var behind = first
    var behindHead = try head(behind)
    var steps: UInt64 = 0
    while true {
      if behindHead & GlibcLayout.Header.nonMainArena != 0 {
        throw .assertion(.mainArenaForward)
      }
      guard size < behindHead else { break }
      behind = try fdNextSize(behind)
      behindHead = try head(behind)
      steps &+= 1
      if steps > 1 &<< 24 { throw .endless(bin.address) }
    }
    if size == behindHead {
      behind = try fd(behind)
    } else {
      let previous = try bkNextSize(behind)
      try setFdNextSize(victim, behind)
      try setBkNextSize(victim, previous)
      if try fdNextSize(previous) != behind { throw .corruption(.largebinNextSize) }
      try setBkNextSize(behind, victim)
      try setFdNextSize(previous, victim)
    }
    let before = try bk(behind)
    if try fd(before) != behind { throw .corruption(.largebinList) }
    return (before, behind)
  }
}
