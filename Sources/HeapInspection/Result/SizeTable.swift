/// How many chunks of each size are in use, in caches, in bins.
///
/// Small sizes have a place of their own in an array; others are in a dictionary.
package struct SizeTable: Sendable {
  /// A size's chunks.
  package struct Row: Equatable, Sendable {
    package var size: UInt64
    package var used: UInt64 = 0
    package var cached: UInt64 = 0
    package var binned: UInt64 = 0

    package var count: UInt64 { used + cached + binned }
    package var bytes: UInt64 { count &* size }
  }

  /// Sizes below this have a place in the array.
  private static let limit: UInt64 = 1 << 16
  /// Empty until there is one.
  private var small: [Row] = []
  private var large: [UInt64: Row] = [:]
  /// Of a hostile heap no more sizes than these are told apart.
  private static let mostLarge = 1 << 20

  package init() {}

  mutating func add(_ size: UInt64, _ state: ChunkState) {
    if size < Self.limit {
      makeSmall()
      Self.count(&small[Int(size / 16)], state)
    } else if large[size] != nil || large.count < Self.mostLarge {
      Self.count(&large[size, default: Row(size: size)], state)
    }
  }

  private mutating func makeSmall() {
    if small.isEmpty { small = (0..<Self.limit / 16).map { Row(size: $0 * 16) } }
  }

  private static func count(_ row: inout Row, _ state: ChunkState) {
    switch state {
    case .used, .own: row.used += 1
    case .tcache, .fastbin: row.cached += 1
    case .unsorted, .smallBin, .largeBin: row.binned += 1
    case .top, .lost, .damaged: break
    }
  }

  /// The sizes that there are, smallest first.
  package var rows: [Row] {
    small.filter { $0.count > 0 } + large.values.sorted { $0.size < $1.size }
  }

  mutating func add(_ other: SizeTable) {
    if !other.small.isEmpty { makeSmall() }
    for (index, row) in other.small.enumerated() where row.count > 0 { small[index].add(row) }
    for row in other.large.values { large[row.size, default: Row(size: row.size)].add(row) }
  }

  /// Those of several arenas together.
  package static func sum(_ tables: [SizeTable]) -> SizeTable {
    tables.reduce(into: SizeTable()) { $0.add($1) }
  }
}

extension SizeTable.Row {
  mutating func add(_ other: Self) {
    used += other.used
    cached += other.cached
    binned += other.binned
  }
}
