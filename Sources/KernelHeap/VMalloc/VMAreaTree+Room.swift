import MemoryTypes

extension VMAreaTree {
  typealias Room = GapRoom<VMArea>

  /// The lowest room of a length at a multiple of `alignment` (mm/vmalloc.c:
  /// find_vmap_lowest_match()).
  func lowestRoom(_ length: ByteCount, alignment: UInt64) -> Room? {
    let length = length.rawValue
    let mask = alignment &- 1
    let found = lowestGap(length, mask: mask, from: low, to: high, isWhole: true)
    if let loose, found.map({ loose.pointee.start < $0.start }) ?? true {
      let start = (floor(loose).rawValue &+ mask) & ~mask
      let ceiling = loose.pointee.start.rawValue
      if start >= low.rawValue, start <= ceiling, ceiling &- start >= length {
        return Room(start: VirtualAddress(start), next: loose)
      }
    }
    if let found { return found }
    let start = ((last?.pointee.end ?? low).rawValue &+ mask) & ~mask
    guard start >= low.rawValue, start <= high.rawValue, high.rawValue &- start >= length else {
      return nil
    }
    return Room(start: VirtualAddress(start), next: nil)
  }

  /// Whether every invariant holds; walks everything, for tests.
  ///
  /// What nodes know of gaps may be too large while an area is loose.
  func checkInvariants() -> Bool {
    if loose == nil && checkedHeight(root, parent: nil) == nil { return false }
    var areas = 0
    var previous: Pointer?
    var area = first
    while let here = area {
      guard here.pointee.previous == previous, here.pointee.units > 0,
        floor(here) <= here.pointee.start
      else { return false }
      areas += 1
      previous = here
      area = successor(of: here)
    }
    guard areas == count, nodes(root) == count - (loose == nil ? 0 : 1), last == previous,
      loose != nil || above == nil
    else { return false }
    return last.map { $0.pointee.end <= high } ?? true
  }

  private func nodes(_ node: Pointer?) -> Int {
    guard let node else { return 0 }
    return 1 + nodes(node.pointee.tree.left) + nodes(node.pointee.tree.right)
  }
}
