public import MemoryTypes

/// More memory from the kernel.
extension PTMalloc where Memory: ~Copyable {
  /// sysmalloc: a mapping of its own for what is large, else a larger top.
  @inlinable @inline(never)
  mutating func sysMalloc(
    _ size: UInt64, _ arena: Arena, _ thread: inout MallocThread
  ) throws(HeapAbort) -> UInt64 {
    var hasTriedMmap = false
    if try isForMmap(size, arena) {
      let huge = try hugePageSize
      if huge > 0, size >= huge {
        let memory = try mapChunk(size, page: huge, flags: try hugePageFlags)
        if memory != 0 { return memory }
      }
      let memory = try mapChunk(size, page: pageSize, flags: [])
      if memory != 0 { return memory }
      hasTriedMmap = true
    }
    if arena.isNull { return fail(.ENOMEM, &thread) }
    while true {
      let grew = try growTop(arena, size, thread.tcache)
      if grew || hasTriedMmap { break }
      let memory = try mapChunk(size, page: pageSize, flags: [])
      if memory != 0 { return memory }
      // 2.31 goes through all of it once more, as if it had been mmap's turn first.
      if layout.version >= .v2_36 { break }
      hasTriedMmap = true
    }
    let systemMem = try systemMem(arena)
    if systemMem > (try word(arena.address &+ GlibcLayout.State.maxSystemMem)) {
      try setWord(arena.address &+ GlibcLayout.State.maxSystemMem, systemMem)
    }
    let top = try top(arena)
    let topSize = try self.size(top)
    if topSize >= size &+ GlibcLayout.Header.minimum {
      return try splitTop(arena, top, topSize, size)
    }
    return fail(.ENOMEM, &thread)
  }

  /// Asks for a larger top; false where a thread's arena got none.
  @inlinable
  mutating func growTop(
    _ arena: Arena, _ size: UInt64, _ tcache: UInt64
  ) throws(HeapAbort) -> Bool {
    let oldTop = try top(arena)
    let oldHead = try head(oldTop)
    let oldSize = oldHead & ~GlibcLayout.Header.flags
    let oldEnd = oldTop.address &+ oldSize
    guard
      oldTop == arena.unsorted && oldSize == 0
        || oldSize >= GlibcLayout.Header.minimum
          && oldHead & GlibcLayout.Header.prevInUse != 0 && oldEnd & (pageSize &- 1) == 0
    else { throw .assertion(.sysmallocTop) }
    if oldSize >= size &+ GlibcLayout.Header.minimum { throw .assertion(.sysmallocSize) }
    guard arena == mainArena else {
      return try growThreadArena(arena, size, oldTop, oldSize, tcache)
    }
    try growBreak(arena, size, oldTop, oldSize, tcache)
    return true
  }

  /// Whether a request of this size gets a mapping of its own.
  @inlinable
  func isForMmap(_ size: UInt64, _ arena: Arena) throws(HeapAbort) -> Bool {
    if arena.isNull { return true }
    if size < (try mmapThreshold) { return false }
    return Int32(bitPattern: try mmapCount) < Int32(bitPattern: try mmapCountLimit)
  }

  /// A larger heap, or a further one; what stays of the old top is freed before a fence.
  @inlinable
  mutating func growThreadArena(
    _ arena: Arena, _ size: UInt64, _ oldTop: Chunk, _ oldTopSize: UInt64, _ tcache: UInt64
  ) throws(HeapAbort) -> Bool {
    let oldHeap = heap(of: oldTop.address)
    let oldHeapSize = try word(oldHeap &+ GlibcLayout.HeapInfo.sizeField)
    let missing = GlibcLayout.Header.minimum &+ size &- oldTopSize
    if Int64(bitPattern: missing) > 0, try growHeap(oldHeap, missing) {
      let heapSize = try word(oldHeap &+ GlibcLayout.HeapInfo.sizeField)
      try addSystemMem(arena, heapSize &- oldHeapSize)
      try setHead(
        oldTop, (oldHeap &+ heapSize &- oldTop.address) | GlibcLayout.Header.prevInUse)
      return true
    }
    let heap = try newHeap(
      size &+ GlibcLayout.Header.minimum &+ layout.heapInfo.size, pad: topPad)
    if heap == 0 { return false }
    try setWord(heap, arena.address)
    try setWord(heap &+ GlibcLayout.HeapInfo.previous, oldHeap)
    let heapSize = try word(heap &+ GlibcLayout.HeapInfo.sizeField)
    try addSystemMem(arena, heapSize)
    let top = Chunk(heap &+ layout.heapInfo.size)
    try setTop(arena, top)
    try setHead(top, (heapSize &- layout.heapInfo.size) | GlibcLayout.Header.prevInUse)
    // Two headers at the end keep merging from running over it.
    let oldSize = (oldTopSize &- GlibcLayout.Header.minimum) & ~15
    try setHead(oldTop + (oldSize &+ 16), GlibcLayout.Header.prevInUse)
    if oldSize >= GlibcLayout.Header.minimum {
      try setHead(oldTop + oldSize, 16 | GlibcLayout.Header.prevInUse)
      try setPrevSize(oldTop + (oldSize &+ 16), 16)
      try setHead(
        oldTop, oldSize | GlibcLayout.Header.prevInUse | GlibcLayout.Header.nonMainArena)
      try freeLocked(arena, oldTop, tcache)
    } else {
      try setHead(oldTop, (oldSize &+ 16) | GlibcLayout.Header.prevInUse)
      try setPrevSize(oldTop + (oldSize &+ 16), oldSize &+ 16)
    }
    return true
  }

