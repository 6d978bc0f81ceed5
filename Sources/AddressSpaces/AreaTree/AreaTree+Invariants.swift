import MemoryTypes

extension AreaTree {
  /// Whether every invariant holds; walks everything, for tests.
  public func checkInvariants() -> Bool {
    var nodes = 0
    guard checkSubtree(root, parent: nil, &nodes) != nil, nodes == count else { return false }
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

  /// The subtree's height, or nil where something is wrong in it.
  func checkSubtree(_ node: Area?, parent: Area?, _ nodes: inout Int) -> Int? {
    guard let node else { return 0 }
    nodes += 1
    let area = node.pointee
    guard area.parent == parent,
      let left = checkSubtree(area.left, parent: node, &nodes),
      let right = checkSubtree(area.right, parent: node, &nodes),
      right - left == Int(area.balance), abs(right - left) <= 1
    else { return nil }
    if let below = area.left, below.pointee.end > area.start { return nil }
    if let above = area.right, above.pointee.start < area.end { return nil }
    let largest = max(
      gap(below: node), area.left?.pointee.largestGap ?? 0, area.right?.pointee.largestGap ?? 0)
    return area.largestGap == largest ? max(left, right) + 1 : nil
  }
}
