/// Which source lies behind each stretch of a space, where sources may overlap.
///
/// The cores of crash kernels list the kernel's text twice, and a flattened file may write its
/// headers again; so who wins is decided once, here, and looking up is a binary search.
struct ExtentMap {
  /// A stretch of the space, and where it lies in the source.
  struct Extent: Equatable {
    var start: UInt64
    var count: UInt64
    /// Where its first byte is in the source.
    var source: UInt64
    /// Which of the extents given it is a piece of.
    var index: Int

    var end: UInt64 { start + count }
  }

  /// In order, none overlapping; neighbours that continue each other are one.
  private(set) var extents: [Extent] = []

  /// Lays out extents of which the earlier ones hide the later ones; none reaches beyond 2⁶⁴-1.
  init(firstWins given: [Extent]) {
    let given = given.filter { $0.count > 0 }
    var edges = given.flatMap { [$0.start, $0.end] }
    edges.sort()
    edges = edges.reduce(into: []) { if $0.last != $1 { $0.append($1) } }
    // The owner of each stretch between two edges; next[i] leads to the first free one from i on.
    var owner = [Int](repeating: -1, count: edges.count)
    var next = Array(0...edges.count)
    func free(_ from: Int) -> Int {
      var at = from
      while next[at] != at {
        next[at] = next[next[at]]
        at = next[at]
      }
      return at
    }
    for (index, extent) in given.enumerated() {
      let end = Self.position(of: extent.end, in: edges)
      var at = free(Self.position(of: extent.start, in: edges))
      while at < end {
        owner[at] = index
        next[at] = at + 1
        at = free(at)
      }
    }
    for (at, index) in owner.enumerated() where index >= 0 {
      let whole = given[index]
      let piece = Extent(
        start: edges[at], count: edges[at + 1] - edges[at],
        source: whole.source + (edges[at] - whole.start), index: whole.index)
      if let last = extents.last, last.index == piece.index, last.end == piece.start,
        last.source + last.count == piece.source
      {
        extents[extents.count - 1].count += piece.count
      } else {
        extents.append(piece)
      }
    }
  }

  /// The extent that holds a place.
  func extent(at place: UInt64) -> Extent? {
    var low = 0
    var high = extents.count
    while low < high {
      let middle = (low + high) / 2
      if extents[middle].end <= place { low = middle + 1 } else { high = middle }
    }
    guard low < extents.count, extents[low].start <= place else { return nil }
    return extents[low]
  }

  /// Where an edge is among the edges.
  private static func position(of edge: UInt64, in edges: [UInt64]) -> Int {
    var low = 0
    var high = edges.count
    while low < high {
      let middle = (low + high) / 2
      if edges[middle] < edge { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
