extension HeapReport {
  /// What `malloc_info(0, stdout)` would print in that process (malloc/malloc.c: __malloc_info()).
  package var mallocInfo: String {
    var text = "<malloc version=\"1\">\n"
    var fast: (count: UInt64, size: UInt64) = (0, 0)
    var rest: (count: UInt64, size: UInt64) = (0, 0)
    var (system, most, space, protected): (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    for (number, report) in arenas.enumerated() {
      text += "<heap nr=\"\(number)\">\n<sizes>\n"
      var ownFast: (count: UInt64, size: UInt64) = (0, 0)
      var ownRest: (count: UInt64, size: UInt64) = (1, report.topSize)
      for list in report.fastLists where list.count > 0 {
        // A fastbin's sizes are from what the one below has not.
        text += Self.line("size", list, from: list.to - 15)
        ownFast = (ownFast.count + list.count, ownFast.size + list.total)
      }
      for (index, list) in report.binLists.enumerated() where list.count > 0 {
        ownRest = (ownRest.count + list.count, ownRest.size + list.total)
        if index != 1 { text += Self.line("size", list, from: list.from) }
      }
      if report.binLists.count > 1, report.binLists[1].count > 0 {
        text += Self.line("unsorted", report.binLists[1], from: report.binLists[1].from)
      }
      let arena = report.arena
      text += "</sizes>\n" + Self.total("fast", ownFast) + Self.total("rest", ownRest)
      text += Self.size("system", "current", arena.systemMemory)
      text += Self.size("system", "max", arena.maximumSystemMemory)
      let total = arena.isMain ? arena.systemMemory : arena.heapBytes
      let writable = arena.isMain ? arena.systemMemory : arena.heapProtectedBytes
      text += Self.size("aspace", "total", total) + Self.size("aspace", "mprotect", writable)
      if !arena.isMain { text += Self.size("aspace", "subheaps", arena.heapCount) }
      text += "</heap>\n"
      fast = (fast.count + ownFast.count, fast.size + ownFast.size)
      rest = (rest.count + ownRest.count, rest.size + ownRest.size)
      system &+= arena.systemMemory
      most &+= arena.maximumSystemMemory
      space &+= total
      protected &+= writable
    }
    text += Self.total("fast", fast) + Self.total("rest", rest)
    text += Self.total("mmap", (parameters?.mappedCount ?? 0, parameters?.mappedBytes ?? 0))
    text += Self.size("system", "current", system) + Self.size("system", "max", most)
    text += Self.size("aspace", "total", space) + Self.size("aspace", "mprotect", protected)
    return text + "</malloc>\n"
  }

  private static func line(_ name: String, _ list: ArenaReport.ListSizes, from: UInt64) -> String {
    "  <\(name) from=\"\(from)\" to=\"\(list.to)\" total=\"\(list.total)\" "
      + "count=\"\(list.count)\"/>\n"
  }

  private static func total(_ type: String, _ sum: (count: UInt64, size: UInt64)) -> String {
    "<total type=\"\(type)\" count=\"\(sum.count)\" size=\"\(sum.size)\"/>\n"
  }

  private static func size(_ name: String, _ type: String, _ size: UInt64) -> String {
    "<\(name) type=\"\(type)\" size=\"\(size)\"/>\n"
  }
}
