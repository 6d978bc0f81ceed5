package import MemoryTypes

/// Pages next to each other of which the page tables say the same.
package struct PageRun: Equatable, Sendable {
  /// What an entry of a page table says.
  package enum Kind: UInt8, Sendable {
    /// A page that counts in Rss.
    case resident = 0
    /// Perhaps one, perhaps the zero page: without `PAGEMAP_SCAN` they look alike.
    case perhaps = 1
    /// On swap.
    case swapped = 2
    /// The zero page, or a frame that is not accounted for: takes an entry and no memory.
    case uncounted = 3
    /// A page of the huge page pool: takes memory of the pool, whatever was touched.
    case pool = 4
  }

  package var start: VirtualAddress
  package var length: ByteCount
  package var kind: Kind
  /// The base-2 logarithm of the unit that is mapped at once: of each, at least one byte was
  /// touched, and nobody knows which.
  package var unitShift: UInt8

  package var end: VirtualAddress { start + length }

  package init(start: VirtualAddress, length: ByteCount, kind: Kind, unitShift: UInt8) {
    self.start = start
    self.length = length
    self.kind = kind
    self.unitShift = unitShift
  }
}

extension [PageRun] {
  /// Adds a run, to the last one if it goes on with the same.
  mutating func add(_ run: PageRun) {
    // Order is what everything that counts them stands on; the kernel tells them upwards.
    guard run.length != .zero, self.last.map({ $0.end <= run.start }) ?? true else { return }
    if let last = self.last, last.end == run.start, last.kind == run.kind,
      last.unitShift == run.unitShift
    {
      self[count - 1].length += run.length
    } else {
      append(run)
    }
  }
}
