import MemoryImages

/// Goes through an arena's memory chunk by chunk, from the first byte to the last, and says of each
/// stretch what it is.
///
/// Invariant: the stretches that it tells of follow each other and together are the arena's segments,
/// whatever is in them.
struct ArenaWalk {
  let memory: HeapMemory
  let arena: Arena
  let pageSize: UInt64
  var marks: ChunkMarks
  /// The chunks that caches lie in.
  let caches: Set<UInt64>
  var search: SegmentSearch
  var report: ArenaReport
  var damages: [Damage] = []
  /// Marked chunks that the walk came to.
  private(set) var met = 0
  /// Chunks that may still come: a heap has no more than its memory has room for.
  private var left: UInt64

  /// Free bytes directly before the next chunk, with fastbins as malloc_consolidate() joins them.
  private var run: (start: UInt64, size: UInt64) = (0, 0)
  private var base: UInt64 = 0

  init(
    _ memory: HeapMemory, _ report: ArenaReport, marks: ChunkMarks, caches: Set<UInt64>,
    search: SegmentSearch
  ) {
    self.memory = memory
    self.report = report
    arena = report.arena
    self.marks = marks
    self.caches = caches
    self.search = search
    pageSize = memory.source.pageSize
    left = memory.source.capacity / 16
  }

  mutating func walk(_ each: ((HeapChunk) -> Void)?) {
    var last: HeapSegment?
    for segment in arena.segments {
      if segment.followsForeign, let last, last.end < segment.start {
        report.foreign &+= segment.start - last.end
      }
      if segment.firstChunk > segment.start {
        tell(
          HeapChunk(
            address: segment.start, size: segment.firstChunk - segment.start, state: .own,
            isChunk: false), in: segment, each)
      }
      walk(segment, each)
      run = (0, 0)
      base += segment.size
      last = segment
    }
  }

  mutating func found(_ address: UInt64, _ message: String?, _ detail: String) {
    guard damages.count < Damage.most else { return }
    damages.append(
      Damage(address: address, arena: arena.address, message: message, detail: detail))
  }

  private mutating func walk(_ segment: HeapSegment, _ each: ((HeapChunk) -> Void)?) {
    let top = segment.contains(arena.top) ? arena.top : segment.end
    var at = segment.firstChunk
    var before = HeapChunk(address: 0, size: 0, state: .own)
    while at < segment.end, left > 0 {
      left -= 1
      if at == top {
        self.top(segment, before)
        tell(HeapChunk(address: at, size: segment.end - at, state: .top), in: segment, each)
        return
      }
      let word = memory.peek(at &+ ChunkField.size) ?? 0
      let size = word & ChunkField.sizeMask
      if size <= 16, top == segment.end, segment.end - at <= 32,
        size == 16 || segment.end - at == 16
      {
        tell(
          HeapChunk(address: at, size: segment.end - at, state: .own, isChunk: false), in: segment,
          each)
        return
      }
      guard size >= ChunkField.minimum, size & 15 == 0, size <= top - at,
        let next = memory.peek(at &+ size &+ ChunkField.size)
      else {
        let resumed = search.resume(after: at, to: top, by: .chunks) ?? top
        badSize(at, word, before, top, resumed)
        tell(
          HeapChunk(address: at, size: resumed - at, state: .damaged, isChunk: false), in: segment,
          each)
        before = HeapChunk(address: at, size: resumed - at, state: .damaged)
        at = resumed
        continue
      }
      var state = marks.state(of: at)
      if state != .used { met += 1 }
      // A size that cannot be says nothing of the chunk before it, either.
      let length = next & ChunkField.sizeMask
      let isSane = at + size == top || length >= 16 && length & 15 == 0 && length <= top - at - size
      if next & ChunkField.previousInUse == 0, isSane || state != .used {
        state = free(at, size, state, before)
      } else if state.isBinned {
        found(
          at, "double free or corruption (!prev)",
          "it is in a bin, the \(state.name), and the chunk behind it says that it is in use")
      }
      if state == .used, caches.contains(at) { state = .own }
      let foreign = word & (ChunkField.isNotMain | ChunkField.isMapped)
      // A chunk at the end of a heap that could not grow has no bit (sysmalloc()).
      if foreign != (arena.isMain ? 0 : ChunkField.isNotMain), state == .used,
        segment.end - at - size > 32
      {
        found(
          at, foreign & ChunkField.isMapped != 0 ? "munmap_chunk(): invalid pointer" : nil,
          "its size word, \(Hex(word)), is not one of this arena")
      }
      before = HeapChunk(address: at, size: size, state: state)
      tell(before, in: segment, each)
      at += size
    }
    if at < segment.end {
      found(at, nil, "more chunks than the memory has room for")
      tell(
        HeapChunk(address: at, size: segment.end - at, state: .damaged, isChunk: false),
        in: segment, each)
    }
  }

