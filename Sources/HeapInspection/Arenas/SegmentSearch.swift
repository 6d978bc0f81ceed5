import MemoryImages

/// Finds where an arena's chunks lie, and where a walk can go on behind what cannot be walked.
struct SegmentSearch {
  let memory: HeapMemory
  let form: GlibcForm
  /// Places that a walk came through on its way to `goal`, and did not get there: whatever leads to
  /// one of them need not be followed further, so that all walks together are as long as the memory.
  private var tried = ChunkMarks()
  private var goal: UInt64 = 0

  init(_ memory: HeapMemory, form: GlibcForm) {
    self.memory = memory
    self.form = form
  }

  /// HEAP_MAX_SIZE: heaps are aligned to it.
  static let heapAlignment: UInt64 = 1 << 26

  /// The heaps of an arena that is not the main one, by the chain from the one that has its top.
  mutating func heaps(of arena: inout Arena) throws(HeapError) {
    var heap = arena.top & ~(Self.heapAlignment - 1)
    var seen: Set<UInt64> = []
    var isCurrent = true
    while heap != 0 {
      guard seen.insert(heap).inserted else {
        throw .damaged(address: heap, "the heaps of the arena at \(Hex(arena.address)) are a ring")
      }
      let owner = try memory.word(at: heap)
      guard owner == arena.address else {
        throw .damaged(
          address: heap, "heap_info names the arena \(Hex(owner)), and not \(Hex(arena.address))")
      }
      let previous = try memory.word(at: heap + 8)
      let size = try memory.word(at: heap + 16)
      guard size >= form.heapInfoSize, size <= Self.heapAlignment, size & 15 == 0 else {
        throw .damaged(address: heap + 16, "heap_info has the size \(Hex(size))")
      }
      var first = heap + form.heapInfoSize
      if arena.address == first { first = (first + MallocState.size + 15) & ~15 }
      guard first < heap + size else {
        throw .damaged(address: heap + 16, "heap_info has the size \(Hex(size))")
      }
      arena.segments.append(HeapSegment(start: heap, firstChunk: first, end: heap + size))
      arena.heapBytes += size
      arena.heapProtectedBytes &+= try memory.word(at: heap + 24)
      arena.heapCount += 1
      if isCurrent, arena.top - heap >= size {
        throw .damaged(
          address: arena.address + MallocState.top, "top, \(Hex(arena.top)), is outside of its heap"
        )
      }
      isCurrent = false
      heap = previous
    }
    arena.segments.sort { $0.start < $1.start }
  }

  /// The main arena's stretches of `brk` (or of mmap, where `brk` failed: sysmalloc()).
  mutating func main(_ arena: inout Arena, base: UInt64?) throws(HeapError) {
    guard !arena.isUnused else { return }
    let topSize = try memory.word(at: arena.top &+ ChunkField.size) & ChunkField.sizeMask
    // A damaged size of top says nothing; its memory ends with the region at the latest.
    guard let region = memory.source.regions.region(at: arena.top) else {
      throw .damaged(
        address: arena.address + MallocState.top, "top, \(Hex(arena.top)), is in no memory")
    }
    let end =
      topSize <= arena.systemMemory && topSize >= 16 && arena.top < UInt64.max - topSize
      ? arena.top + topSize : end(ofTopIn: arena, base ?? region.start, region)
    var start = base ?? mainBase(arena, region)
    var starts: Set<UInt64> = [start]
    // Each stretch but the last ends in two fenceposts.
    while arena.segments.count < 65536 {
      let first = (start + 15) & ~15
      let follows = !arena.segments.isEmpty
      guard let stop = fenceposts(from: first, before: arena.top) else {
        if start > arena.top { start = (region.start + 15) & ~15 }
        arena.segments.append(
          HeapSegment(
            start: start, firstChunk: (start + 15) & ~15, end: end, followsForeign: follows))
        break
      }
      arena.segments.append(
        HeapSegment(start: start, firstChunk: first, end: stop, followsForeign: follows))
      let from = region.contains(stop) ? stop : region.start
      guard let next = resume(after: from &- 16, to: arena.top, by: .stretch),
        starts.insert(next).inserted
      else {
        arena.segments.append(
          HeapSegment(start: arena.top, firstChunk: arena.top, end: end, followsForeign: true))
        break
      }
      start = next
    }
    arena.segments.sort { $0.start < $1.start }
  }

  /// Where a top whose size is damaged ends: as much as the arena got, or as there is.
  private func end(ofTopIn arena: Arena, _ base: UInt64, _ region: MemoryRegion) -> UInt64 {
    let (end, overflow) = base.addingReportingOverflow(arena.systemMemory)
    return overflow || end <= arena.top + 16 || end > region.end ? region.end : end
  }

  /// The first chunk of the main heap where `mp_` was not found: the region's start, or what a walk
  /// gets from to top.
  private mutating func mainBase(_ arena: Arena, _ region: MemoryRegion) -> UInt64 {
    if leads(region.start, to: arena.top, by: .stretch) { return region.start }
    return resume(after: region.start, to: arena.top, by: .stretch) ?? region.start
  }

  /// Walks to two fenceposts and returns what is behind them; nil where `top` comes first, or damage.
  private mutating func fenceposts(from first: UInt64, before top: UInt64) -> UInt64? {
    var at = first
    while at != top, let word = memory.peek(at &+ ChunkField.size) {
      let size = word & ChunkField.sizeMask
      if size == 16, let next = memory.peek(at &+ 24), next & ChunkField.sizeMask == 16 {
        return at + 32
      }
      guard size >= ChunkField.minimum, size & 15 == 0, at < UInt64.max - size else { return nil }
      at += size
    }
    return nil
  }

  /// What a walk has to get to, so that the place where it began is taken for a chunk.
  enum Proof {
    /// The end exactly, or the fenceposts of a stretch: memory before it may be anyone's.
    case stretch
    /// The end, or so many chunks: memory is known to be an arena's, and may be damaged further on.
    case chunks
  }

  /// Chunks in a row that are no accident.
  private static let enough = 64

  /// The first place behind `address` from which a walk towards `end` proves to be one.
  mutating func resume(after address: UInt64, to end: UInt64, by proof: Proof) -> UInt64? {
    var at = (address &+ 16) & ~15
    while at < end {
      guard memory.peek(at &+ ChunkField.size) != nil else {
        // A made-up size may reach over all addresses.
        guard let next = memory.source.regions.readable(behind: at &+ ChunkField.size) else {
          return nil
        }
        at = (max(next, at &+ 16) &+ 15) & ~15
        continue
      }
      if leads(at, to: end, by: proof) { return at }
      at &+= 16
    }
    return nil
  }

  /// Whether a walk from a place proves that chunks begin there.
  private mutating func leads(_ start: UInt64, to end: UInt64, by proof: Proof) -> Bool {
    if goal != end { (goal, tried) = (end, ChunkMarks()) }
    var at = start
    var steps = 0
    while at < end {
      guard let word = memory.peek(at &+ ChunkField.size) else { return false }
      let size = word & ChunkField.sizeMask
      // The fenceposts at the end of a heap.
      if size <= 16, end - at <= 32 { return size == 16 || end - at == 16 }
      if size == 16, proof == .stretch, let next = memory.peek(at &+ 24) {
        return steps > 0 && next & ChunkField.sizeMask == 16
      }
      guard size >= ChunkField.minimum, size & 15 == 0, size <= end - at,
        tried.mark(at, .damaged).isNew
      else { return false }
      at += size
      steps += 1
      if proof == .chunks, steps == Self.enough { return true }
    }
    return at == end && steps > 0
  }
}
