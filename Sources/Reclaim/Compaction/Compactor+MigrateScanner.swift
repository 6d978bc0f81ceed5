import AddressSpaces
import Arm64
import MemoryTypes
import PageFrames

/// The scanner that finds pages to move (isolate_migratepages()).
extension Compactor {
  /// Isolates pages of the next page block that has any; whether there are some to move.
  func isolatePages(_ control: inout CompactControl) -> Bool {
    let zone = control.zone
    let span = frames.pointee.span(of: zone)
    var low = shortCut(&control)
    var isShortCut = low != control.migrateFrame && control.fastFailures == 0
    var start = max(blockStart(low), span.lowerBound)
    var end = blockEnd(low)
    while end <= control.freeFrame {
      if frames.pointee.isInZone(start, end, zone) {
        let number = PageFrameNumber(start)
        let isAligned = low & (blockPages &- 1) == 0
        if isAligned && !isShortCut && !control.ignoresSkips
          && frames.pointee.skipsBlock(of: number)
        {
          // Nothing was found there lately.
        } else if !isSuitableSource(number, control) {
          noteScanned(blockEnd(end), control)
        } else {
          isolateBlock(low, end, &control)
          break
        }
      }
      isShortCut = false
      control.migrateFrame = end
      low = end
      start = end
      end &+= blockPages
    }
    return !control.pages.isEmpty
  }

  /// suitable_migration_source().
  private func isSuitableSource(_ block: PageFrameNumber, _ control: CompactControl) -> Bool {
    let frame = frames.pointee.frame(block)
    // A block of that size cannot be moved, and has nothing free in it (pageblock_skip_persistent()).
    if frame.pointee.isCompound,
      Order(UInt64(frame.pointee.blockOrder)) >= frames.pointee.geometry.pageblock
    {
      return false
    }
    guard control.isAsynchronous && control.isDirect else { return true }
    return frames.pointee.blockType(of: block) == control.type
  }

  /// Asynchronous and other compaction begin there next time (update_cached_migrate(), which takes the
  /// end of the page block behind the one that was scanned).
  private func noteScanned(_ end: UInt64, _ control: CompactControl) {
    let state = frames.pointee.compaction(of: control.zone)
    state.pointee.cachedMigrate[0] = max(state.pointee.cachedMigrate[0], end)
    if !control.isAsynchronous {
      state.pointee.cachedMigrate[1] = max(state.pointee.cachedMigrate[1], end)
    }
  }

  /// Isolates what can be moved of a page block, 32 pages unless it is scanned again
  /// (isolate_migratepages_block()).
  private func isolateBlock(_ start: UInt64, _ end: UInt64, _ control: inout CompactControl) {
    // A block of the order is given up at the first page that cannot be moved.
    let givesUp = control.isDirect && control.isAsynchronous
    let orderPages = UInt64(1) &<< UInt64(max(control.order, 0))
    var nextBlock = givesUp ? (start | (orderPages &- 1)) &+ 1 : .max
    var low = start
    var scanned = 0
    var isolated = 0
    var isFirst = true
    var isWholeBlock = false
    var skipIsUpdated = false
    while low < end {
      if givesUp && low >= nextBlock {
        if isolated > 0 { break }
        nextBlock = (low | (orderPages &- 1)) &+ 1
      }
      scanned &+= 1
      let number = PageFrameNumber(low)
      if isFirst && low & (blockPages &- 1) == 0 {
        isWholeBlock = true
        if !control.ignoresSkips && frames.pointee.skipsBlock(of: number) {
          low = end
          break
        }
      }
      isFirst = false
      let frame = frames.pointee.frame(number)
      let order = UInt64(frame.pointee.blockOrder)
      if frame.pointee.state == .free {
        low &+= 1 &<< order
        continue
      }
      // PageCompound.
      if frame.pointee.isCompound {
        low &+= 1 &<< order
      } else if take(frame, number, control) {
        if !skipIsUpdated {
          skipIsUpdated = true
          if isSkipped(number, control) {
            frames.pointee.putBack(number)
            break
          }
        }
        noteIsolated(frame, by: 1)
        control.pages.push(frame)
        isolated &+= 1
        low &+= 1
        if control.pages.count >= CompactControl.cluster && !control.rescans { break }
        continue
      } else {
        low &+= 1
      }
      guard givesUp else { continue }
      if isolated > 0 {
        putBack(&control.pages)
        isolated = 0
      }
      if low < nextBlock {
        low = nextBlock
        nextBlock &+= orderPages
      }
    }
    low = min(low, end)
    // Scanned to the end and nothing found, or found twice: not again soon.
    if low == end && (isolated == 0 || control.rescans) {
      if isWholeBlock && !skipIsUpdated {
        frames.pointee.setSkipsBlock(of: PageFrameNumber(start), true)
      }
      noteScanned(blockEnd(low), control)
    }
    control.migrateScanned &+= scanned
    if isolated > 0 { frames.pointee.count(.compact_isolated, by: isolated) }
    control.migrateFrame = low
  }

  /// Marks the block of its first page; whether it was marked already (test_and_set_skip()).
  private func isSkipped(_ number: PageFrameNumber, _ control: CompactControl) -> Bool {
    guard !control.ignoresSkips, number.rawValue & (blockPages &- 1) == 0 else { return false }
    let was = frames.pointee.skipsBlock(of: number)
    frames.pointee.setSkipsBlock(of: number, true)
    return was
  }

  /// Takes a page off its list, if it can be moved.
  private func take(
    _ frame: KernelPointer<Frame>, _ number: PageFrameNumber, _ control: CompactControl
  ) -> Bool {
    let flags = frame.pointee.flags
    let state = frame.pointee.state
    guard state == .anonymous || state == .pageCache, flags.contains(.lru) else { return false }
    let hasMapping = state == .pageCache && frame.pointee.mapping != 0 || flags.contains(.swapCache)
    // Pinned: moving it would fail.
    if !hasMapping && frame.pointee.referenceCount > frame.pointee.mapCount { return false }
    if hasMapping && !control.flags.contains(.fs) { return false }
    if flags.contains(.unevictable) && !control.takesUnevictable { return false }
    if flags.contains(.writeback) && control.mode != .full { return false }
    return frames.pointee.isolate(number)
  }
}
