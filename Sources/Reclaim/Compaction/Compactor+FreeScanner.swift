import AddressSpaces
import Arm64
import MemoryTypes
import PageFrames

/// The scanner that finds frames to move to (isolate_freepages()).
extension Compactor {
  /// Takes free blocks from the zone's end down until there are as many frames as pages to move.
  func isolateFree(_ control: inout CompactControl) {
    let wanted = control.wanted
    takeListed(wanted, &control)
    guard control.free.isEmpty else { return }
    let zone = control.zone
    let span = frames.pointee.span(of: zone)
    let low = blockEnd(control.migrateFrame)
    var from = control.freeFrame
    var start = blockStart(from)
    var end = min(start &+ blockPages, span.upperBound)
    var stride: UInt64 = control.isAsynchronous ? UInt64(CompactControl.cluster) : 1
    while start >= low {
      let block = PageFrameNumber(start)
      if frames.pointee.isInZone(start, end, zone), isSuitableTarget(block, control),
        control.ignoresSkips || !frames.pointee.skipsBlock(of: block)
      {
        let taken = takeFree(&from, end, wanted, stride, &control)
        if from == end {
          frames.pointee.setSkipsBlock(of: block, true)
          let state = frames.pointee.compaction(of: zone)
          state.pointee.cachedFree = min(state.pointee.cachedFree, start)
        }
        if control.free.count >= wanted {
          if from >= end { from = start &- blockPages }
          break
        }
        if from < end { break }
        stride = taken > 0 ? 1 : min(UInt64(CompactControl.cluster), stride &<< 1)
      }
      guard start >= blockPages else { break }
      end = start
      start &-= blockPages
      from = start
    }
    control.freeFrame = from
  }

  /// Takes free blocks of a range, until there are enough frames; how many
  /// (isolate_freepages_block()).
  private func takeFree(
    _ from: inout UInt64, _ end: UInt64, _ wanted: Int, _ stride: UInt64,
    _ control: inout CompactControl
  ) -> Int {
    var frame = from
    var scanned = 0
    var taken = 0
    while frame < end {
      scanned &+= 1
      let entry = frames.pointee.frame(PageFrameNumber(frame))
      let order = UInt64(entry.pointee.blockOrder)
      guard entry.pointee.state == .free else {
        // PageCompound.
        if entry.pointee.isCompound { frame &+= 1 &<< order &- 1 }
        frame &+= stride
        continue
      }
      let pages = takeBlock(frame, &control)
      if pages == 0 { break }
      scanned &+= pages &- 1
      taken &+= pages
      if wanted <= control.free.count {
        frame &+= UInt64(pages)
        break
      }
      frame &+= UInt64(pages) &- 1 &+ stride
    }
    from = min(frame, end)
    control.freeScanned &+= scanned
    if taken > 0 { frames.pointee.count(.compact_isolated, by: taken) }
    return taken
  }

  /// Takes one free block, as single frames, the last of which is used first.
  private func takeBlock(_ start: UInt64, _ control: inout CompactControl) -> Int {
    let pages = frames.pointee.isolateFreeBlock(PageFrameNumber(start))
    for offset in 0..<UInt64(pages) {
      control.free.push(frames.pointee.frame(PageFrameNumber(start &+ offset)))
    }
    return pages
  }

  /// suitable_migration_target().
  private func isSuitableTarget(_ block: PageFrameNumber, _ control: CompactControl) -> Bool {
    let frame = frames.pointee.frame(block)
    if frame.pointee.state == .free,
      Order(UInt64(frame.pointee.blockOrder)) >= frames.pointee.geometry.pageblock
    {
      return false
    }
    return control.ignoresSuitability || frames.pointee.blockType(of: block) == .movable
  }

