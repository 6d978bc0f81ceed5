/// A chunk by the address of its header (`mchunkptr`); 0 is NULL.
///
/// A bin is one as well: `bin_at` overlays a chunk on malloc_state so that its `fd` and `bk` are
/// the bin's two words.
@usableFromInline struct Chunk: Equatable, BitwiseCopyable, Sendable {
  @usableFromInline var address: UInt64
  @inlinable @inline(__always) init(_ address: UInt64) { self.address = address }

  @inlinable @inline(__always) static var null: Chunk { Chunk(0) }
  @inlinable @inline(__always) var isNull: Bool { address == 0 }

  /// mem2chunk.
  @inlinable @inline(__always) init(memory: UInt64) { address = memory &- 16 }
  /// chunk2mem.
  @inlinable @inline(__always) var memory: UInt64 { address &+ 16 }
  /// chunk_at_offset.
  @inlinable @inline(__always) static func + (p: Chunk, offset: UInt64) -> Chunk {
    Chunk(p.address &+ offset)
  }
  @inlinable @inline(__always) static func - (p: Chunk, offset: UInt64) -> Chunk {
    Chunk(p.address &- offset)
  }
  /// misaligned_chunk.
  @inlinable @inline(__always) var isMisaligned: Bool { address & 15 != 0 }
}

/// An arena by the address of its malloc_state (`mstate`); 0 is NULL.
@usableFromInline struct Arena: Equatable, BitwiseCopyable, Sendable {
  @usableFromInline var address: UInt64
  @inlinable @inline(__always) init(_ address: UInt64) { self.address = address }
  @inlinable @inline(__always) static var null: Arena { Arena(0) }
  @inlinable @inline(__always) var isNull: Bool { address == 0 }

  /// bin_at.
  @inlinable @inline(__always) func bin(_ index: UInt64) -> Chunk {
    Chunk(address &+ (GlibcLayout.State.bins &- 32) &+ index &* 16)
  }
  /// unsorted_chunks, which is the top of an arena that has none yet (initial_top) as well.
  @inlinable @inline(__always) var unsorted: Chunk { bin(1) }
  @inlinable @inline(__always) func fastbin(_ index: UInt64) -> UInt64 {
    address &+ GlibcLayout.State.fastbins &+ index &* 8
  }
}

/// Sizes and the bins they belong to (SIZE_SZ 8, MALLOC_ALIGNMENT 16).
public enum ChunkSize {
  /// PTRDIFF_MAX: no request may be larger.
  @inlinable @inline(__always) public static var limit: UInt64 { 0x7fff_ffff_ffff_ffff }
  /// request2size: the chunk that holds that many bytes for its owner.
  @inlinable @inline(__always) public static func holding(_ bytes: UInt64) -> UInt64 {
    bytes &+ 23 < 32 ? 32 : (bytes &+ 23) & ~15
  }

  /// checked_request2size: nil above PTRDIFF_MAX.
  @inlinable @inline(__always) public static func checked(_ bytes: UInt64) -> UInt64? {
    bytes > limit ? nil : holding(bytes)
  }

  /// csize2tidx.
  @inlinable @inline(__always) public static func tcacheIndex(_ size: UInt64) -> UInt64 {
    (size &- 17) &>> 4
  }
  /// fastbin_index, which is computed in 32 bits.
  @inlinable @inline(__always) public static func fastbinIndex(_ size: UInt64) -> UInt64 {
    UInt64(truncatingIfNeeded: (UInt32(truncatingIfNeeded: size) &>> 4) &- 2)
  }
  /// in_smallbin_range.
  @inlinable @inline(__always) public static func isSmall(_ size: UInt64) -> Bool { size < 1024 }
  @inlinable @inline(__always) public static func smallbinIndex(_ size: UInt64) -> UInt64 {
    UInt64(UInt32(truncatingIfNeeded: size) &>> 4)
  }
  /// largebin_index_64.
  @inlinable @inline(__always) public static func largebinIndex(_ size: UInt64) -> UInt64 {
    if size &>> 6 <= 48 { return 48 &+ size &>> 6 }
    if size &>> 9 <= 20 { return 91 &+ size &>> 9 }
    if size &>> 12 <= 10 { return 110 &+ size &>> 12 }
    if size &>> 15 <= 4 { return 119 &+ size &>> 15 }
    return size &>> 18 <= 2 ? 124 &+ size &>> 18 : 126
  }
  /// bin_index.
  @inlinable @inline(__always) public static func binIndex(_ size: UInt64) -> UInt64 {
    isSmall(size) ? smallbinIndex(size) : largebinIndex(size)
  }
}
