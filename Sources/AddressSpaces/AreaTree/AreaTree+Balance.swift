import MemoryTypes

/// AVL (Adelson-Velsky and Landis 1962; Knuth, The Art of Computer Programming 3, 6.2.3).
///
/// Every node on the way up has its gap refreshed; past the last height change only as far as
/// gaps change too.
extension AreaTree {
  mutating func rebalance(afterInserting area: Area) {
    var child = area
    while let node = child.pointee.parent {
      let step: Int8 = node.pointee.left == child ? -1 : 1
      let balance = node.pointee.balance &+ step
      node.pointee.balance = balance
      if balance == 0 {
        refreshGaps(from: node)
        return
      }
      if balance == 2 || balance == -2 {
        refreshGaps(from: rotate(node).pointee.parent)
        return
      }
      _ = refreshGap(node)
      child = node
    }
  }

  mutating func rebalance(afterRemovingFrom parent: Area, left: Bool) {
    var node = parent
    var wasLeft = left
    while true {
      var top = node
      let balance = node.pointee.balance &+ (wasLeft ? 1 : -1)
      node.pointee.balance = balance
      if balance == 2 || balance == -2 { top = rotate(node) } else { _ = refreshGap(node) }
      let above = top.pointee.parent
      guard let above else { return }
      if top.pointee.balance != 0 {
        refreshGaps(from: above)
        return
      }
      wasLeft = above.pointee.left == top
      node = above
    }
  }

  /// Brings a node whose sides differ by two back into balance; the subtree's new top.
  mutating func rotate(_ node: Area) -> Area {
    if node.pointee.balance > 0 {
      guard let right = node.pointee.right else { return node }
      if right.pointee.balance >= 0 {
        rotateLeft(node, right)
        let even = right.pointee.balance == 0
        node.pointee.balance = even ? 1 : 0
        right.pointee.balance = even ? -1 : 0
        return right
      }
      guard let middle = right.pointee.left else { return node }
      rotateRight(right, middle)
      rotateLeft(node, middle)
      settle(middle, left: node, right: right)
      return middle
    }
    guard let left = node.pointee.left else { return node }
    if left.pointee.balance <= 0 {
      rotateRight(node, left)
      let even = left.pointee.balance == 0
      node.pointee.balance = even ? -1 : 0
      left.pointee.balance = even ? 1 : 0
      return left
    }
    guard let middle = left.pointee.right else { return node }
    rotateLeft(left, middle)
    rotateRight(node, middle)
    settle(middle, left: left, right: node)
    return middle
  }

  /// The balances after a double rotation.
  func settle(_ middle: Area, left: Area, right: Area) {
    let balance = middle.pointee.balance
    left.pointee.balance = balance > 0 ? -1 : 0
    right.pointee.balance = balance < 0 ? 1 : 0
    middle.pointee.balance = 0
  }

  /// Lifts a node's right child above it.
  mutating func rotateLeft(_ node: Area, _ right: Area) {
    let inner = right.pointee.left
    replace(node, by: right)
    node.pointee.right = inner
    inner?.pointee.parent = node
    right.pointee.left = node
    node.pointee.parent = right
    _ = refreshGap(node)
    _ = refreshGap(right)
  }

  /// Lifts a node's left child above it.
  mutating func rotateRight(_ node: Area, _ left: Area) {
    let inner = left.pointee.right
    replace(node, by: left)
    node.pointee.left = inner
    inner?.pointee.parent = node
    left.pointee.right = node
    node.pointee.parent = left
    _ = refreshGap(node)
    _ = refreshGap(left)
  }
}
