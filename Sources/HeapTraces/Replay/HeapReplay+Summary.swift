import MemoryTypes
import PTMalloc

/// What the heap is made of when the trace has ended: walked as the allocator keeps it.
extension HeapReplay {
  /// So many of the highest chunks are named.
  private static var pinCount: Int { 8 }

  func summary() throws(HeapAbort) -> HeapSummary {
    var summary = HeapSummary()
    let main = malloc.memory.mainArena.rawValue
    var arena = main
    repeat {
      summary.arenas += 1
      try addBins(of: arena, to: &summary)
      arena = try word(arena + GlibcLayout.State.next)
    } while arena != main && arena != 0 && summary.arenas < 1 << 20
    try addTCaches(to: &summary)
    for slot in 0..<capacity {
      let address = unsafe objects[slot].address
      guard address != 0 else { continue }
      let size = try word(address - 8)
      if size & GlibcLayout.Header.isMapped != 0 {
        summary.mapped.count += 1
        summary.mapped.bytes += (size & ~7) + (try word(address - 16))
      }
    }
    try addPins(to: &summary)
    return summary
  }

  private func word(_ address: UInt64) throws(HeapAbort) -> UInt64 {
    try malloc.memory.word(at: address)
  }

  private func addBins(of arena: UInt64, to summary: inout HeapSummary) throws(HeapAbort) {
    for index in 0..<GlibcLayout.State.fastbinCount {
      var chunk = try word(arena + GlibcLayout.State.fastbins + index * 8)
      while chunk != 0 {
        summary.fastbins.count += 1
        summary.fastbins.bytes += try word(chunk + 8) & ~7
        guard summary.fastbins.count < 1 << 32 else { throw .endless(chunk) }
        let link = try word(chunk + 16)
        chunk = malloc.layout.linkShift == 12 ? link ^ (chunk + 16) >> 12 : link
      }
    }
    for index in 1..<GlibcLayout.State.binCount - 1 {
      // bin_at: the two words of a bin are the links of a chunk that begins 16 bytes before.
      let bin = arena + GlibcLayout.State.bins + (index - 1) * 16 - 16
      var kind = HeapSummary.Kind()
      var chunk = try word(bin + 16)
      while chunk != bin && chunk != 0 {
        kind.count += 1
        kind.bytes += try word(chunk + 8) & ~7
        guard kind.count < 1 << 32 else { throw .endless(chunk) }
        chunk = try word(chunk + 16)
      }
      switch index {
      case 1: summary.unsorted.add(kind)
      case 2..<64: summary.smallBins.add(kind)
      default: summary.largeBins.add(kind)
      }
    }
    let top = try word(arena + GlibcLayout.State.top)
    // It has none before its first call (0) and its first chunk (initial_top).
    if top != 0, top > arena + GlibcLayout.State.size || top < arena {
      summary.top.add(.init(count: 1, bytes: try word(top + 8) & ~7))
    }
  }

  private func addTCaches(to summary: inout HeapSummary) throws(HeapAbort) {
    for index in 0..<threadCapacity {
      let tcache = unsafe threads[index].tcache
      guard tcache != 0 else { continue }
      for bin in 0..<GlibcLayout.TCache.binCount {
        let count = UInt64(try malloc.memory.short(at: tcache + bin * 2))
        summary.tcache.count += count
        summary.tcache.bytes += count * (32 + bin * 16)
      }
    }
  }

  /// Walks the main heap from its start to top, and keeps the last used chunks.
  private func addPins(to summary: inout HeapSummary) throws(HeapAbort) {
    let main = malloc.memory.mainArena.rawValue
    let top = try word(main + GlibcLayout.State.top)
    let start = try word(
      malloc.memory.parameters.rawValue + malloc.layout.parameters.sbrkBase)
    summary.heapStart = start
    summary.heapTop = top
    summary.heapEnd = malloc.memory.currentBreak
    guard start != 0, start <= top, top <= summary.heapEnd else { return }
    var pins: [HeapSummary.Pin] = []
    var chunk = start
    var free: UInt64 = 0
    while chunk < top {
      let size = try word(chunk + 8) & ~7
      guard size >= GlibcLayout.Header.minimum, size <= top - chunk else { throw .endless(chunk) }
      // Whether it is used stands in the next one.
      if try word(chunk + size + 8) & 1 == 0 {
        free += size
      } else {
        if !pins.isEmpty { pins[pins.count - 1].freeAbove += free }
        free = 0
        if pins.count == Self.pinCount * 2 { pins.removeFirst(Self.pinCount) }
        pins.append(
          .init(
            address: chunk + 16, chunk: size, size: 0, event: 0, thread: 0, site: 0, freeAbove: 0,
            isObject: false))
      }
      chunk += size
    }
    if !pins.isEmpty { pins[pins.count - 1].freeAbove += free }
    summary.pins = name(Array(pins.suffix(Self.pinCount).reversed()))
    // Where malloc's own lists fill them, the highest object is named as well.
    guard !summary.pins.contains(where: \.isObject), let highest = highestObject(below: top) else {
      return
    }
    let size = try word(highest.address - 8) & ~7
    summary.pins.append(
      .init(
        address: highest.address, chunk: size, size: highest.size, event: highest.event,
        thread: highest.thread, site: highest.site, freeAbove: 0, isObject: true))
  }

  /// The highest live object of the main heap.
  private func highestObject(below top: UInt64) -> Object? {
    var found: Object?
    for slot in 0..<capacity {
      let object = unsafe objects[slot]
      if object.address != 0, object.address < top, object.address > found?.address ?? 0 {
        found = object
      }
    }
    return found
  }

  /// Finds whose objects they are: one pass over the live ones.
  private func name(_ pins: [HeapSummary.Pin]) -> [HeapSummary.Pin] {
    var named = pins
    guard let lowest = pins.last?.address else { return pins }
    for slot in 0..<capacity {
      let object = unsafe objects[slot]
      guard object.address >= lowest else { continue }
      for index in named.indices where named[index].address == object.address {
        named[index].size = object.size
        named[index].event = object.event
        named[index].thread = object.thread
        named[index].site = object.site
        named[index].isObject = true
      }
    }
    return named
  }
}

extension HeapSummary.Kind {
  mutating func add(_ other: Self) {
    count += other.count
    bytes += other.bytes
  }
}
