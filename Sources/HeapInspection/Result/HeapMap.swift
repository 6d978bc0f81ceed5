/// An arena's memory in equal cells, with the bytes of each state in each: what is drawn of it.
package struct HeapMap: Sendable {
  /// The stretches that are drawn one behind the other.
  package let segments: [HeapSegment]
  package let cellSize: UInt64
  package private(set) var cells: [[UInt64]]

  /// There are no more cells than these, and a cell is no smaller than a chunk.
  private static let most: UInt64 = 4096

  init(_ segments: [HeapSegment]) {
    self.segments = segments
    let total = segments.reduce(0) { $0 &+ $1.size }
    cellSize = max(32, (total / Self.most + 16) & ~15)
    let count = Int((total + cellSize - 1) / cellSize)
    cells = Array(
      repeating: [UInt64](repeating: 0, count: ChunkState.allCases.count), count: count)
  }

  /// Draws a stretch; `base` is how far its segment's first byte is into the map.
  mutating func add(_ chunk: HeapChunk, at offset: UInt64) {
    var at = offset
    var left = chunk.size
    while left > 0, Int(at / cellSize) < cells.count {
      let part = min(left, cellSize - at % cellSize)
      cells[Int(at / cellSize)][Int(chunk.state.rawValue)] += part
      at += part
      left -= part
    }
  }

  /// What most of some cells are; damage counts before all else.
  package func state(of range: Range<Int>) -> ChunkState {
    var sums = [UInt64](repeating: 0, count: ChunkState.allCases.count)
    for cell in range { for index in 0..<sums.count { sums[index] += cells[cell][index] } }
    for state in [ChunkState.damaged, .lost] where sums[Int(state.rawValue)] > 0 { return state }
    let most = sums.indices.max { sums[$0] < sums[$1] } ?? 0
    return ChunkState(rawValue: UInt8(most)) ?? .used
  }
}
