import AddressSpaces
import Arm64
import MemoryTypes
public import PageFrames

/// One zone, from the beginning to the end (compact_zone()).
extension Compactor {
  public func compact(_ zone: ZoneIndex, _ control: inout CompactControl) -> CompactionResult {
    control.zone = zone
    control.migrateScanned = 0
    control.freeScanned = 0
    let suitable = suitability(zone, control.order, control)
    guard suitable == .goesOn else { return suitable }
    let state = frames.pointee.compaction(of: zone)
    if state.pointee.isRestarting(control.order) { resetSkips(zone, force: false) }
    begin(zone, &control)
    var lastMigrated: UInt64 = 0
    var keepsInStep =
      control.isAsynchronous && state.pointee.cachedMigrate[0] == state.pointee.cachedMigrate[1]
    frames.pointee.drainLRU()
    var result = outcome(control)
    while result == .goesOn {
      let start = control.migrateFrame
      control.rescans = blockStart(lastMigrated) == blockStart(start)
      if isolatePages(&control) {
        keepsInStep = false
        lastMigrated = start
        let moved = movePages(&control)
        // No frame to move to, above the mark, and the scanners are apart: no use to go on.
        if moved == .withoutFrames, !haveMet(control) {
          result = .contended
          break
        }
        if moved != .all, control.isDirect, control.isAsynchronous {
          // That block cannot become whole: the rest of it is left alone.
          control.migrateFrame = roundUp(control.migrateFrame, control.order)
          lastMigrated = 0
        }
      } else if keepsInStep {
        state.pointee.cachedMigrate[1] = state.pointee.cachedMigrate[0]
      }
      // Behind a block of the order: what was freed is to be merged (lru_add_drain_cpu_zone()).
      if control.order > 0, lastMigrated != 0,
        lastMigrated < roundDown(control.migrateFrame, control.order)
      {
        frames.pointee.drainLRU()
        frames.pointee.drain()
        lastMigrated = 0
      }
      result = outcome(control)
    }
    finish(&control)
    frames.pointee.count(.compact_migrate_scanned, by: control.migrateScanned)
    frames.pointee.count(.compact_free_scanned, by: control.freeScanned)
    return result
  }

  /// Where the scanners begin.
  private func begin(_ zone: ZoneIndex, _ control: inout CompactControl) {
    let state = frames.pointee.compaction(of: zone)
    let span = frames.pointee.span(of: zone)
    control.fastStart = 0
    if control.wholeZone {
      control.migrateFrame = span.lowerBound
      control.freeFrame = blockStart(span.upperBound &- 1)
      return
    }
    control.migrateFrame = state.pointee.cachedMigrate[control.isAsynchronous ? 0 : 1]
    control.freeFrame = state.pointee.cachedFree
    if !span.contains(control.freeFrame) {
      control.freeFrame = blockStart(span.upperBound &- 1)
      state.pointee.cachedFree = control.freeFrame
    }
    if !span.contains(control.migrateFrame) {
      control.migrateFrame = span.lowerBound
      state.pointee.cachedMigrate[0] = control.migrateFrame
      state.pointee.cachedMigrate[1] = control.migrateFrame
    }
    if control.migrateFrame <= state.pointee.initialMigrate { control.wholeZone = true }
  }

  /// Gives back the frames that nothing was moved to.
  private func finish(_ control: inout CompactControl) {
    guard !control.free.isEmpty else { return }
    var highest: UInt64 = 0
    while let frame = control.free.pop() {
      let number = frames.pointee.number(of: frame)
      highest = max(highest, number.rawValue)
      frames.pointee.free(number)
    }
    let state = frames.pointee.compaction(of: control.zone)
    state.pointee.cachedFree = max(state.pointee.cachedFree, blockStart(highest))
  }

  /// Whether to go on (__compact_finished()).
  private func outcome(_ control: CompactControl) -> CompactionResult {
    let zone = control.zone
    let state = frames.pointee.compaction(of: zone)
    if haveMet(control) {
      let span = frames.pointee.span(of: zone)
      state.pointee.cachedMigrate[0] = span.lowerBound
      state.pointee.cachedMigrate[1] = span.lowerBound
      state.pointee.cachedFree = blockStart(span.upperBound &- 1)
      if control.isDirect { state.pointee.flushesSkips = true }
      return control.wholeZone ? .complete : .partlySkipped
    }
    if control.isProactive {
      let order = Int(frames.pointee.geometry.pageblock.rawValue)
      return frames.pointee.externalFragmentation(zone, order) > control.lowScore
        ? .goesOn : .success
    }
    guard control.order >= 0 else { return .goesOn }
    // A page block is always finished.
    guard control.migrateFrame & (blockPages &- 1) == 0 else { return .goesOn }
    return frames.pointee.hasSuitableBlock(zone, control.order, control.type) ? .success : .goesOn
  }

