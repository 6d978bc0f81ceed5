/// Everything that was found out about a heap.
package struct HeapReport: Sendable {
  /// The process.
  package var title: String
  package var isRacy: Bool
  /// How the main arena was found.
  package var how: String
  package var library: String?
  package var form: GlibcForm
  package var parameters: MallocParameters?
  package var arenas: [ArenaReport] = []
  package var caches: [TCache] = []
  package var mapped: [MappedChunk] = []
  /// What is wrong, in the order in which malloc's walk of arenas, lists and chunks comes to it.
  package var damages: [Damage] = []

  /// A chunk with a mapping of its own.
  package struct MappedChunk: Equatable, Sendable {
    package var address: UInt64
    package var size: UInt64
  }

  package func bytes(_ state: ChunkState) -> UInt64 {
    arenas.reduce(0) { $0 &+ $1.bytes(state) }
  }
  package func count(_ state: ChunkState) -> UInt64 {
    arenas.reduce(0) { $0 &+ $1.count(state) }
  }
  package var span: UInt64 { arenas.reduce(0) { $0 &+ $1.span } }
  package var accounted: UInt64 { arenas.reduce(0) { $0 &+ $1.accounted } }
  package var isWhole: Bool { accounted == span && damages.isEmpty }
}
