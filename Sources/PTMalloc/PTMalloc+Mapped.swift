/// Chunks with a mapping of their own.
extension PTMalloc where Memory: ~Copyable {
  /// sysmalloc_mmap: the memory, or 0 where the kernel gives none.
  @inlinable
  mutating func mapChunk(
    _ size: UInt64, page: UInt64, flags: MapFlags
  ) throws(HeapAbort) -> UInt64 {
    let length = alignUp(size &+ 8, page)
    if length <= size { return 0 }
    guard let address = memory.mmap(at: 0, length: length, readWrite: true, flags: flags) else {
      return 0
    }
    if !flags.contains(.hugeTLB) { try adviseHuge(address, length) }
    let p = Chunk(address)
    try setPrevSize(p, 0)
    try setHead(p, length | GlibcLayout.Header.isMapped)
    let counts = parameters &+ layout.parameters.mmapCounts
    let count = try memory.half(at: counts) &+ 1
    try setHalf(counts, count)
    if Int32(bitPattern: try memory.half(at: counts &+ 8)) < Int32(bitPattern: count) {
      try setHalf(counts &+ 8, count)
    }
    try addMmapped(length)
    return p.memory
  }

  @inlinable
  mutating func addMmapped(_ length: UInt64) throws(HeapAbort) {
    let sum = try mmappedMem &+ length
    try setWord(parameters &+ layout.parameters.mmappedMem, sum)
    if try word(parameters &+ layout.parameters.maxMmappedMem) < sum {
      try setWord(parameters &+ layout.parameters.maxMmappedMem, sum)
    }
  }

  /// munmap_chunk.
  @inlinable
  mutating func unmapChunk(_ p: Chunk) throws(HeapAbort) {
    let head = try head(p)
    if head & GlibcLayout.Header.isMapped == 0 { throw .assertion(.munmapMapped) }
    let lead = try prevSize(p)
    let block = p.address &- lead
    let length = lead &+ (head & ~GlibcLayout.Header.flags)
    if !isMappedBlock(p, block, length) { throw .corruption(.munmapInvalidPointer) }
    let counts = parameters &+ layout.parameters.mmapCounts
    try setHalf(counts, try memory.half(at: counts) &- 1)
    try setWord(parameters &+ layout.parameters.mmappedMem, try mmappedMem &- length)
    memory.munmap(at: block, length: length)
  }

  /// Whether block and length are whole pages and the memory a power of two into its page.
  @inlinable
  func isMappedBlock(_ p: Chunk, _ block: UInt64, _ length: UInt64) -> Bool {
    let offset = p.memory & (pageSize &- 1)
    return (block | length) & (pageSize &- 1) == 0
      && offset & (offset &- 1) == 0
  }

  /// mremap_chunk: NULL where the kernel refuses.
  @inlinable
  mutating func remapChunk(_ p: Chunk, _ size: UInt64) throws(HeapAbort) -> Chunk {
    let offset = try prevSize(p)
    let head = try head(p)
    if head & GlibcLayout.Header.isMapped == 0 { throw .assertion(.mremapMapped) }
    let block = p.address &- offset
    let length = offset &+ (head & ~GlibcLayout.Header.flags)
    if !isMappedBlock(p, block, length) { throw .corruption(.mremapInvalidPointer) }
    let newLength = alignUp(size &+ offset &+ 8, pageSize)
    if length == newLength { return p }
    guard let moved = memory.mremap(at: block, length: length, newLength: newLength) else {
      return .null
    }
    try adviseHuge(moved, newLength)
    let q = Chunk(moved &+ offset)
    if q.memory & 15 != 0 { throw .assertion(.mremapAligned) }
    try setHead(q, (newLength &- offset) | GlibcLayout.Header.isMapped)
    try addMmapped(newLength &- length)
    return q
  }

  /// madvise_thp: transparent huge pages for ranges that can hold one.
  @inlinable
  mutating func adviseHuge(_ address: UInt64, _ length: UInt64) throws(HeapAbort) {
    let huge = try transparentHugePageSize
    if huge == 0 || length < huge { return }
    let start = address & ~(pageSize &- 1)
    memory.madvise(at: start, length: length &+ (address &- start), .hugePage)
  }

  /// ALIGN_UP.
  @inlinable
  func alignUp(_ value: UInt64, _ alignment: UInt64) -> UInt64 {
    (value &+ alignment &- 1) & (0 &- alignment)
  }
}