  /// The main arena's way: brk, or a mapping in its place where that fails.
  @inlinable
  mutating func growBreak(
    _ arena: Arena, _ request: UInt64, _ oldTop: Chunk, _ oldSize: UInt64, _ tcache: UInt64
  ) throws(HeapAbort) {
    let oldEnd = oldTop.address &+ oldSize
    var size = try request &+ topPad &+ GlibcLayout.Header.minimum
    if try isContiguous(arena) { size &-= oldSize }
    let huge = try transparentHugePageSize
    if huge != 0 {
      size = alignUp(currentBreak &+ size, huge) &- currentBreak
    } else {
      size = alignUp(size, pageSize)
    }
    var start: UInt64?
    var end: UInt64?
    if Int64(bitPattern: size) > 0 {
      start = morecore(Int64(bitPattern: size))
      if let start { try adviseHuge(start, size) }
    }
    if start == nil {
      let hugeTLB = try hugePageSize
      if hugeTLB > 0 {
        start = try mapInsteadOfBreak(
          arena, &size, request, oldSize, least: hugeTLB, page: hugeTLB, flags: hugePageFlags)
      }
      if start == nil {
        // MMAP_AS_MORECORE_SIZE; in 2.36 the two arguments have changed places.
        let swaps = layout.version == .v2_36
        start = try mapInsteadOfBreak(
          arena, &size, request, oldSize, least: swaps ? pageSize : 1 &<< 20,
          page: swaps ? 1 &<< 20 : pageSize, flags: [])
      }
      if let start { end = start &+ size }
    }
    guard let start, start != 0 else { return }
    if try word(parameters &+ layout.parameters.sbrkBase) == 0 {
      try setWord(parameters &+ layout.parameters.sbrkBase, start)
    }
    try addSystemMem(arena, size)
    if start == oldEnd, end == nil {
      return try setHead(oldTop, (size &+ oldSize) | GlibcLayout.Header.prevInUse)
    }
    if try isContiguous(arena), oldSize != 0, start < oldEnd {
      throw .corruption(.breakAdjusted)
    }
    try startAnew(arena, oldTop, oldSize, start, size, end, tcache)
  }

  /// sysmalloc_mmap_fallback: nil where this mapping fails, too, 0 where it would be too large.
  @inlinable
  mutating func mapInsteadOfBreak(
    _ arena: Arena, _ size: inout UInt64, _ request: UInt64, _ oldSize: UInt64, least: UInt64,
    page: UInt64, flags: MapFlags
  ) throws(HeapAbort) -> UInt64? {
    var length = size
    if try isContiguous(arena) { length = alignUp(length &+ oldSize, page) }
    if length < least { length = least }
    // MORECORE_FAILURE, NULL, is not MAP_FAILED: nothing else is tried.
    if length <= request { return 0 }
    guard let start = memory.mmap(at: 0, length: length, readWrite: true, flags: flags) else {
      return nil
    }
    if !flags.contains(.hugeTLB) { try adviseHuge(start, length) }
    try setNonContiguous(arena)
    size = length
    return start
  }

  /// Top begins anew where someone else moved the break, or in a mapping; the old one is fenced off.
  @inlinable
  mutating func startAnew(
    _ arena: Arena, _ oldTop: Chunk, _ oldTopSize: UInt64, _ start: UInt64, _ size: UInt64,
    _ mappedEnd: UInt64?, _ tcache: UInt64
  ) throws(HeapAbort) {
    var aligned = start
    var correction: UInt64 = 0
    var end = mappedEnd
    if try isContiguous(arena) {
      // What others took by sbrk counts as the arena's.
      if oldTopSize != 0 { try addSystemMem(arena, start &- (oldTop.address &+ oldTopSize)) }
      let misalignment = start & 15
      if misalignment > 0 {
        correction = 16 &- misalignment
        aligned &+= correction
      }
      correction &+= oldTopSize
      let rough = start &+ size &+ correction
      correction &+= alignUp(rough, pageSize) &- rough
      if Int64(bitPattern: correction) < 0 { throw .assertion(.sysmallocCorrection) }
      end = morecore(Int64(bitPattern: correction))
      if let end {
        try adviseHuge(end, correction)
      } else {
        correction = 0
        end = morecore(0)
      }
    } else {
      if start & 15 != 0 { throw .assertion(.sysmallocAligned) }
      if end == nil { end = morecore(0) }
    }
    guard let end else { return }
    let top = Chunk(aligned)
    try setTop(arena, top)
    try setHead(top, (end &- aligned &+ correction) | GlibcLayout.Header.prevInUse)
    try addSystemMem(arena, correction)
    guard oldTopSize != 0 else { return }
    let oldSize = (oldTopSize &- 32) & ~15
    try setHead(oldTop, oldSize | GlibcLayout.Header.prevInUse)
    try setHead(oldTop + oldSize, 16 | GlibcLayout.Header.prevInUse)
    try setHead(oldTop + (oldSize &+ 16), 16 | GlibcLayout.Header.prevInUse)
    if oldSize >= GlibcLayout.Header.minimum { try freeLocked(arena, oldTop, tcache) }
  }
}
