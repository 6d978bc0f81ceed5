import Arm64
public import MemoryTypes

/// How an eviction looks at the oldest generation.
public struct GenerationScan: BitwiseCopyable, Sendable {
  /// The last zone of use, and the last tier that is not protected.
  public var highest: ZoneIndex
  public var tier: Int
  public var mayUnmap = true
  /// Whether pages may be written, which dirty and anonymous ones must be.
  public var mayWrite = true

  public init(upTo highest: ZoneIndex, tier: Int) {
    self.highest = highest
    self.tier = tier
  }
}

/// What came of it: frames looked at, brought to other generations, and taken.
public struct ScannedGeneration: BitwiseCopyable, Sendable {
  public var scanned = 0
  public var sorted = 0
  public var taken = 0
  /// Dirty pages of files that nobody writes back yet.
  public var dirty = 0
  /// Whether as many were looked at as may be at once.
  public var isExhausted = false

  init() {}
}

extension FrameAllocator {
  /// Goes through the oldest generation of a type from its end (`scan_folios()`): promoted and
  /// protected pages are brought to their lists, up to 64 others into ``IsolatedList/held``.
  public mutating func scanGeneration(
    _ vector: KernelPointer<LRUVector>, _ type: Int, _ scan: GenerationScan
  ) -> ScannedGeneration {
    var result = ScannedGeneration()
    guard let generations = vector.pointee.generations,
      generations.pointee.count(type) > Generations.fewest
    else { return result }
    let generation = Generations.number(generations.pointee.oldest[type])
    let held = LRUVector.list(isolated, IsolatedList.held.rawValue)
    let moved = LRUVector.list(isolated, 3)
    var remaining = Generations.largestBatch
    for turn in 0..<2 {
      let zone = scan.highest < .normal ? turn : 1 &- turn
      let source = Generations.list(generations, Generations.place(generation, type, zone))
      var counts = LRUCounts()
      var skipped = 0
      while let frame = source.last {
        let number = frames.number(of: frame)
        result.scanned &+= 1
        if let (place, isFirst) = sort(frame, number, generations, scan, &counts, &result) {
          FrameList.remove(frame)
          let list = Generations.list(generations, place)
          if isFirst { list.prepend(frame) } else { list.append(frame) }
          result.sorted &+= 1
        } else if isIsolatable(frame, scan) {
          take(frame, number, &counts)
          held.prepend(frame)
          result.taken &+= 1
        } else {
          FrameList.remove(frame)
          moved.prepend(frame)
          skipped &+= 1
        }
        remaining &-= 1
        if remaining == 0 || max(result.taken, skipped) >= Generations.batch { break }
      }
      apply(counts)
      if skipped != 0 {
        // Back to the end that is looked at last.
        while let frame = moved.last {
          FrameList.remove(frame)
          source.prepend(frame)
        }
        count(zone == 0 ? .pgskip_dma : .pgskip_normal, by: skipped)
      }
      if remaining == 0 || result.taken >= Generations.batch { break }
    }
    result.isExhausted = remaining == 0
    return result
  }

  /// Where a page belongs that is not to be taken now, and whether in front; nil for others
  /// (`sort_folio()`).
  private mutating func sort(
    _ frame: KernelPointer<Frame>, _ number: PageFrameNumber,
    _ generations: KernelPointer<Generations>, _ scan: GenerationScan,
    _ counts: inout LRUCounts, _ result: inout ScannedGeneration
  ) -> (place: Int, isFirst: Bool)? {
    let flags = frame.pointee.flags
    // Culled by whoever takes it.
    if !flags.isDisjoint(with: [.mlocked, .ownerLocked]) { return nil }
    let type = frame.pointee.lruType
    let zone = zoneNumber(number)
    // Written to after MADV_FREE: an anonymous page again.
    if type == 1, frame.pointee.state == .anonymous, flags.contains(.dirty) {
      resize(frame, number, generations, from: flags.generation, to: -1, &counts)
      frame.pointee.flags.insert(.swapBacked)
      let second = Generations.number(generations.pointee.newest &- 1)
      frame.pointee.flags.setGeneration(second)
      resize(frame, number, generations, from: -1, to: second, &counts)
      return (Generations.place(second, 0, zone), false)
    }
    let oldest = Generations.number(generations.pointee.oldest[type])
    if flags.generation != oldest {
      return (Generations.place(flags.generation, type, zone), true)
    }
    let uses = flags.uses
    let tier = Frame.Flags.tier(uses: uses)
    if tier > scan.tier || uses == 4 {
      let next = advance(frame, number, generations, &counts)
      if tier > 0 { generations.pointee.protected[type &* 4 &+ tier] &+= 1 }
      let item = type == 0 ? VMStat.workingset_activate_anon : .workingset_activate_file
      count(item)
      countGroup(item, frame, by: 1)
      return (Generations.place(next, type, zone), false)
    }
    if zone == 1 && scan.highest < .normal {
      let next = advance(frame, number, generations, &counts)
      return (Generations.place(next, type, zone), false)
    }
    if !flags.isDisjoint(with: [.locked, .writeback]) || type == 1 && flags.contains(.dirty) {
      if type == 1 && flags.contains(.dirty) { result.dirty &+= 1 }
      let next = advance(frame, number, generations, &counts, reclaims: true)
      return (Generations.place(next, type, zone), true)
    }
    return nil
  }

  /// isolate_folio(), as far as it may refuse.
  private func isIsolatable(_ frame: KernelPointer<Frame>, _ scan: GenerationScan) -> Bool {
    let flags = frame.pointee.flags
    if !scan.mayUnmap && frame.pointee.mapCount > 0 { return false }
    return scan.mayWrite
      || !flags.contains(.dirty)
        && !(frame.pointee.state == .anonymous && !flags.contains(.swapCache))
  }

  /// isolate_folio(), as far as it takes.
  private mutating func take(
    _ frame: KernelPointer<Frame>, _ number: PageFrameNumber, _ counts: inout LRUCounts
  ) {
    frame.pointee.referenceCount &+= 1
    if !frame.pointee.flags.contains(.referenced) { frame.pointee.flags.subtract(.allUses) }
    frame.pointee.flags.subtract([.reclaim, .referenced])
    unlinkFromGeneration(frame, number, &counts, evicts: true)
  }

  /// Looks at what an eviction did not take (`evict_folios()`): it becomes the newest, so that it
  /// does not come back at once, but for what only has to be written.
  ///
  /// What nothing speaks against any more is held once more, unless `isLast`; how many.
  public mutating func sortKept(isLast: Bool) -> Int {
    let kept = LRUVector.list(isolated, IsolatedList.kept.rawValue)
    let held = LRUVector.list(isolated, IsolatedList.held.rawValue)
    var again = 0
    var next = kept.last
    while let frame = next {
      next = kept.frame(before: frame)
      let flags = frame.pointee.flags
      if !flags.isDisjoint(with: [.mlocked, .unevictable, .ownerLocked]) { continue }
      let isWritten = !flags.isDisjoint(with: [.dirty, .writeback])
      if flags.contains(.reclaim) && isWritten {
        if flags.contains(.workingset) { frame.pointee.flags.insert(.referenced) }
        continue
      }
      if isLast || !flags.isDisjoint(with: [.active, .referenced, .locked])
        || frame.pointee.mapCount > 0 || isWritten
      {
        frame.pointee.flags.subtract(.allUses)
        frame.pointee.flags.insert(.active)
        continue
      }
      FrameList.remove(frame)
      held.prepend(frame)
      again &+= 1
    }
    return again
  }
}