  /// A chunk that its successor calls free.
  private mutating func free(
    _ chunk: UInt64, _ size: UInt64, _ state: ChunkState, _ before: HeapChunk
  ) -> ChunkState {
    let copy = memory.peek(chunk &+ size) ?? 0
    switch state {
    case .used, .own:
      found(
        chunk, copy == size ? "corrupted double-linked list" : "corrupted size vs. prev_size",
        "the chunk behind it says that it is free, and no bin has it"
          + (copy == size ? "" : "; prev_size there is \(Hex(copy)), its size \(Hex(size))"))
      return .lost
    case .tcache, .fastbin:
      found(
        chunk, copy == size ? nil : "corrupted size vs. prev_size",
        "it is in the \(state.name), and the chunk behind it says that it is free")
    default:
      if copy != size {
        found(
          chunk, "corrupted size vs. prev_size",
          "its size is \(Hex(size)), and prev_size behind it \(Hex(copy))")
      } else if before.state.isBinned {
        found(chunk, nil, "it is free, and so is the chunk before it: they were not joined")
      }
    }
    return state
  }

  /// What glibc would say of a size that cannot be (_int_free(), in its order), and where.
  private mutating func badSize(
    _ chunk: UInt64, _ word: UInt64, _ before: HeapChunk, _ top: UInt64, _ resumed: UInt64
  ) {
    let size = word & ChunkField.sizeMask
    let message =
      chunk > 0 &- size
      ? "free(): invalid pointer"
      : size < ChunkField.minimum || size & 15 != 0
        ? "free(): invalid size" : "double free or corruption (out)"
    var detail = "its size is \(Hex(word)), which no chunk here can have"
    if before.size > 0, before.state == .used {
      detail +=
        "; the chunk before it, \(Hex(before.address)), may have been written beyond its end"
    }
    found(
      chunk, message, detail + "; \(resumed - chunk) bytes, up to \(Hex(resumed)), are not known")
  }

  private mutating func top(_ segment: HeapSegment, _ before: HeapChunk) {
    let word = memory.peek(arena.top &+ ChunkField.size) ?? 0
    report.topSize = word & ChunkField.sizeMask
    report.largestFree = max(report.largestFree, segment.end - arena.top)
    if report.topSize != segment.end - arena.top || report.topSize > arena.systemMemory {
      found(
        arena.top, "malloc(): corrupted top size",
        "top has the size \(Hex(word)), and the heap ends \(segment.end - arena.top) bytes behind it"
      )
    } else if word & ChunkField.previousInUse == 0 {
      found(
        arena.top, "corrupted size vs. prev_size",
        "top says that the chunk before it is free, which would have joined it")
    }
    report.freeAbovePin = run.size
    // sysTRIM gives back what is beyond a smallest chunk, in whole pages (systrim()).
    let size = segment.end - arena.top + run.size
    if arena.isMain, size > ChunkField.minimum + 1 {
      report.trimmableTop = (size - ChunkField.minimum - 1) & ~(pageSize - 1)
    }
    run = (0, 0)
  }

  /// Counts a stretch, draws it, and tells of it.
  private mutating func tell(
    _ chunk: HeapChunk, in segment: HeapSegment, _ each: ((HeapChunk) -> Void)?
  ) {
    let index = Int(chunk.state.rawValue)
    report.counts[index] += 1
    report.bytes[index] += chunk.size
    report.map.add(chunk, at: base + (chunk.address - segment.start))
    if chunk.isChunk, chunk.state != .top { report.sizes.add(chunk.size, chunk.state) }
    switch chunk.state {
    case .fastbin, .unsorted, .smallBin, .largeBin:
      if run.size == 0 { run.start = chunk.address }
      run.size += chunk.size
      if chunk.state != .fastbin { report.largestFree = max(report.largestFree, chunk.size) }
    case .top: break
    case .used, .tcache, .own, .lost, .damaged:
      if run.size > 0 { trim() }
      report.freeBelowPin = run.size
      report.pin = chunk
      run.size = 0
    }
    each?(chunk)
  }

  /// What mtrim() would give back of a free chunk: its whole pages behind its links.
  private mutating func trim() {
    let inner = (run.start + 48 + pageSize - 1) & ~(pageSize - 1)
    let end = run.start + run.size
    if inner < end { report.trimmable += (end - inner) & ~(pageSize - 1) }
  }
}
