import MemoryTypes

/// AVL, as ``AreaTree`` has it; what is kept up to date on the way is the highest last page.
extension IntervalTree {
  /// On the way down to a new node all ancestors were told of its last page.
  mutating func rebalance(afterInserting node: Pointer) {
    var child = node
    while let parent = child.pointee.interval.parent {
      let step: Int8 = parent.pointee.interval.left == child ? -1 : 1
      let balance = parent.pointee.intervalBalance &+ step
      parent.pointee.intervalBalance = balance
      if balance == 0 { return }
      if balance == 2 || balance == -2 {
        _ = rotate(parent)
        return
      }
      child = parent
    }
  }

  mutating func rebalance(afterRemovingFrom parent: Pointer, left: Bool) {
    var node = parent
    var wasLeft = left
    while true {
      var top = node
      let balance = node.pointee.intervalBalance &+ (wasLeft ? 1 : -1)
      node.pointee.intervalBalance = balance
      if balance == 2 || balance == -2 { top = rotate(node) } else { _ = refresh(node) }
      guard let above = top.pointee.interval.parent else { return }
      if top.pointee.intervalBalance != 0 {
        refreshAll(from: above)
        return
      }
      wasLeft = above.pointee.interval.left == top
      node = above
    }
  }

  /// Brings every node from here to the root up to date: the height is as it was, but what was
  /// known above may have come from what is gone, or from an heir's old place.
  func refreshAll(from node: Pointer) {
    var node: Pointer? = node
    while let here = node {
      _ = refresh(here)
      node = here.pointee.interval.parent
    }
  }

  /// Brings a node whose sides differ by two back into balance; the subtree's new top.
  mutating func rotate(_ node: Pointer) -> Pointer {
    if node.pointee.intervalBalance > 0 {
      guard let right = node.pointee.interval.right else { return node }
      if right.pointee.intervalBalance >= 0 {
        rotateLeft(node, right)
        let even = right.pointee.intervalBalance == 0
        node.pointee.intervalBalance = even ? 1 : 0
        right.pointee.intervalBalance = even ? -1 : 0
        return right
      }
      guard let middle = right.pointee.interval.left else { return node }
      rotateRight(right, middle)
      rotateLeft(node, middle)
      settle(middle, left: node, right: right)
      return middle
    }
    guard let left = node.pointee.interval.left else { return node }
    if left.pointee.intervalBalance <= 0 {
      rotateRight(node, left)
      let even = left.pointee.intervalBalance == 0
      node.pointee.intervalBalance = even ? -1 : 0
      left.pointee.intervalBalance = even ? 1 : 0
      return left
    }
    guard let middle = left.pointee.interval.right else { return node }
    rotateLeft(left, middle)
    rotateRight(node, middle)
    settle(middle, left: left, right: node)
    return middle
  }

  /// The balances after a double rotation.
  func settle(_ middle: Pointer, left: Pointer, right: Pointer) {
    let balance = middle.pointee.intervalBalance
    left.pointee.intervalBalance = balance > 0 ? -1 : 0
    right.pointee.intervalBalance = balance < 0 ? 1 : 0
    middle.pointee.intervalBalance = 0
  }

  mutating func rotateLeft(_ node: Pointer, _ right: Pointer) {
    let inner = right.pointee.interval.left
    replace(node, by: right)
    node.pointee.interval.right = inner
    inner?.pointee.interval.parent = node
    right.pointee.interval.left = node
    node.pointee.interval.parent = right
    _ = refresh(node)
    _ = refresh(right)
  }

  mutating func rotateRight(_ node: Pointer, _ left: Pointer) {
    let inner = left.pointee.interval.right
    replace(node, by: left)
    node.pointee.interval.left = inner
    inner?.pointee.interval.parent = node
    left.pointee.interval.right = node
    node.pointee.interval.parent = left
    _ = refresh(node)
    _ = refresh(left)
  }
}
