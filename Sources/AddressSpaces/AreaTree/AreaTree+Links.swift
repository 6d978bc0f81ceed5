import MemoryTypes

extension AreaTree {
  /// Links an area behind its predecessor, or in front of all with nil.
  mutating func insert(_ area: Area, after previous: Area?) {
    note(area.pointee.start, area.pointee.end)
    let next = previous == nil ? first : previous?.pointee.next
    area.pointee.previous = previous
    area.pointee.next = next
    if let previous { previous.pointee.next = area } else { first = area }
    if let next { next.pointee.previous = area } else { last = area }
    count &+= 1

    area.pointee.left = nil
    area.pointee.right = nil
    area.pointee.balance = 0
    // One of the two neighbours has a free side towards the other.
    if let previous, previous.pointee.right == nil {
      previous.pointee.right = area
      area.pointee.parent = previous
    } else if let next {
      next.pointee.left = area
      area.pointee.parent = next
    } else {
      area.pointee.parent = nil
      root = area
    }
    area.pointee.largestGap = gap(below: area)
    rebalance(afterInserting: area)
    refreshGaps(from: next)
  }

  /// Takes an area out.
  mutating func remove(_ area: Area) {
    note(area.pointee.start, area.pointee.end)
    let previous = area.pointee.previous
    let next = area.pointee.next
    if let previous { previous.pointee.next = next } else { first = next }
    if let next { next.pointee.previous = previous } else { last = previous }
    count &-= 1
    if recent == area { recent = nil }

    let left = area.pointee.left
    let right = area.pointee.right
    if let left, let right, let heir = next {
      // The successor is the leftmost of the right subtree; it takes the place.
      heir.pointee.left = left
      left.pointee.parent = heir
      heir.pointee.largestGap = area.pointee.largestGap  // what is known of this place above it
      let place = heir.pointee.parent
      if let place, place != area {
        place.pointee.left = heir.pointee.right
        heir.pointee.right?.pointee.parent = place
        heir.pointee.right = right
        right.pointee.parent = heir
        heir.pointee.balance = area.pointee.balance
        replace(area, by: heir)
        rebalance(afterRemovingFrom: place, left: true)
      } else {
        heir.pointee.balance = area.pointee.balance
        replace(area, by: heir)
        rebalance(afterRemovingFrom: heir, left: false)
      }
    } else {
      let parent = area.pointee.parent
      let wasLeft = parent?.pointee.left == area
      replace(area, by: left ?? right)
      if let parent { rebalance(afterRemovingFrom: parent, left: wasLeft) }
    }
    refreshGaps(from: next)
  }

  /// Puts a node, or nothing, in another's place under its parent.
  mutating func replace(_ old: Area, by new: Area?) {
    let parent = old.pointee.parent
    new?.pointee.parent = parent
    guard let parent else {
      root = new
      return
    }
    if parent.pointee.left == old {
      parent.pointee.left = new
    } else {
      parent.pointee.right = new
    }
  }
}
