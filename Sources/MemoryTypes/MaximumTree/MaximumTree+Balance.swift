/// A node on the way up has its greatest value refreshed as long as the one below changed its own,
/// which is as far as the change is seen; heights have a limit of their own.
extension MaximumTree {
  package mutating func rebalance(afterInserting node: Pointer) {
    var child = node
    var changed = true
    while let node = Self.links(child).pointee.parent {
      let step: Int8 = Self.links(node).pointee.left == child ? -1 : 1
      let balance = Self.balance(node).pointee &+ step
      Self.balance(node).pointee = balance
      if balance == 0 {
        if changed { refreshUp(from: node) }
        return
      }
      if balance == 2 || balance == -2 {
        refreshUp(from: Self.links(rotate(node)).pointee.parent)
        return
      }
      if changed { changed = refresh(node) }
      child = node
    }
  }

  package mutating func rebalance(afterRemovingFrom parent: Pointer, left: Bool) {
    var node = parent
    var wasLeft = left
    var changed = true
    while true {
      var top = node
      let balance = Self.balance(node).pointee &+ (wasLeft ? 1 : -1)
      Self.balance(node).pointee = balance
      if balance == 2 || balance == -2 {
        top = rotate(node)
        changed = true
      } else if changed {
        changed = refresh(node)
      }
      guard let above = Self.links(top).pointee.parent else { return }
      if Self.balance(top).pointee != 0 {
        if changed { refreshUp(from: above) }
        return
      }
      wasLeft = Self.links(above).pointee.left == top
      node = above
    }
  }

  /// Brings a node whose sides differ by two back into balance; the subtree's new top.
  private mutating func rotate(_ node: Pointer) -> Pointer {
    if Self.balance(node).pointee > 0 {
      guard let right = Self.links(node).pointee.right else { return node }
      let balance = Self.balance(right).pointee
      if balance >= 0 {
        rotateLeft(node, right)
        Self.balance(node).pointee = balance == 0 ? 1 : 0
        Self.balance(right).pointee = balance == 0 ? -1 : 0
        return right
      }
      guard let middle = Self.links(right).pointee.left else { return node }
      rotateRight(right, middle)
      rotateLeft(node, middle)
      settle(middle, left: node, right: right)
      return middle
    }
    guard let left = Self.links(node).pointee.left else { return node }
    let balance = Self.balance(left).pointee
    if balance <= 0 {
      rotateRight(node, left)
      Self.balance(node).pointee = balance == 0 ? -1 : 0
      Self.balance(left).pointee = balance == 0 ? 1 : 0
      return left
    }
    guard let middle = Self.links(left).pointee.right else { return node }
    rotateLeft(left, middle)
    rotateRight(node, middle)
    settle(middle, left: left, right: node)
    return middle
  }

  /// The balances after a double rotation.
  private func settle(_ middle: Pointer, left: Pointer, right: Pointer) {
    let balance = Self.balance(middle).pointee
    Self.balance(left).pointee = balance > 0 ? -1 : 0
    Self.balance(right).pointee = balance < 0 ? 1 : 0
    Self.balance(middle).pointee = 0
  }

  /// Lifts a node's right child above it.
  private mutating func rotateLeft(_ node: Pointer, _ right: Pointer) {
    let inner = Self.links(right).pointee.left
    replace(node, by: right)
    Self.links(node).pointee.right = inner
    if let inner { Self.links(inner).pointee.parent = node }
    Self.links(right).pointee.left = node
    Self.links(node).pointee.parent = right
    _ = refresh(node)
    _ = refresh(right)
  }

  /// Lifts a node's left child above it.
  private mutating func rotateRight(_ node: Pointer, _ left: Pointer) {
    let inner = Self.links(left).pointee.right
    replace(node, by: left)
    Self.links(node).pointee.left = inner
    if let inner { Self.links(inner).pointee.parent = node }
    Self.links(left).pointee.right = node
    Self.links(node).pointee.parent = left
    _ = refresh(node)
    _ = refresh(left)
  }
}
