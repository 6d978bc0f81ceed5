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
    guard var node = root, node.pointee.largestGap >= length else { return nil }
    while true {
      // All gaps above this area begin at its end or higher.
      if let right = node.pointee.right, right.pointee.largestGap >= length,
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
        if let left = node.pointee.left, left.pointee.largestGap >= length {
          node = left
          break
        }
        // Up to the first ancestor that we are to the right of.
        var child = node
        while true {
          guard let parent = child.pointee.parent else { return nil }
          let wasRight = parent.pointee.right == child
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
    if var node = root, node.pointee.largestGap >= length {
      search: while true {
        // All gaps below the predecessor end at its start or lower.
        if let left = node.pointee.left, left.pointee.largestGap >= length,
          let previous = node.pointee.previous, previous.pointee.start > low,
          previous.pointee.start.rawValue &- low.rawValue >= length
        {
          node = left
          continue
        }
        while true {
          let ceiling = min(guardedStart(node), high).rawValue
          let floor = max(node.pointee.previous?.pointee.end ?? low, low).rawValue
          if ceiling >= floor, ceiling &- floor >= length { return VirtualAddress(floor) }
          if node.pointee.end >= high { return nil }
          if let right = node.pointee.right, right.pointee.largestGap >= length {
            node = right
            break
          }
          var child = node
          while true {
            guard let parent = child.pointee.parent else { break search }
            let wasLeft = parent.pointee.left == child
            child = parent
            if wasLeft { break }
          }
          node = child
        }
      }
    }
    let floor = max(last.pointee.end, low)
    guard high >= floor, high.rawValue &- floor.rawValue >= length else { return nil }
    return floor
  }

  /// Computes a node's largest gap anew and tells whether it changed.
  @inline(__always) func refreshGap(_ node: Area) -> Bool {
    var largest = gap(below: node)
    if let left = node.pointee.left { largest = max(largest, left.pointee.largestGap) }
    if let right = node.pointee.right { largest = max(largest, right.pointee.largestGap) }
    let changed = node.pointee.largestGap != largest
    node.pointee.largestGap = largest
    return changed
  }

  /// Brings a node and its ancestors up to date, as far as anything changes.
  @inline(__always) func refreshGaps(from node: Area?) {
    var node = node
    while let here = node, refreshGap(here) { node = here.pointee.parent }
  }

  /// Moves an area's start; the caller sees to it that areas do not overlap.
  mutating func setStart(_ area: Area, _ start: VirtualAddress) {
    note(min(start, area.pointee.start), area.pointee.end)
    area.pointee.start = start
    refreshGaps(from: area)
  }

  /// Moves an area's end.
  mutating func setEnd(_ area: Area, _ end: VirtualAddress) {
    note(area.pointee.start, max(end, area.pointee.end))
    area.pointee.end = end
    refreshGaps(from: area.pointee.next)
  }
}
