/// Taking a chunk out of its bin.
extension PTMalloc where Memory: ~Copyable {
  /// unlink_chunk.
  @inlinable @inline(__always)
  mutating func unlink(_ p: Chunk) throws(HeapAbort) {
    let head = try head(p)
    let size = head & ~GlibcLayout.Header.flags
    if size != (try prevSize(p + size)) { throw .corruption(.sizeVersusPrevSize) }
    let fd = try fd(p)
    let bk = try bk(p)
    if try self.bk(fd) != p { throw .corruption(.doubleLinkedList) }
    if try self.fd(bk) != p { throw .corruption(.doubleLinkedList) }
    try setBk(fd, bk)
    try setFd(bk, fd)
    // The mask is left on here, as in glibc.
    if !ChunkSize.isSmall(head) { try unlinkLarge(p, fd) }
  }

  /// The list of sizes: of chunks of one size the first is in it; the next one takes its place.
  @inlinable @inline(never)
  mutating func unlinkLarge(_ p: Chunk, _ fd: Chunk) throws(HeapAbort) {
    let next = try fdNextSize(p)
    if next.isNull { return }
    let previous = try bkNextSize(p)
    if try bkNextSize(next) != p { throw .corruption(.doubleLinkedListNotSmall) }
    if try fdNextSize(previous) != p { throw .corruption(.doubleLinkedListNotSmall) }
    if try fdNextSize(fd).isNull {
      if next == p {
        try setFdNextSize(fd, fd)
        try setBkNextSize(fd, fd)
      } else {
        try setFdNextSize(fd, next)
        try setBkNextSize(fd, previous)
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
