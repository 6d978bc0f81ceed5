/// The areas of one address space, as the kernel's records have told them.
struct TraceSpace {
  /// In order of address.
  private(set) var areas: [TraceArea] = []

  /// What became of an area.
  enum Change: Equatable {
    case added(TraceArea)
    case removed(TraceArea)
    case changed(from: TraceArea, to: TraceArea)
  }

  /// The area that an address lies in.
  func area(at address: UInt64) -> TraceArea? {
    let index = firstIndex(endingAbove: address)
    guard index < areas.count, areas[index].start <= address else { return nil }
    return areas[index]
  }

  /// Puts in what touches `from...to` now, and says what is different from before.
  mutating func replace(from: UInt64, to: UInt64, by new: [TraceArea], pageSize: UInt64) -> [Change]
  {
    let low = min(from, new.first?.start ?? from)
    let high = max(to, new.last?.end ?? to)
    let first = firstIndex(endingAbove: low)
    var last = first
    while last < areas.count && areas[last].start < high { last += 1 }
    let old = Array(areas[first..<last])
    areas.replaceSubrange(first..<last, with: new)
    return Self.changes(from: old, to: new, pageSize: pageSize)
  }

  private func firstIndex(endingAbove address: UInt64) -> Int {
    var low = 0
    var high = areas.count
    while low < high {
      let middle = (low + high) / 2
      if areas[middle].end > address { high = middle } else { low = middle + 1 }
    }
    return low
  }

  /// An old area lives on in the new one that holds the same bytes of the same object; each is
  /// matched at most once, and what is left over came or went.
  private static func changes(
    from old: [TraceArea], to new: [TraceArea], pageSize: UInt64
  ) -> [Change] {
    var left = old
    var changes: [Change] = []
    for area in new {
      let match = left.firstIndex { before in
        before.start < area.end && area.start < before.end && before.inode == area.inode
          && before.start / pageSize &- before.pageOffset
            == area.start / pageSize &- area.pageOffset
      }
      guard let match else {
        changes.append(.added(area))
        continue
      }
      let before = left.remove(at: match)
      if before.start != area.start || before.end != area.end || before.flags != area.flags {
        changes.append(.changed(from: before, to: area))
      }
    }
    return left.map { .removed($0) } + changes
  }
}
