import MemoryTypes

extension AreaTree {
  /// The start of the highest room of a length within `low..<high`
  /// (`unmapped_area_topdown()`).
  func highestRoom(
    _ length: ByteCount, from low: VirtualAddress, to high: VirtualAddress
  ) -> VirtualAddress? {
    let length = length.rawValue
    guard high >= low, high.rawValue &- low.rawValue >= length else { return nil }
    guard let last else { return VirtualAddress(high.rawValue &- length) }
    let top = max(last.pointee.end, low)
    if high >= top, high.rawValue &- top.rawValue >= length {
      return VirtualAddress(high.rawValue &- length)
    }
    guard var node = root, node.pointee.tree.greatest >= length else { return nil }
    while true {
      // All gaps above this area begin at its end or higher.
      if let right = node.pointee.tree.right, right.pointee.tree.greatest >= length,
        node.pointee.end < high, high.rawValue &- node.pointee.end.rawValue >= length
      {
        node = right
        continue
      }
      while true {
        let ceiling = min(guardedStart(node), high).rawValue
        let floor = max(node.pointee.previous?.pointee.end ?? low, low).rawValue
        if ceiling >= floor, ceiling &- floor >= length {
          return VirtualAddress(ceiling &- length)
        }
        if node.pointee.start <= low { return nil }
        if let left = node.pointee.tree.left, left.pointee.tree.greatest >= length {
          node = left
          break
        }
        // Up to the first ancestor that we are to the right of.
        var child = node
        while true {
          guard let parent = child.pointee.tree.parent else { return nil }
          let wasRight = parent.pointee.tree.right == child
          child = parent
          if wasRight { break }
        }
        node = child
      }
    }
  }

  /// The start of the lowest room of a length within `low..<high` (`unmapped_area()`).
  func lowestRoom(
    _ length: ByteCount, from low: VirtualAddress, to high: VirtualAddress
  ) -> VirtualAddress? {
    let length = length.rawValue
    guard high >= low, high.rawValue &- low.rawValue >= length else { return nil }
    guard let last else { return low }
    if let room = lowestGap(length, mask: 0, from: low, to: high, isWhole: false) {
      return room.start
    }
    let floor = max(last.pointee.end, low)
    guard high >= floor, high.rawValue &- floor.rawValue >= length else { return nil }
    return floor
  }

  /// Moves an area's start; the caller sees to it that areas do not overlap.
  mutating func setStart(_ area: Area, _ start: VirtualAddress) {
    note(min(start, area.pointee.start), area.pointee.end)
    area.pointee.start = start
    refreshUp(from: area)
  }

  /// Moves an area's end.
  mutating func setEnd(_ area: Area, _ end: VirtualAddress) {
    note(area.pointee.start, max(end, area.pointee.end))
    area.pointee.end = end
    refreshUp(from: area.pointee.next)
  }
}
