import AddressSpaces
import Arm64
import MemoryTypes
import PageFrames

/// Where the migrate scanner could begin, and which page blocks it may look at again.
extension Compactor {
  /// A page block low down that has free blocks already, so that little has to be moved to make it
  /// whole (fast_find_migrateblock()).
  func shortCut(_ control: inout CompactControl) -> UInt64 {
    let zone = control.zone
    let span = frames.pointee.span(of: zone)
    let here = control.migrateFrame
    guard !control.ignoresSkips else { return here }
    guard here == span.lowerBound || here == blockStart(here) else { return here }
    guard control.order > 3 else { return here }
    if control.isDirect && control.type != .movable { return here }
    let limit = scanLimit(control)
    var distance = (control.freeFrame &- here) &>> 1
    if here != span.lowerBound { distance &>>= 2 }
    let high = blockStart(here &+ distance)
    var scanned = 0
    var found: UInt64?
    var order = control.order &- 1
    while order >= 3, found == nil, scanned < limit {
      let list = frames.pointee.movableBlocks(zone, order)
      var current = list.first
      while let frame = current {
        scanned &+= 1
        if scanned > limit {
          list.rotate(toLast: frame)
          break
        }
        let number = frames.pointee.number(of: frame)
        if number.rawValue < high, !frames.pointee.skipsBlock(of: number) {
          list.rotate(toLast: frame)
          if control.fastStart != .max {
            control.fastStart =
              control.fastStart == 0 ? number.rawValue : min(control.fastStart, number.rawValue)
          }
          found = max(blockStart(number.rawValue), span.lowerBound)
          control.fastFailures = 0
          frames.pointee.setSkipsBlock(of: number, true)
          break
        }
        current = list.frame(after: frame)
      }
      order &-= 1
    }
    control.migrateScanned &+= scanned
    if let found { return found }
    control.fastFailures &+= 1
    // reinit_migrate_pfn()
    guard control.fastStart != 0, control.fastStart != .max else { return control.migrateFrame }
    control.migrateFrame = control.fastStart
    control.fastStart = .max
    return control.migrateFrame
  }

  /// Clears the skip bits of all zones in which a whole round is over: kswapd goes to sleep
  /// (reset_isolation_suitable()).
  public func resetSkips() {
    forEachZone(upTo: .movable) { zone in
      if frames.pointee.compaction(of: zone).pointee.flushesSkips { resetSkips(zone, force: false) }
    }
  }

  /// Clears the skip bits of page blocks that have something, and lets the scanners begin at the
  /// outermost (__reset_isolation_suitable()).
  func resetSkips(_ zone: ZoneIndex, force: Bool) {
    let state = frames.pointee.compaction(of: zone)
    guard state.pointee.flushesSkips || force else { return }
    state.pointee.flushesSkips = false
    let span = frames.pointee.span(of: zone)
    guard !span.isEmpty else { return }
    var low = span.lowerBound
    var high = span.upperBound &- 1
    var bestSource = high
    var bestTarget = low
    var hasSource = false
    var hasTarget = false
    while low < high {
      if clearSkip(zone, low, source: true, target: hasSource), low < bestSource {
        hasSource = true
        bestSource = low
        state.pointee.initialMigrate = low
        state.pointee.cachedMigrate[0] = low
        state.pointee.cachedMigrate[1] = low
      }
      if clearSkip(zone, high, source: hasTarget, target: true), high > bestTarget {
        hasTarget = true
        bestTarget = high
        state.pointee.initialFree = high
        state.pointee.cachedFree = high
      }
      low &+= blockPages
      guard high >= blockPages else { break }
      high &-= blockPages
    }
    if bestSource >= bestTarget {
      state.pointee.cachedMigrate[0] = low
      state.pointee.cachedMigrate[1] = low
      state.pointee.cachedFree = high
    }
  }

  /// __reset_isolation_pfn().
  private func clearSkip(
    _ zone: ZoneIndex, _ place: UInt64, source: Bool, target: Bool
  ) -> Bool {
    let span = frames.pointee.span(of: zone)
    let block = PageFrameNumber(blockStart(place))
    guard frames.pointee.isRAM(place) else { return false }
    if source && target && !frames.pointee.skipsBlock(of: block) { return true }
    if !source && target && frames.pointee.blockType(of: block) != .movable { return false }
    var frame = max(blockStart(place), span.lowerBound)
    let end = min(blockEnd(place), span.upperBound)
    guard frames.pointee.isRAM(frame), frames.pointee.isRAM(end &- 1) else { return false }
    while frame < end {
      let entry = frames.pointee.frame(PageFrameNumber(frame))
      let isOnList =
        (entry.pointee.state == .anonymous || entry.pointee.state == .pageCache)
        && entry.pointee.flags.contains(.lru)
      if source && isOnList || target && entry.pointee.state == .free {
        frames.pointee.setSkipsBlock(of: block, false)
        return true
      }
      frame &+= 8
    }
    return false
  }

  /// Visits the zones that have frames, lowest first.
  func forEachZone(upTo highest: ZoneIndex, _ body: (ZoneIndex) -> Void) {
    for raw in 0...highest.rawValue {
      guard let zone = ZoneIndex(rawValue: raw) else { continue }
      if !frames.pointee.span(of: zone).isEmpty { body(zone) }
    }
  }
}
