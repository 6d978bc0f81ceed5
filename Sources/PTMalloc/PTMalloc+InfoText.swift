/// The XML of `malloc_info`.
extension PTMalloc where Memory: ~Copyable {
  /// What the document sums up at its end.
  private struct Totals {
    var blocks: UInt64 = 0
    var fastBlocks: UInt64 = 0
    var available: UInt64 = 0
    var fastAvailable: UInt64 = 0
    var system: UInt64 = 0
    var maxSystem: UInt64 = 0
    var space: UInt64 = 0
    var accessible: UInt64 = 0
  }

  /// One row of `<sizes>`: a fastbin or a bin.
  private struct Row {
    var from: UInt64 = 0
    var to: UInt64 = 0
    var total: UInt64 = 0
    var count: UInt64 = 0
  }

  /// As `malloc_info` with option 0.
  public mutating func malloc_info<Sink: MallocTextSink & ~Copyable>(
    to sink: inout Sink, _ thread: inout MallocThread
  ) throws(HeapAbort) {
    // __malloc_info
    if !isInitialized { try initialize(&thread) }
    sink.write("<malloc version=\"1\">\n")
    var totals = Totals()
    var arena = mainArena
    var number: UInt64 = 0
    repeat {
      sink.write("<heap nr=\"")
      sink.write(number)
      sink.write("\">\n<sizes>\n")
      try writeArena(arena, to: &sink, &totals)
      sink.write("</heap>\n")
      number &+= 1
      arena = try next(arena)
    } while arena != mainArena
    writeTotal("fast", totals.fastBlocks, totals.fastAvailable, to: &sink)
    writeTotal("rest", totals.blocks, totals.available, to: &sink)
    sink.write("<total type=\"mmap\" count=\"")
    sink.write(Int32(bitPattern: try mmapCount))
    sink.write("\" size=\"")
    sink.write(try mmappedMem)
    sink.write("\"/>\n")
    writeSize("system", "current", totals.system, to: &sink)
    writeSize("system", "max", totals.maxSystem, to: &sink)
    writeSize("aspace", "total", totals.space, to: &sink)
    writeSize("aspace", "mprotect", totals.accessible, to: &sink)
    sink.write("</malloc>\n")
  }

  private mutating func writeArena<Sink: MallocTextSink & ~Copyable>(
    _ arena: Arena, to sink: inout Sink, _ totals: inout Totals
  ) throws(HeapAbort) {
    var blocks: UInt64 = 1
    var available = try size(top(arena))
    var fastBlocks: UInt64 = 0
    var fastAvailable: UInt64 = 0
    var index: UInt64 = 0
    while index < GlibcLayout.State.fastbinCount {
      let row = try fastbinRow(arena, index)
      fastBlocks &+= row.count
      fastAvailable &+= row.total
      writeRow("  <size", row, to: &sink)
      index &+= 1
    }
    var unsorted = Row()
    index = 1
    while index < GlibcLayout.State.binCount {
      let row = try binRow(arena, index)
      blocks &+= row.count
      available &+= row.total
      if index == 1 { unsorted = row } else { writeRow("  <size", row, to: &sink) }
      index &+= 1
    }
    writeRow("  <unsorted", unsorted, to: &sink)
    let system = try systemMem(arena)
    let maxSystem = try word(arena.address &+ GlibcLayout.State.maxSystemMem)
    sink.write("</sizes>\n")
    writeTotal("fast", fastBlocks, fastAvailable, to: &sink)
    writeTotal("rest", blocks, available, to: &sink)
    writeSize("system", "current", system, to: &sink)
    writeSize("system", "max", maxSystem, to: &sink)
    totals.fastBlocks &+= fastBlocks
    totals.fastAvailable &+= fastAvailable
    totals.blocks &+= blocks
    totals.available &+= available
    totals.system &+= system
    totals.maxSystem &+= maxSystem
    var space = system
    var accessible = system
    var heaps: UInt64 = 0
    if arena != mainArena {
      (space, accessible) = (0, 0)
      var heap = heap(of: try top(arena).address)
      repeat {
        space &+= try word(heap &+ GlibcLayout.HeapInfo.sizeField)
        accessible &+= try word(heap &+ GlibcLayout.HeapInfo.mprotectSize)
        heap = try word(heap &+ GlibcLayout.HeapInfo.previous)
        heaps &+= 1
        if heaps > 1 &<< 32 { throw .endless(heap) }
      } while heap != 0
    }
    writeSize("aspace", "total", space, to: &sink)
    writeSize("aspace", "mprotect", accessible, to: &sink)
    if arena != mainArena { writeSize("aspace", "subheaps", heaps, to: &sink) }
    totals.space &+= space
    totals.accessible &+= accessible
  }