  /// Looks for a block near the zone's end in the free lists (fast_isolate_freepages()).
  private func takeListed(_ wanted: Int, _ control: inout CompactControl) {
    guard control.order > 0 else { return }
    let zone = control.zone
    let span = frames.pointee.span(of: zone)
    let state = frames.pointee.compaction(of: zone)
    var limit = max(1, scanLimit(control) &>> 1)
    var isAtStart = false
    if control.freeFrame >= state.pointee.initialFree {
      limit = Int(blockPages) &>> 1
      isAtStart = true
    }
    let distance = control.freeFrame &- control.migrateFrame
    let low = blockStart(control.freeFrame &- distance &>> 2)
    let least = blockStart(control.freeFrame &- distance &>> 1)
    var highest: UInt64 = 0
    var scanned = 0
    var found: UInt64?
    control.searchOrder = min(control.order &- 1, control.searchOrder)
    var next: Int? = control.searchOrder
    while found == nil, let order = next {
      var looked = 0
      var high: UInt64 = 0
      let list = frames.pointee.movableBlocks(zone, order)
      if !list.isEmpty {
        var current = list.last
        var last = list.last
        while let frame = current {
          last = frame
          looked &+= 1
          scanned &+= 1
          let number = frames.pointee.number(of: frame).rawValue
          if number >= highest { highest = max(blockStart(number), span.lowerBound) }
          if number >= low {
            control.fastFailures = 0
            control.searchOrder = order
            found = number
            break
          }
          if number >= least && number > high {
            high = number
            limit &>>= 1
          }
          if looked >= limit { break }
          current = list.frame(before: frame)
        }
        if found == nil && high != 0 {
          found = high
          last = frames.pointee.frame(PageFrameNumber(high))
        }
        // So that the next search begins where this one did not look.
        if let last { list.rotate(toFirst: last) }
        if let block = found {
          let pages = takeBlock(block, &control)
          if pages > 0 {
            scanned &+= pages &- 1
            frames.pointee.count(.compact_isolated, by: pages)
          } else {
            found = nil
            break
          }
        }
        if looked >= limit { limit = max(1, limit &>> 1) }
      }
      next = nextOrder(order, &control)
    }
    var goesOnAt = found
    if found == nil {
      control.fastFailures &+= 1
      if isAtStart {
        if highest >= least {
          control.freeFrame = highest
          goesOnAt = highest
        } else if control.isDirect, frames.pointee.isRAM(least) {
          control.freeFrame = least
          goesOnAt = least
        }
      }
    }
    if highest != 0 && highest >= state.pointee.cachedFree {
      state.pointee.cachedFree = highest &- blockPages
    }
    control.freeScanned &+= scanned
    if let goesOnAt { takeAround(goesOnAt, wanted, &control) }
  }

  /// The order to search next, one smaller each time, from the largest again; nil after all
  /// (next_search_order()).
  private func nextOrder(_ order: Int, _ control: inout CompactControl) -> Int? {
    var next = order &- 1
    if next < 0 { next = control.order &- 1 }
    guard next == control.searchOrder else { return next }
    control.searchOrder &-= 1
    if control.searchOrder < 0 { control.searchOrder = control.order &- 1 }
    return nil
  }

  /// Takes the rest of a page block that something was found in (fast_isolate_around()).
  private func takeAround(_ frame: UInt64, _ wanted: Int, _ control: inout CompactControl) {
    guard control.free.count < wanted, !(control.isDirect && control.isAsynchronous) else { return }
    let span = frames.pointee.span(of: control.zone)
    var start = max(blockStart(frame), span.lowerBound)
    let end = min(blockEnd(frame), span.upperBound)
    let block = PageFrameNumber(start)
    guard frames.pointee.isInZone(start, end, control.zone) else { return }
    _ = takeFree(&start, end, wanted, 1, &control)
    if control.free.count < wanted { frames.pointee.setSkipsBlock(of: block, true) }
  }

  /// freelist_scan_limit().
  func scanLimit(_ control: CompactControl) -> Int {
    CompactControl.cluster &>> min(63, control.fastFailures) &+ 1
  }
}
