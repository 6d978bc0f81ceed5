/// The heaps of thread arenas: aligned, so that an address leads to its heap's start.
extension PTMalloc where Memory: ~Copyable {
  /// heap_max_size.
  @inlinable var heapMaxSize: UInt64 { heapMask &+ 1 }

  /// heap_for_ptr.
  @inlinable @inline(__always) func heap(of address: UInt64) -> UInt64 { address & ~heapMask }

  /// arena_for_chunk.
  @inlinable @inline(__always)
  func arenaOf(_ p: Chunk, _ head: UInt64) throws(HeapAbort) -> Arena {
    head & GlibcLayout.Header.nonMainArena == 0
      ? mainArena : Arena(try word(heap(of: p.address)))
  }
  @inlinable @inline(__always) func arenaOf(_ p: Chunk) throws(HeapAbort) -> Arena {
    try arenaOf(p, try head(p))
  }

  /// The page size of a heap: its own field, but for 2.31.
  @inlinable
  func pageSize(ofHeap heap: UInt64) throws(HeapAbort) -> UInt64 {
    guard let offset = layout.heapInfo.pageSize else { return pageSize }
    return try word(heap &+ offset)
  }

  /// new_heap: 0 where there is no memory.
  @inlinable
  mutating func newHeap(_ size: UInt64, pad: UInt64) throws(HeapAbort) -> UInt64 {
    let huge = try hugePageSize
    if huge != 0 {
      let heap = try allocateHeap(size, pad: pad, page: huge, flags: try hugePageFlags)
      if heap != 0 { return heap }
    }
    let flags: MapFlags = layout.version >= .v2_41 ? [] : .noReserve
    return try allocateHeap(size, pad: pad, page: pageSize, flags: flags)
  }

  /// alloc_new_heap.
  @inlinable
  mutating func allocateHeap(
    _ request: UInt64, pad: UInt64, page: UInt64, flags: MapFlags
  ) throws(HeapAbort) -> UInt64 {
    let huge = try hugePageSize
    let least = huge == 0 ? 32 &* 1024 : huge
    let most = heapMaxSize
    var size = request
    if size &+ pad < least {
      size = least
    } else if size &+ pad <= most {
      size &+= pad
    } else if size > most {
      return 0
    } else {
      size = most
    }
    size = alignUp(size, page)
    let heap = reserveHeap(most, flags)
    if heap == 0 { return 0 }
    guard memory.mprotect(at: heap, length: size) else {
      memory.munmap(at: heap, length: most)
      return 0
    }
    try adviseHuge(heap, size)
    try setWord(heap &+ GlibcLayout.HeapInfo.sizeField, size)
    try setWord(heap &+ GlibcLayout.HeapInfo.mprotectSize, size)
    if let offset = layout.heapInfo.pageSize { try setWord(heap &+ offset, page) }
    return heap
  }

  /// An aligned area without access: where the last one left room above itself, or cut from twice
  /// as much, or by luck.
  @inlinable
  mutating func reserveHeap(_ length: UInt64, _ flags: MapFlags) -> UInt64 {
    let mask = length &- 1
    if alignedHeapArea != 0 {
      let area = memory.mmap(at: alignedHeapArea, length: length, readWrite: false, flags: flags)
      alignedHeapArea = 0
      if let area {
        if area & mask == 0 { return area }
        memory.munmap(at: area, length: length)
      }
    }
    if let area = memory.mmap(at: 0, length: length &<< 1, readWrite: false, flags: flags) {
      let heap = (area &+ mask) & ~mask
      let lead = heap &- area
      if lead != 0 {
        memory.munmap(at: area, length: lead)
      } else {
        alignedHeapArea = heap &+ length
      }
      memory.munmap(at: heap &+ length, length: length &- lead)
      return heap
    }
    guard let area = memory.mmap(at: 0, length: length, readWrite: false, flags: flags) else {
      return 0
    }
    if area & mask == 0 { return area }
    memory.munmap(at: area, length: length)
    return 0
  }

