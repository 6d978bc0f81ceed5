/// What one arena has, and what is free of it.
package struct ArenaReport: Sendable {
  package var arena: Arena
  /// Chunks and bytes by ``ChunkState``.
  package var counts = [UInt64](repeating: 0, count: ChunkState.allCases.count)
  package var bytes = [UInt64](repeating: 0, count: ChunkState.allCases.count)
  /// Chunks by size.
  package var sizes = SizeTable()
  package var largestFree: UInt64 = 0
  /// What a malloc_trim(0) would give back, of bins and of top.
  package var trimmable: UInt64 = 0
  package var trimmableTop: UInt64 = 0
  /// The last chunk in use below top, and the free bytes directly below that.
  package var pin: HeapChunk?
  package var freeBelowPin: UInt64 = 0
  package var freeAbovePin: UInt64 = 0
  package var map: HeapMap
  /// The lists as malloc_info() counts them.
  package var fastLists: [ListSizes] = []
  package var binLists: [ListSizes] = []
  package var topSize: UInt64 = 0
  /// Bytes between its stretches that others got by `sbrk`.
  package var foreign: UInt64 = 0

  /// The chunks of one list, by size, as malloc_info() has them.
  package struct ListSizes: Equatable, Sendable {
    package var from: UInt64 = 0
    package var to: UInt64 = 0
    package var total: UInt64 = 0
    package var count: UInt64 = 0

    mutating func add(_ size: UInt64) {
      from = count == 0 ? size : min(from, size)
      to = max(to, size)
      total &+= size
      count += 1
    }
  }

  package init(_ arena: Arena, isDrawn: Bool = true) {
    self.arena = arena
    map = HeapMap(isDrawn ? arena.segments : [])
  }

  package func count(_ state: ChunkState) -> UInt64 { counts[Int(state.rawValue)] }
  package func bytes(_ state: ChunkState) -> UInt64 { bytes[Int(state.rawValue)] }
  /// From the first byte of its heaps to the last.
  package var span: UInt64 { arena.segments.reduce(0) { $0 &+ $1.size } }
  /// The bytes that are known to be something.
  package var accounted: UInt64 { bytes.reduce(0, &+) &- bytes(.damaged) }
  /// Free bytes, those of top with them.
  package var free: UInt64 {
    ChunkState.allCases.reduce(0) { $0 &+ ($1.isFree ? bytes($1) : 0) }
  }
  /// Free bytes that are neither in top nor in the largest free chunk, of all free ones in bins.
  package var binned: UInt64 { free &- bytes(.top) }
}
