/// An arena's memory in equal cells, with the bytes of each state in each: what is drawn of it.
package struct HeapMap: Sendable {
  /// The stretches that are drawn one behind the other.
  package let segments: [HeapSegment]
  package let cellSize: UInt64
  /// How many cells there are.
  package let count: Int
  /// The bytes of each state, cell by cell.
  private var bytes: [UInt64]

  /// There are no more cells than these, and a cell is no smaller than a chunk.
  private static let most: UInt64 = 4096
  /// Arenas that are drawn, at most.
  package static let mostArenas = 64
  private static var states: Int { ChunkState.allCases.count }

  init(_ segments: [HeapSegment]) {
    self.segments = segments
    let total = segments.reduce(0) { $0 &+ $1.size }
    cellSize = max(32, (total / Self.most + 16) & ~15)
    count = Int(total / cellSize + (total % cellSize == 0 ? 0 : 1))
    bytes = [UInt64](repeating: 0, count: count * Self.states)
  }

  /// Draws a stretch that begins so far into the map.
  mutating func add(_ chunk: HeapChunk, at offset: UInt64) {
    var at = offset
    var left = chunk.size
    while left > 0, at / cellSize < UInt64(count) {
      let part = min(left, cellSize - at % cellSize)
      bytes[Int(at / cellSize) * Self.states + Int(chunk.state.rawValue)] += part
      at += part
      left -= part
    }
  }

  /// The bytes of some cells that are in a state.
  package func bytes(_ state: ChunkState, in range: Range<Int>) -> UInt64 {
    range.reduce(0) { $0 + bytes[$1 * Self.states + Int(state.rawValue)] }
  }

  /// All bytes of some cells; the last cell is shorter than the others.
  package func bytes(in range: Range<Int>) -> UInt64 {
    ChunkState.allCases.reduce(0) { $0 + bytes($1, in: range) }
  }

  /// What most of some cells are; damage counts before all else.
  package func state(of range: Range<Int>) -> ChunkState {
    var most: (state: ChunkState, bytes: UInt64) = (.used, 0)
    for state in ChunkState.allCases {
      let bytes = bytes(state, in: range)
      if bytes > 0, state == .damaged || state == .lost { return state }
      if bytes > most.bytes { most = (state, bytes) }
    }
    return most.state
  }
}