  /// grow_heap.
  @inlinable
  mutating func growHeap(_ heap: UInt64, _ bytes: UInt64) throws(HeapAbort) -> Bool {
    let size =
      try alignUp(bytes, pageSize(ofHeap: heap))
      &+ word(heap &+ GlibcLayout.HeapInfo.sizeField)
    if size > heapMaxSize { return false }
    let accessible = try word(heap &+ GlibcLayout.HeapInfo.mprotectSize)
    if size > accessible {
      guard memory.mprotect(at: heap &+ accessible, length: size &- accessible) else {
        return false
      }
      try setWord(heap &+ GlibcLayout.HeapInfo.mprotectSize, size)
    }
    try setWord(heap &+ GlibcLayout.HeapInfo.sizeField, size)
    return true
  }

  /// shrink_heap.
  @inlinable
  mutating func shrinkHeap(_ heap: UInt64, _ bytes: UInt64) throws(HeapAbort) -> Bool {
    let size = try word(heap &+ GlibcLayout.HeapInfo.sizeField) &- bytes
    if Int64(bitPattern: size) < Int64(layout.heapInfo.size) { return false }
    if environment.mayShrinkHeap {
      guard memory.mmap(at: heap &+ size, length: bytes, readWrite: false, flags: .fixed) != nil
      else { return false }
      try setWord(heap &+ GlibcLayout.HeapInfo.mprotectSize, size)
    } else {
      memory.madvise(at: heap &+ size, length: bytes, .dontNeed)
    }
    try setWord(heap &+ GlibcLayout.HeapInfo.sizeField, size)
    return true
  }

  /// heap_trim: unmaps heaps that are all top, then gives back the end of the last.
  @inlinable
  mutating func trimHeap(_ last: UInt64, pad: UInt64) throws(HeapAbort) {
    var heap = last
    let arena = Arena(try word(heap))
    var top = try top(arena)
    let most = heapMaxSize
    while top.address == heap &+ layout.heapInfo.size {
      let previous = try word(heap &+ GlibcLayout.HeapInfo.previous)
      let previousSize = try word(previous &+ GlibcLayout.HeapInfo.sizeField)
      // Its fence, then the chunk before that.
      let rough = previous &+ previousSize &- 16
      let misalignment = rough & 15
      var p = Chunk(rough &- misalignment)
      if try head(p) != GlibcLayout.Header.prevInUse { throw .assertion(.heapTrimFence) }
      p = p - (try prevSize(p))
      var size = try self.size(p) &+ 16 &+ misalignment
      if size == 0 || size >= 2 &* GlibcLayout.Header.minimum {
        throw .assertion(.heapTrimFenceSize)
      }
      let isBelowFree = try !isPreviousUsed(p)
      if isBelowFree { size &+= try prevSize(p) }
      if size == 0 || size >= most { throw .assertion(.heapTrimSize) }
      let page = try pageSize(ofHeap: heap)
      if size &+ (most &- previousSize) < pad &+ GlibcLayout.Header.minimum &+ page { break }
      try addSystemMem(arena, 0 &- (try word(heap &+ GlibcLayout.HeapInfo.sizeField)))
      if heap &+ most == alignedHeapArea { alignedHeapArea = 0 }
      memory.munmap(at: heap, length: most)
      heap = previous
      if isBelowFree {
        p = p - (try prevSize(p))
        try unlink(p)
      }
      let end = p.address &+ size
      if end & (try pageSize(ofHeap: heap) &- 1) != 0 { throw .assertion(.heapTrimPage) }
      if end != heap &+ previousSize { throw .assertion(.heapTrimEnd) }
      top = p
      try setTop(arena, top)
      try setHead(top, size | GlibcLayout.Header.prevInUse)
    }
    let topSize = try self.size(top)
    if topSize < (try trimThreshold) { return }
    let spare = topSize &- GlibcLayout.Header.minimum &- 1
    if Int64(bitPattern: spare) < 0 || spare <= pad { return }
    let extra = (spare &- pad) & ~(try pageSize(ofHeap: heap) &- 1)
    if extra == 0 { return }
    guard try shrinkHeap(heap, extra) else { return }
    try addSystemMem(arena, 0 &- extra)
    try setHead(top, (topSize &- extra) | GlibcLayout.Header.prevInUse)
  }
}
