/// Giving memory back to the kernel.
extension PTMalloc where Memory: ~Copyable {
  /// As `malloc_trim`: 1 where anything was given back.
  @inlinable
  public mutating func malloc_trim(
    _ pad: UInt64, _ thread: inout MallocThread
  ) throws(HeapAbort) -> Bool {
    // __malloc_trim
    if !isInitialized { try initialize(&thread) }
    var result = false
    var arena = mainArena
    repeat {
      if try trimArena(arena, pad: pad) { result = true }
      arena = try next(arena)
    } while arena != mainArena
    return result
  }

  /// mtrim: whole pages within free chunks, then the top of the main arena.
  @inlinable
  mutating func trimArena(_ arena: Arena, pad: UInt64) throws(HeapAbort) -> Bool {
    try consolidate(arena)
    let least = ChunkSize.binIndex(pageSize)
    let mask = pageSize &- 1
    var result = false
    var index: UInt64 = 1
    while index < GlibcLayout.State.binCount {
      if index == 1 || index >= least {
        let bin = arena.bin(index)
        var p = try bk(bin)
        var steps: UInt64 = 0
        while p != bin {
          let size = try self.size(p)
          if size > mask &+ 48 {
            let start = (p.address &+ 48 &+ mask) & ~mask
            if p.address &+ 48 > start { throw .assertion(.trimAligned) }
            if p.address &+ size <= start { throw .assertion(.trimSize) }
            let pages = size &- (start &- p.address)
            if pages > mask {
              memory.madvise(at: start, length: pages & ~mask, .dontNeed)
              result = true
            }
          }
          p = try bk(p)
          steps &+= 1
          if steps > 1 &<< 32 { throw .endless(bin.address) }
        }
      }
      index &+= 1
    }
    if arena == mainArena, try trimTop(arena, pad: pad) { result = true }
    return result
  }

  /// systrim: lowers the break by what top has beyond the pad.
  @inlinable
  mutating func trimTop(_ arena: Arena, pad: UInt64) throws(HeapAbort) -> Bool {
    let top = try top(arena)
    let topSize = try size(top)
    let spare = topSize &- GlibcLayout.Header.minimum &- 1
    // The comparison is unsigned, as top_area, a long, meets a size_t.
    if spare <= pad { return false }
    let huge = try transparentHugePageSize
    let extra = (spare &- pad) & (0 &- (huge != 0 ? huge : pageSize))
    if extra == 0 { return false }
    guard let before = morecore(0), before == top.address &+ topSize else { return false }
    _ = morecore(0 &- Int64(bitPattern: extra))
    guard let after = morecore(0) else { return false }
    let released = before &- after
    if released == 0 { return false }
    try addSystemMem(arena, 0 &- released)
    try setHead(top, (topSize &- released) | GlibcLayout.Header.prevInUse)
    return true
  }
}
