import Arm64
import MemoryTypes

/// Going over from two lists to generations and back (`lru_gen_change_state()`).
extension FrameAllocator {
  /// Turns generations on or off, and moves all pages; false without memory for them.
  public mutating func setGenerations(_ isOn: Bool) -> Bool {
    guard isOn != usesGenerations else { return true }
    drainLRU()
    if !isOn {
      usesGenerations = false
      faultedFrom = -1
      forEachVector { allocator, vector in allocator.drainGenerations(vector) }
      return true
    }
    var hasMemory = true
    forEachVector { allocator, vector in
      if hasMemory { hasMemory = allocator.makeGenerations(vector) }
    }
    guard hasMemory else {
      forEachVector { allocator, vector in allocator.endGenerations(vector) }
      return false
    }
    usesGenerations = true
    forEachVector { allocator, vector in allocator.fillGenerations(vector) }
    return true
  }

  @inline(__always)
  private mutating func forEachVector(
    _ body: (inout FrameAllocator, KernelPointer<LRUVector>) -> Void
  ) {
    body(&self, rootLRU)
    var group = groups.first
    while let here = group {
      body(&self, here.pointee.lru)
      group = here.following(below: nil)
    }
  }

  /// Gives a vector empty generations; false without memory (`lru_gen_init_lruvec()`).
  mutating func makeGenerations(_ vector: KernelPointer<LRUVector>) -> Bool {
    guard let number = allocate([.kernel, .zero]) else { return false }
    precondition(MemoryLayout<Generations>.stride <= Int(board.pageSize.bytes.rawValue))
    // SAFETY: a whole frame, which is the vector's until `endGenerations`.
    let place = unsafe board.pointer(to: address(of: number))
      .bindMemory(to: Generations.self, capacity: 1)
    unsafe place.initialize(to: Generations(now: board.clock.nanoseconds))
    let generations = unsafe KernelPointer(place)
    for list in 0..<16 { Generations.list(generations, list).clear() }
    vector.pointee.generations = generations
    return true
  }

  mutating func endGenerations(_ vector: KernelPointer<LRUVector>) {
    guard let generations = vector.pointee.generations else { return }
    vector.pointee.generations = nil
    let place = unsafe board.physicalAddress(of: generations.raw)
    free(PageFrameNumber(containing: place, board.pageSize))
  }

  /// fill_evictable().
  private mutating func fillGenerations(_ vector: KernelPointer<LRUVector>) {
    var counts = LRUCounts()
    for list in 0..<4 {
      let source = LRUVector.list(vector, list)
      while let frame = source.last {
        let number = frames.number(of: frame)
        unlink(frame, number, &counts)
        link(frame, number, &counts)
      }
    }
    apply(counts)
  }

  /// drain_evictable().
  private mutating func drainGenerations(_ vector: KernelPointer<LRUVector>) {
    guard let generations = vector.pointee.generations else { return }
    var counts = LRUCounts()
    for place in 0..<16 {
      let source = Generations.list(generations, place)
      while let frame = source.last {
        let number = frames.number(of: frame)
        unlinkFromGeneration(frame, number, &counts)
        link(frame, number, &counts)
      }
    }
    apply(counts)
    endGenerations(vector)
  }
}
