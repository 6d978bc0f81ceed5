package import Arm64
import MemoryTypes

/// Counts the page tables that hold what is mapped, run by run in the order of addresses.
///
/// A table of a level covers what one entry of the level above does; it is there when any page in
/// that is mapped, swapped or zero. The first run in a table is the one that it is counted for, so
/// that the areas' tables sum up to the process's.
package struct TableCounter {
  package let geometry: TranslationGeometry
  /// Tables by level, from the root's to the last.
  package private(set) var tables: [UInt64]
  private var next: [UInt64]

  init(_ geometry: TranslationGeometry) {
    self.geometry = geometry
    tables = Array(repeating: 0, count: geometry.levels)
    next = tables
  }

  mutating func add(_ run: PageRun, _ start: VirtualAddress, _ end: VirtualAddress) {
    guard start < end else { return }
    for index in tables.indices {
      let level = geometry.startLevel + index
      // Pages of the pool are mapped by one entry of a higher level.
      guard run.kind != .pool || geometry.shift(at: level) >= UInt64(run.unitShift) else {
        continue
      }
      let shift = geometry.shift(at: level) + UInt64(geometry.bitsPerLevel)
      let isRoot = index == 0
      let first = max(isRoot ? 0 : start.rawValue >> shift, next[index])
      let last = isRoot ? 0 : (end.rawValue - 1) >> shift
      guard last >= first else { continue }
      tables[index] += last - first + 1
      next[index] = last + 1
    }
  }

  /// The bytes of all of them: a page each, but for a root with fewer entries.
  var bytes: ByteCount {
    let page = geometry.pageSize.bytes.rawValue
    let root = min(page, UInt64(geometry.entries(at: geometry.startLevel)) * 8)
    return ByteCount(tables.dropFirst().reduce(0, +) * page + tables[0] * root)
  }
}
