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

    hang(area, after: previous, before: next)
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

    unhook(area, heir: next)
    refreshUp(from: next)
  }
}
