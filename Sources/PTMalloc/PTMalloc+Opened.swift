/// A chunk or an arena whose fields were asked for at once, where that is possible.
///
/// Who needs several fields opens what they are in, and pays for one check; where there is no span,
/// each field is loaded for itself, and faults for itself.
@safe @usableFromInline struct Opened {
  @usableFromInline let address: UInt64
  @usableFromInline let isOpen: Bool
  // SAFETY: of `isOpen`, the bytes that were asked for.
  @usableFromInline let span: HeapSpan

  @inlinable @inline(__always)
  init(_ address: UInt64, _ span: HeapSpan?) {
    self.address = address
    isOpen = span != nil
    self.span =
      unsafe span ?? HeapSpan(UnsafeMutableRawPointer(bitPattern: 8).unsafelyUnwrapped)
  }

  @inlinable @inline(__always) var chunk: Chunk { Chunk(address) }
}

extension PTMalloc where Memory: ~Copyable {
  @inlinable @inline(__always) func open(_ p: Chunk) -> Opened {
    Opened(p.address, memory.span(at: p.address, 48))
  }
  @inlinable @inline(__always) func open(_ arena: Arena) -> Opened {
    Opened(arena.address, memory.span(at: arena.address, GlibcLayout.State.size))
  }

  @inlinable @inline(__always)
  func word(_ opened: Opened, _ offset: UInt64) throws(HeapAbort) -> UInt64 {
    opened.isOpen ? opened.span.word(offset) : try farWord(opened.address &+ offset)
  }
  @inlinable @inline(__always)
  mutating func setWord(
    _ opened: Opened, _ offset: UInt64, _ value: UInt64
  ) throws(HeapAbort) {
    if opened.isOpen { return opened.span.setWord(offset, value) }
    try setFarWord(opened.address &+ offset, value)
  }

  @inlinable @inline(never)
  func farWord(_ address: UInt64) throws(HeapAbort) -> UInt64 { try word(address) }
  @inlinable @inline(never)
  mutating func setFarWord(_ address: UInt64, _ value: UInt64) throws(HeapAbort) {
    try setWord(address, value)
  }

  // MARK: Chunks

  @inlinable @inline(__always) func prevSize(_ p: Opened) throws(HeapAbort) -> UInt64 {
    try word(p, GlibcLayout.Header.prevSize)
  }
  @inlinable @inline(__always) func head(_ p: Opened) throws(HeapAbort) -> UInt64 {
    try word(p, GlibcLayout.Header.size)
  }
  @inlinable @inline(__always)
  mutating func setHead(_ p: Opened, _ head: UInt64) throws(HeapAbort) {
    try setWord(p, GlibcLayout.Header.size, head)
  }
  @inlinable @inline(__always) func size(_ p: Opened) throws(HeapAbort) -> UInt64 {
    try head(p) & ~GlibcLayout.Header.flags
  }
  @inlinable @inline(__always) func fd(_ p: Opened) throws(HeapAbort) -> Chunk {
    Chunk(try word(p, GlibcLayout.Header.fd))
  }
  @inlinable @inline(__always) mutating func setFd(_ p: Opened, _ q: Chunk) throws(HeapAbort) {
    try setWord(p, GlibcLayout.Header.fd, q.address)
  }
  @inlinable @inline(__always) func bk(_ p: Opened) throws(HeapAbort) -> Chunk {
    Chunk(try word(p, GlibcLayout.Header.bk))
  }
  @inlinable @inline(__always) mutating func setBk(_ p: Opened, _ q: Chunk) throws(HeapAbort) {
    try setWord(p, GlibcLayout.Header.bk, q.address)
  }
  @inlinable @inline(__always) func fdNextSize(_ p: Opened) throws(HeapAbort) -> Chunk {
    Chunk(try word(p, GlibcLayout.Header.fdNextSize))
  }
  @inlinable @inline(__always)
  mutating func setFdNextSize(_ p: Opened, _ q: Chunk) throws(HeapAbort) {
    try setWord(p, GlibcLayout.Header.fdNextSize, q.address)
  }
  @inlinable @inline(__always) func bkNextSize(_ p: Opened) throws(HeapAbort) -> Chunk {
    Chunk(try word(p, GlibcLayout.Header.bkNextSize))
  }
  @inlinable @inline(__always)
  mutating func setBkNextSize(_ p: Opened, _ q: Chunk) throws(HeapAbort) {
    try setWord(p, GlibcLayout.Header.bkNextSize, q.address)
  }
  @inlinable @inline(__always)
  mutating func clearNextSize(_ p: Opened, of size: UInt64) throws(HeapAbort) {
    if !ChunkSize.isSmall(size) {
      try setFdNextSize(p, .null)
      try setBkNextSize(p, .null)
    }
  }

  // MARK: Arenas

  @inlinable @inline(__always) func top(_ state: Opened) throws(HeapAbort) -> Chunk {
    Chunk(try word(state, GlibcLayout.State.top))
  }
  @inlinable @inline(__always)
  mutating func setTop(_ state: Opened, _ p: Chunk) throws(HeapAbort) {
    try setWord(state, GlibcLayout.State.top, p.address)
  }
  @inlinable @inline(__always) func systemMem(_ state: Opened) throws(HeapAbort) -> UInt64 {
    try word(state, GlibcLayout.State.systemMem)
  }
  /// The links of a bin, by its number.
  @inlinable @inline(__always)
  func first(_ state: Opened, bin index: UInt64) throws(HeapAbort) -> Chunk {
    Chunk(try word(state, GlibcLayout.State.bins &- 16 &+ index &* 16))
  }
  @inlinable @inline(__always)
  mutating func setFirst(
    _ state: Opened, bin index: UInt64, _ p: Chunk
  ) throws(HeapAbort) {
    try setWord(state, GlibcLayout.State.bins &- 16 &+ index &* 16, p.address)
  }
  @inlinable @inline(__always)
  func last(_ state: Opened, bin index: UInt64) throws(HeapAbort) -> Chunk {
    Chunk(try word(state, GlibcLayout.State.bins &- 8 &+ index &* 16))
  }
  @inlinable @inline(__always)
  mutating func setLast(
    _ state: Opened, bin index: UInt64, _ p: Chunk
  ) throws(HeapAbort) {
    try setWord(state, GlibcLayout.State.bins &- 8 &+ index &* 16, p.address)
  }
}
