/// Taking a chunk out of its bin.
extension PTMalloc where Memory: ~Copyable {
  /// unlink_chunk.
  @inlinable @inline(__always)
  mutating func unlink(_ p: Chunk) throws(HeapAbort) {
    let chunk = open(p)
    let head = try head(chunk)
    let size = head & ~GlibcLayout.Header.flags
    if size != (try prevSize(p + size)) { throw .corruption(.sizeVersusPrevSize) }
    let fd = try fd(chunk)
    let bk = try bk(chunk)
    if try self.bk(fd) != p { throw .corruption(.doubleLinkedList) }
    if try self.fd(bk) != p { throw .corruption(.doubleLinkedList) }
    try setBk(fd, bk)
    try setFd(bk, fd)
    // The mask is left on here, as in glibc.
    if !ChunkSize.isSmall(head) { try unlinkLarge(chunk, fd) }
  }

  /// The list of sizes: of chunks of one size the first is in it; the next one takes its place.
  @inlinable @inline(never)
  mutating func unlinkLarge(_ chunk: Opened, _ fd: Chunk) throws(HeapAbort) {
    let next = try fdNextSize(chunk)
    if next.isNull { return }
    let p = chunk.chunk
    let previous = try bkNextSize(chunk)
    if try bkNextSize(next) != p { throw .corruption(.doubleLinkedListNotSmall) }
    if try fdNextSize(previous) != p { throw .corruption(.doubleLinkedListNotSmall) }
    let second = open(fd)
    if try fdNextSize(second).isNull {
      if next == p {
        try setFdNextSize(second, fd)
        try setBkNextSize(second, fd)
      } else {
        try setFdNextSize(second, next)
        try setBkNextSize(second, previous)
        try setBkNextSize(next, fd)
        try setFdNextSize(previous, fd)
      }
    } else {
      try setBkNextSize(next, previous)
      try setFdNextSize(previous, next)
    }
  }

  /// The word of the binmap that has this bin's bit.
  @inlinable @inline(__always) func binmapAddress(_ arena: Arena, block: UInt64) -> UInt64 {
    arena.address &+ GlibcLayout.State.binmap &+ block &* 4
  }

  /// mark_bin.
  @inlinable @inline(__always)
  mutating func markBin(_ arena: Arena, _ index: UInt64) throws(HeapAbort) {
    let address = binmapAddress(arena, block: index &>> 5)
    let bit = UInt32(1) &<< UInt32(truncatingIfNeeded: index & 31)
    try setHalf(address, try memory.half(at: address) | bit)
  }
}
