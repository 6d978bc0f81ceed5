/// What a stretch of a heap is.
package enum ChunkState: UInt8, CaseIterable, Sendable {
  /// The program has it.
  case used = 0
  /// Free, in a thread's cache.
  case tcache
  case fastbin
  case unsorted
  case smallBin
  case largeBin
  /// What is above all chunks.
  case top
  /// glibc's own: tcaches, `heap_info`, arenas, fenceposts, what aligns the first chunk.
  case own
  /// Its successor says that it is free, and no bin has it.
  case lost
  /// Bytes that no walk gets through.
  case damaged

  package var name: String {
    switch self {
    case .used: "used"
    case .tcache: "tcache"
    case .fastbin: "fastbin"
    case .unsorted: "unsorted"
    case .smallBin: "small bin"
    case .largeBin: "large bin"
    case .top: "top"
    case .own: "malloc's own"
    case .lost: "lost"
    case .damaged: "damaged"
    }
  }

  /// Whether malloc may hand it out again.
  package var isFree: Bool {
    switch self {
    case .tcache, .fastbin, .unsorted, .smallBin, .largeBin, .top: true
    case .used, .own, .lost, .damaged: false
    }
  }

  /// Whether a bin of an arena has it, in a double list.
  var isBinned: Bool { self == .unsorted || self == .smallBin || self == .largeBin }
}

/// A stretch of a heap, as the walk comes to it.
package struct HeapChunk: Equatable, Sendable {
  package var address: UInt64
  package var size: UInt64
  package var state: ChunkState
  /// Whether it is a chunk, with a size of its own, and not a header or damage.
  package var isChunk = true

  package init(address: UInt64, size: UInt64, state: ChunkState, isChunk: Bool = true) {
    self.address = address
    self.size = size
    self.state = state
    self.isChunk = isChunk
  }

  package func contains(_ place: UInt64) -> Bool { place >= address && place - address < size }
}
