import MemoryTypes

extension AreaTree {
  /// Whether every invariant holds; walks everything, for tests.
  public func checkInvariants() -> Bool {
    guard checkedHeight(root, parent: nil) != nil else { return false }
    var inOrder: Area? = first
    guard isInOrder(root, &inOrder), inOrder == nil else { return false }
    var listed = 0
    var previous: Area?
    var area = first
    while let here = area {
      guard here.pointee.previous == previous, here.pointee.start < here.pointee.end else {
        return false
      }
      if let previous, previous.pointee.end > here.pointee.start { return false }
      listed += 1
      previous = here
      area = here.pointee.next
    }
    return listed == count && last == previous
  }

  /// Whether a subtree's nodes are the next of the list, which is left behind them.
  private func isInOrder(_ node: Area?, _ next: inout Area?) -> Bool {
    guard let node else { return true }
    guard isInOrder(node.pointee.tree.left, &next), next == node else { return false }
    next = node.pointee.next
    return isInOrder(node.pointee.tree.right, &next)
  }
}
