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
    guard let root, root.pointee.interval.highestLast >= pages.lowerBound else { return nil }
    return first(under: root, overlapping: pages)
  }

  /// The first of a subtree that reaches up to the range.
  func first(under node: Pointer, overlapping pages: ClosedRange<UInt64>) -> Pointer? {
    var node = node
    while true {
      // What reaches the range and begins too high has only higher ones to its right.
      if let left = node.pointee.interval.left,
        left.pointee.interval.highestLast >= pages.lowerBound
      {
        node = left
        continue
      }
      if node.pointee.firstPage > pages.upperBound { return nil }
      if node.pointee.lastPage(shift) >= pages.lowerBound { return node }
      guard let right = node.pointee.interval.right,
        right.pointee.interval.highestLast >= pages.lowerBound
      else { return nil }
      node = right
    }
  }

  func next(after node: Pointer, overlapping pages: ClosedRange<UInt64>) -> Pointer? {
    var node = node
    while true {
      if let right = node.pointee.interval.right,
        right.pointee.interval.highestLast >= pages.lowerBound
      {
        return first(under: right, overlapping: pages)
      }
      // Up to the first ancestor that we are to the left of.
      while true {
        guard let parent = node.pointee.interval.parent else { return nil }
        let wasLeft = parent.pointee.interval.left == node
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
    guard height(root, parent: nil) != nil else { return false }
    var before: UInt64 = 0
    var inOrder = true
    forEachNode { node in
      if node.pointee.firstPage < before { inOrder = false }
      before = node.pointee.firstPage
    }
    return inOrder
  }

  /// A subtree's height, or nil where something is wrong in it.
  func height(_ node: Pointer?, parent: Pointer?) -> Int? {
    guard let node else { return 0 }
    let links = node.pointee.interval
    guard links.parent == parent, let left = height(links.left, parent: node),
      let right = height(links.right, parent: node),
      right - left == Int(node.pointee.intervalBalance), abs(right - left) <= 1
    else { return nil }
    let highest = max(
      node.pointee.lastPage(shift), links.left?.pointee.interval.highestLast ?? 0,
      links.right?.pointee.interval.highestLast ?? 0)
    return links.highestLast == highest ? max(left, right) + 1 : nil
  }
}