  /// Whether the free scanner is where the migrate scanner is (compact_scanners_met()).
  func haveMet(_ control: CompactControl) -> Bool {
    blockStart(control.freeFrame) <= blockStart(control.migrateFrame)
  }

  /// Whether compacting makes sense: `.goesOn` if so, `.success` where there is a block already,
  /// `.skipped` where there is too little or it is not for want of order (compaction_suitable()).
  public func suitability(
    _ zone: ZoneIndex, _ order: Int, _ control: CompactControl
  ) -> CompactionResult {
    guard order >= 0 else { return .goesOn }
    if frames.pointee.hasBlock(zone, order, for: control.highest, aboveLow: false) {
      return .success
    }
    guard frames.pointee.hasRoomToCompact(zone, order, for: control.highest) else {
      return .skipped
    }
    if order > 3 {
      let index = frames.pointee.fragmentationIndex(zone, order)
      if index >= 0 && index <= control.threshold { return .skipped }
    }
    return .goesOn
  }

  /// How far moving what was isolated came.
  private enum Moved {
    case all
    case some
    /// There were no frames for the others (-ENOMEM).
    case withoutFrames
  }

  /// Moves what was isolated, and puts the rest back (migrate_pages()).
  private func movePages(_ control: inout CompactControl) -> Moved {
    var moved = 0
    var failed = 0
    var stranded = FrameStack()
    var hasFrames = true
    control.wanted = control.pages.count
    while let frame = control.pages.pop() {
      let number = frames.pointee.number(of: frame)
      guard hasFrames else {
        stranded.push(frame)
        continue
      }
      if control.free.isEmpty { isolateFree(&control) }
      guard let target = control.free.pop() else {
        // One is counted, the others were not tried.
        hasFrames = false
        failed &+= 1
        stranded.push(frame)
        continue
      }
      noteIsolated(frame, by: -1)
      if memory.pointee.migrate(number, to: frames.pointee.number(of: target), control.mode) {
        moved &+= 1
      } else {
        noteIsolated(frame, by: 1)
        control.free.push(target)
        failed &+= 1
        stranded.push(frame)
      }
    }
    frames.pointee.count(.pgmigrate_success, by: moved)
    frames.pointee.count(.pgmigrate_fail, by: failed)
    putBack(&stranded)
    guard hasFrames else { return .withoutFrames }
    return failed == 0 ? .all : .some
  }

  /// Puts isolated pages back to their lists (putback_movable_pages()).
  func putBack(_ pages: inout FrameStack) {
    while let frame = pages.pop() {
      noteIsolated(frame, by: -1)
      frames.pointee.putBack(frames.pointee.number(of: frame))
    }
  }

  /// Counts a page that was taken off its list, or is on one again (NR_ISOLATED_ANON).
  func noteIsolated(_ frame: KernelPointer<Frame>, by pages: Int) {
    let isAnonymous = frame.pointee.flags.contains(.swapBacked)
    frames.pointee.count(isAnonymous ? .nr_isolated_anon : .nr_isolated_file, by: pages)
  }

  // Page blocks.

  var blockPages: UInt64 { frames.pointee.geometry.pageblock.pages.rawValue }

  func blockStart(_ frame: UInt64) -> UInt64 { frame & ~(blockPages &- 1) }

  func blockEnd(_ frame: UInt64) -> UInt64 { blockStart(frame) &+ blockPages }

  private func roundDown(_ frame: UInt64, _ order: Int) -> UInt64 {
    frame & ~(UInt64(1) &<< UInt64(max(order, 0)) &- 1)
  }

  /// The end of the block of an order that the frame before one is in.
  private func roundUp(_ frame: UInt64, _ order: Int) -> UInt64 {
    let mask = UInt64(1) &<< UInt64(max(order, 0)) &- 1
    return (frame &+ mask) & ~mask
  }
}
