import MemoryTypes

extension IntervalTree {
  /// Visits the nodes that cover a page of a range, by first page; `body` must not change the tree.
  @inline(__always) func forEach(overlapping pages: ClosedRange<UInt64>, _ body: (Pointer) -> Void)
  {
    var node = first(overlapping: pages)
    while let here = node {
      body(here)
      node = next(after: here, overlapping: pages)
    }
  }

  func first(overlapping pages: ClosedRange<UInt64>) -> Pointer? {
    guard let root, Self.links(root).pointee.greatest >= pages.lowerBound else { return nil }
    return first(under: root, overlapping: pages)
  }

  /// The first of a subtree that reaches up to the range.
  func first(under node: Pointer, overlapping pages: ClosedRange<UInt64>) -> Pointer? {
    var node = node
    while true {
      // What reaches the range and begins too high has only higher ones to its right.
      if let left = Self.links(node).pointee.left,
        Self.links(left).pointee.greatest >= pages.lowerBound
      {
        node = left
        continue
      }
      if node.pointee.firstPage > pages.upperBound { return nil }
      if node.pointee.lastPage(shift) >= pages.lowerBound { return node }
      guard let right = Self.links(node).pointee.right,
        Self.links(right).pointee.greatest >= pages.lowerBound
      else { return nil }
      node = right
    }
  }

  func next(after node: Pointer, overlapping pages: ClosedRange<UInt64>) -> Pointer? {
    var node = node
    while true {
      if let right = Self.links(node).pointee.right,
        Self.links(right).pointee.greatest >= pages.lowerBound
      {
        return first(under: right, overlapping: pages)
      }
      // Up to the first ancestor that we are to the left of.
      while true {
        guard let parent = Self.links(node).pointee.parent else { return nil }
        let wasLeft = Self.links(parent).pointee.left == node
        node = parent
        if wasLeft { break }
      }
      if node.pointee.firstPage > pages.upperBound { return nil }
      if node.pointee.lastPage(shift) >= pages.lowerBound { return node }
    }
  }

  /// Visits all nodes, for tests.
  func forEachNode(_ body: (Pointer) -> Void) {
    forEach(overlapping: 0...UInt64.max, body)
  }

  /// Whether every invariant holds; walks everything, for tests.
  func checkInvariants() -> Bool {
    guard checkedHeight(root, parent: nil) != nil else { return false }
    var before: UInt64 = 0
    var inOrder = true
    forEachNode { node in
      if node.pointee.firstPage < before { inOrder = false }
      before = node.pointee.firstPage
    }
    return inOrder
  }
}
