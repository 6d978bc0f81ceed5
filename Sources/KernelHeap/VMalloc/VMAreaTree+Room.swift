import MemoryTypes

extension VMAreaTree {
  /// A place for an area: where it may begin, and the area that will follow it.
  struct Room {
    var start: VirtualAddress
    var next: Pointer?
  }

  /// The lowest room of a length at a multiple of `alignment` (mm/vmalloc.c:
  /// find_vmap_lowest_match()).
  ///
  /// Linux leaves out subtrees that cannot hold the length *and* the most that alignment may cost,
  /// so which of several holes it finds for an aligned area hangs on the shape of its tree. Here it
  /// is the lowest that fits: a gap that is long enough is looked at, however it is aligned.
  func lowestRoom(_ length: ByteCount, alignment: UInt64) -> Room? {
    let length = length.rawValue
    let mask = alignment &- 1
    if var node = root, node.pointee.tree.greatest >= length {
      search: while true {
        if let left = node.pointee.tree.left, left.pointee.tree.greatest >= length {
          node = left
          continue
        }
        while true {
          let floor = floor(node).rawValue
          let start = (floor &+ mask) & ~mask
          let ceiling = node.pointee.start.rawValue
          if start >= floor, start <= ceiling, ceiling &- start >= length {
            return Room(start: VirtualAddress(start), next: node)
          }
          if let right = node.pointee.tree.right, right.pointee.tree.greatest >= length {
            node = right
            break
          }
          // Up to the first ancestor that this is to the left of.
          var child = node
          while true {
            guard let parent = child.pointee.tree.parent else { break search }
            let wasLeft = parent.pointee.tree.left == child
            child = parent
            if wasLeft { break }
          }
          node = child
        }
      }
    }
    let floor = (last?.pointee.end ?? low).rawValue
    let start = (floor &+ mask) & ~mask
    guard start >= floor, start <= high.rawValue, high.rawValue &- start >= length else {
      return nil
    }
    return Room(start: VirtualAddress(start), next: nil)
  }

  /// The largest gap, without regard to alignment.
  var largestGap: ByteCount {
    let above = high - (last?.pointee.end ?? low)
    return max(ByteCount(root?.pointee.tree.greatest ?? 0), above)
  }

  /// Whether every invariant holds; walks everything, for tests.
  func checkInvariants() -> Bool {
    guard checkedHeight(root, parent: nil) != nil else { return false }
    var nodes = 0
    var previous: Pointer?
    var node = first
    while let here = node {
      guard here.pointee.previous == previous, here.pointee.units > 0,
        floor(here) <= here.pointee.start
      else { return false }
      nodes += 1
      previous = here
      node = successor(of: here)
    }
    guard nodes == count, last == previous else { return false }
    return last.map { $0.pointee.end <= high } ?? true
  }
}
