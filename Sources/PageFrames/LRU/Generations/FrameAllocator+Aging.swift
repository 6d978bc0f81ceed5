import Arm64
public import MemoryTypes

/// Making a new generation, and promoting pages to it.
extension FrameAllocator {
  /// Brings a page that was used through a page table to the newest generation, in time
  /// (`folio_update_gen()`); true if it was of an older one.
  ///
  /// One that somebody has taken off the lists is marked, so that it stays.
  @discardableResult
  public mutating func promote(_ number: PageFrameNumber) -> Bool {
    let frame = frames[number]
    let old = frame.pointee.flags.generation
    guard old >= 0 else {
      frame.pointee.flags.insert(.referenced)
      return false
    }
    let generations = generations(of: frame)
    let new = Generations.number(generations.pointee.newest)
    frame.pointee.flags.subtract(.allUses)
    guard old != new else { return false }
    frame.pointee.flags.setGeneration(new)
    var counts = LRUCounts()
    resize(frame, number, generations, from: old, to: new, &counts)
    apply(counts)
    return true
  }

  /// Moves a page one generation on, if it is still of the oldest (`folio_inc_gen()`); its
  /// generation.
  mutating func advance(
    _ frame: KernelPointer<Frame>, _ number: PageFrameNumber,
    _ generations: KernelPointer<Generations>, _ counts: inout LRUCounts, reclaims: Bool = false
  ) -> Int {
    let old = Generations.number(generations.pointee.oldest[frame.pointee.lruType])
    let here = frame.pointee.flags.generation
    guard here == old else { return here }
    let new = (old &+ 1) & 3
    frame.pointee.flags.subtract(.allUses)
    frame.pointee.flags.setGeneration(new)
    if reclaims { frame.pointee.flags.insert(.reclaim) }
    resize(frame, number, generations, from: old, to: new, &counts)
    return new
  }

  /// Makes a new generation (`inc_max_seq()`); what is in the oldest of four goes to the next.
  public mutating func beginGeneration(_ vector: KernelPointer<LRUVector>, canSwap: Bool) {
    guard let generations = vector.pointee.generations else { return }
    for type in 0..<2 where generations.pointee.count(1 &- type) == Generations.most {
      endOldest(generations, 1 &- type, canSwap: canSwap)
    }
    // What was active becomes inactive; the number that becomes the newest may still have anonymous
    // pages that could not be taken.
    let previous = Generations.number(generations.pointee.newest &- 1)
    let next = Generations.number(generations.pointee.newest &+ 1)
    for type in 0..<2 {
      for zone in 0..<2 {
        let change =
          generations.pointee.pages[Generations.place(previous, type, zone)]
          &- generations.pointee.pages[Generations.place(next, type, zone)]
        guard change != 0 else { continue }
        var counts = LRUCounts()
        counts.key = type &* 2 &+ zone &* 8 &+ Int(vector.pointee.group) &<< 4
        counts.pages = change
        apply(counts)
        counts.key &+= 1
        counts.pages = -change
        apply(counts)
      }
    }
    generations.pointee.births[next] = board.clock.nanoseconds
    generations.pointee.newest &+= 1
  }

  /// inc_min_seq().
  private mutating func endOldest(
    _ generations: KernelPointer<Generations>, _ type: Int, canSwap: Bool
  ) {
    if type == 1 || canSwap {
      let old = Generations.number(generations.pointee.oldest[type])
      for zone in 0..<2 {
        let source = Generations.list(generations, Generations.place(old, type, zone))
        var counts = LRUCounts()
        while let frame = source.last {
          let new = advance(frame, frames.number(of: frame), generations, &counts)
          FrameList.remove(frame)
          Generations.list(generations, Generations.place(new, type, zone)).append(frame)
        }
        apply(counts)
      }
    }
    generations.pointee.carryOver(type)
    generations.pointee.oldest[type] &+= 1
  }

  /// Leaves oldest generations behind that are empty (`try_to_inc_min_seq()`); whether any was.
  public mutating func leaveEmptyGenerations(
    _ vector: KernelPointer<LRUVector>, canSwap: Bool
  ) -> Bool {
    guard let generations = vector.pointee.generations else { return false }
    var oldest = generations.pointee.oldest
    for type in (canSwap ? 0 : 1)..<2 {
      while oldest[type] &+ Generations.fewest <= generations.pointee.newest {
        let place = Generations.place(Generations.number(oldest[type]), type, 0)
        guard Generations.list(generations, place).isEmpty,
          Generations.list(generations, place &+ 1).isEmpty
        else { break }
        oldest[type] &+= 1
      }
    }
    if canSwap {
      oldest[0] = min(oldest[0], oldest[1])
      oldest[1] = max(oldest[0], generations.pointee.oldest[1])
    }
    var hasLeft = false
    for type in (canSwap ? 0 : 1)..<2 where oldest[type] != generations.pointee.oldest[type] {
      generations.pointee.carryOver(type)
      generations.pointee.oldest[type] = oldest[type]
      hasLeft = true
    }
    return hasLeft
  }
}
