import Arm64
import MemoryTypes

/// Putting frames on the lists of generations and taking them off.
extension FrameAllocator {
  @inline(__always)
  func zoneNumber(_ number: PageFrameNumber) -> Int { number < boundary ? 0 : 1 }

  /// The generations of the group that a frame is charged to.
  @inline(__always)
  func generations(of frame: KernelPointer<Frame>) -> KernelPointer<Generations> {
    guard let generations = lruVector(of: frame).pointee.generations else {
      preconditionFailure("a vector without generations")
    }
    return generations
  }

  /// Links a frame into a generation (`lru_gen_add_folio()`); false for the unevictable ones.
  ///
  /// What was just faulted in begins as the newest; what cannot be evicted at once comes after it;
  /// what is to go first, `first`, to the end of the oldest; everything else in between.
  mutating func linkToGeneration(
    _ frame: KernelPointer<Frame>, _ number: PageFrameNumber, _ counts: inout LRUCounts,
    first: Bool = false
  ) -> Bool {
    let flags = frame.pointee.flags
    if flags.contains(.unevictable) { return false }
    let generations = generations(of: frame)
    let type = frame.pointee.lruType
    let newest = generations.pointee.newest
    let oldest = generations.pointee.oldest[type]
    let sequence: UInt64
    if flags.contains(.active) {
      sequence = newest
    } else if type == 0 && !flags.contains(.swapCache)
      || flags.contains(.reclaim) && !flags.isDisjoint(with: [.dirty, .writeback])
    {
      sequence = newest &- 1
    } else if first || oldest &+ Generations.fewest >= newest {
      sequence = oldest
    } else {
      sequence = oldest &+ 1
    }
    let generation = Generations.number(sequence)
    frame.pointee.flags.remove(.active)
    frame.pointee.flags.insert(.lru)
    frame.pointee.flags.setGeneration(generation)
    resize(frame, number, generations, from: -1, to: generation, &counts)
    let list = Generations.list(
      generations, Generations.place(generation, type, zoneNumber(number)))
    if first { list.append(frame) } else { list.prepend(frame) }
    return true
  }

  /// Takes a frame off its generation (`lru_gen_del_folio()`).
  ///
  /// One that counted as active becomes so by its flag, so that it finds its way back, unless it is
  /// to be evicted.
  @inline(never)
  mutating func unlinkFromGeneration(
    _ frame: KernelPointer<Frame>, _ number: PageFrameNumber, _ counts: inout LRUCounts,
    evicts: Bool = false
  ) {
    let generations = generations(of: frame)
    let generation = frame.pointee.flags.generation
    FrameList.remove(frame)
    resize(frame, number, generations, from: generation, to: -1, &counts)
    frame.pointee.flags.subtract([.lru, .generationBits])
    if !evicts && generations.pointee.isActive(generation) {
      frame.pointee.flags.insert(.active)
    }
  }

  /// Counts a frame that came to a generation, left it or was promoted (`lru_gen_update_size()`);
  /// -1 for none.
  mutating func resize(
    _ frame: KernelPointer<Frame>, _ number: PageFrameNumber,
    _ generations: KernelPointer<Generations>, from old: Int, to new: Int,
    _ counts: inout LRUCounts
  ) {
    let type = frame.pointee.lruType
    let zone = zoneNumber(number)
    let inactive = type &* 2
    var wasActive = false
    if old >= 0 {
      generations.pointee.pages[Generations.place(old, type, zone)] &-= 1
      wasActive = generations.pointee.isActive(old)
    }
    var isActive = false
    if new >= 0 {
      generations.pointee.pages[Generations.place(new, type, zone)] &+= 1
      isActive = generations.pointee.isActive(new)
    }
    if old >= 0 && new >= 0 && wasActive == isActive { return }
    if old >= 0 { note(inactive &+ (wasActive ? 1 : 0), frame, number, -1, &counts) }
    if new >= 0 { note(inactive &+ (isActive ? 1 : 0), frame, number, 1, &counts) }
  }

  /// The list by which a frame that is on one is counted.
  func countedList(_ frame: KernelPointer<Frame>) -> Int {
    let generation = frame.pointee.flags.generation
    guard generation >= 0 else { return frame.pointee.lruList }
    return frame.pointee.lruType &* 2
      &+ (generations(of: frame).pointee.isActive(generation) ? 1 : 0)
  }

  // Faults: a page that one brings in is the newest (`lru_gen_in_fault()`).

  /// A fault begins in an area whose pages are not read in sequence or at random.
  @inline(never) public mutating func beginYoungFault(_ isYoung: Bool) {
    faultedFrom = isYoung ? batches.of[LRUBatches.Change.add.rawValue].count : -1
  }

  /// The fault has ended: what it added, and waits in the batch, is the newest.
  @inline(never) public mutating func endYoungFault() {
    markFaulted()
    faultedFrom = -1
  }

  /// Marks what the fault that is being served has added so far (`folio_add_lru()`).
  mutating func markFaulted() {
    guard faultedFrom >= 0 else { return }
    let place = LRUBatches.Change.add.rawValue
    for index in faultedFrom..<max(faultedFrom, batches.of[place].count) {
      let frame = frames[PageFrameNumber(batches.of[place].frames[index])]
      if !frame.pointee.flags.contains(.unevictable) { frame.pointee.flags.insert(.active) }
    }
    faultedFrom = 0
  }
}