  private func fastbinRow(_ arena: Arena, _ index: UInt64) throws(HeapAbort) -> Row {
    var p = Chunk(try word(arena.fastbin(index)))
    if p.isNull { return Row() }
    let size = try size(p)
    var row = Row(from: size &- 15, to: size)
    while !p.isNull {
      if p.isMisaligned, layout.linkShift == 12 { throw .corruption(.mallocInfoUnaligned) }
      row.count &+= 1
      p = Chunk(protect(try fd(p).address, at: p.memory))
      if row.count > 1 &<< 32 { throw .endless(p.address) }
    }
    row.total = row.count &* size
    return row
  }

  /// A bin's; sizes have their flags here, as in glibc.
  private func binRow(_ arena: Arena, _ index: UInt64) throws(HeapAbort) -> Row {
    let bin = arena.bin(index)
    var row = Row(from: .max)
    var p = try fd(bin)
    while p != bin, !p.isNull {
      let size = try head(p)
      row.count &+= 1
      row.total &+= size
      row.from = min(row.from, size)
      row.to = max(row.to, size)
      p = try fd(p)
      if row.count > 1 &<< 32 { throw .endless(p.address) }
    }
    if row.count == 0 { row.from = 0 }
    return row
  }

  private func writeRow<Sink: MallocTextSink & ~Copyable>(
    _ tag: StaticString, _ row: Row, to sink: inout Sink
  ) {
    guard row.count != 0 else { return }
    sink.write(tag)
    sink.write(" from=\"")
    sink.write(row.from)
    sink.write("\" to=\"")
    sink.write(row.to)
    sink.write("\" total=\"")
    sink.write(row.total)
    sink.write("\" count=\"")
    sink.write(row.count)
    sink.write("\"/>\n")
  }

  private func writeTotal<Sink: MallocTextSink & ~Copyable>(
    _ type: StaticString, _ count: UInt64, _ size: UInt64, to sink: inout Sink
  ) {
    sink.write("<total type=\"")
    sink.write(type)
    sink.write("\" count=\"")
    sink.write(count)
    sink.write("\" size=\"")
    sink.write(size)
    sink.write("\"/>\n")
  }

  private func writeSize<Sink: MallocTextSink & ~Copyable>(
    _ tag: StaticString, _ type: StaticString, _ size: UInt64, to sink: inout Sink
  ) {
    sink.write("<")
    sink.write(tag)
    sink.write(" type=\"")
    sink.write(type)
    sink.write("\" size=\"")
    sink.write(size)
    sink.write("\"/>\n")
  }

  /// As `malloc_stats`, which writes to standard error.
  public func malloc_stats<Sink: MallocTextSink & ~Copyable>(
    to sink: inout Sink
  ) throws(HeapAbort) {
    // __malloc_stats: sums of 32 bits.
    var inUse = UInt32(truncatingIfNeeded: try mmappedMem)
    var system = inUse
    var arena = mainArena
    var number: UInt64 = 0
    repeat {
      var info = MallocInfo()
      try addInfo(of: arena, to: &info)
      sink.write("Arena ")
      sink.write(number)
      sink.write(":\n")
      writeStatistic("system bytes     = ", info.arena & 0xffff_ffff, to: &sink)
      writeStatistic("in use bytes     = ", info.uordblks & 0xffff_ffff, to: &sink)
      system &+= UInt32(truncatingIfNeeded: info.arena)
      inUse &+= UInt32(truncatingIfNeeded: info.uordblks)
      number &+= 1
      arena = try next(arena)
    } while arena != mainArena
    let most = try memory.half(at: parameters &+ layout.parameters.mmapCounts &+ 8)
    sink.write("Total (incl. mmap):\n")
    writeStatistic("system bytes     = ", UInt64(system), to: &sink)
    writeStatistic("in use bytes     = ", UInt64(inUse), to: &sink)
    writeStatistic("max mmap regions = ", UInt64(most), to: &sink)
    writeStatistic(
      "max mmap bytes   = ", try word(parameters &+ layout.parameters.maxMmappedMem), to: &sink)
  }

  private func writeStatistic<Sink: MallocTextSink & ~Copyable>(
    _ name: StaticString, _ value: UInt64, to sink: inout Sink
  ) {
    sink.write(name)
    sink.write(value, width: 10)
    sink.write("\n")
  }
}
