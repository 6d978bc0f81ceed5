import AddressSpaces
import Arm64
import Files
import MemoryTypes
import PageFrames

/// Deciding about each page of a batch (shrink_folio_list()).
extension Reclaimer {
  /// What references say (enum folio_references).
  private enum References {
    case reclaim, reclaimClean, keep, activate
  }

  /// What is done with a page.
  private enum Verdict {
    case freed, kept, activated
  }

  /// Decides about all pages in hand; how many were freed.
  ///
  /// The others are ``PageFrames/IsolatedList/kept``.
  func shrinkHeld(
    _ scan: inout ScanControl, _ figures: inout BatchFigures, ignoresReferences: Bool = false
  ) -> Int {
    let frames = frames
    var reclaimed = 0
    while let number = frames.pointee.takeHeld() {
      scan.scanned &+= 1
      let frame = frames.pointee.frame(number)
      switch decide(number, frame, &scan, &figures, ignoresReferences) {
      case .freed:
        reclaimed &+= 1
        frames.pointee.release(number)
      case .activated:
        // Not a candidate after all; a locked page goes to the unevictable ones.
        dropSlotIfFull(number, frame)
        if !frame.pointee.flags.contains(.mlocked) {
          frame.pointee.flags.insert(.active)
          frames.pointee.countGroup(.pgactivate, frame, by: 1)
          if frame.pointee.flags.contains(.swapBacked) {
            figures.activated.anonymous &+= 1
          } else {
            figures.activated.file &+= 1
          }
        }
        frames.pointee.keep(number)
      case .kept: frames.pointee.keep(number)
      }
    }
    frames.pointee.count(
      .pgactivate, by: figures.activated.anonymous &+ figures.activated.file)
    return reclaimed
  }

  private func decide(
    _ number: PageFrameNumber, _ frame: KernelPointer<Frame>, _ scan: inout ScanControl,
    _ figures: inout BatchFigures, _ ignoresReferences: Bool
  ) -> Verdict {
    let flags = frame.pointee.flags
    // A disk is reading it.
    if flags.contains(.locked) { return .kept }
    if !flags.isDisjoint(with: [.mlocked, .unevictable, .ownerLocked]) { return .activated }
    if !scan.mayUnmap && frame.pointee.mapCount > 0 { return .kept }
    let isFile = !flags.contains(.swapBacked) && frame.pointee.state == .pageCache
    if isFile, flags.contains(.dirty) { figures.unqueuedDirty &+= 1 }
    // Seen to be used while it was in hand (folio_update_gen()).
    if usesGenerations, !ignoresReferences, frame.pointee.mapCount > 0, flags.contains(.referenced)
    {
      return .kept
    }
    if flags.contains(.writeback) { return meetWriteback(frame, scan, &figures) }
    var references = References.reclaim
    if !ignoresReferences { references = check(number, frame) }
    if references == .activate { return .activated }
    if references == .keep { return .kept }
    if frame.pointee.state == .anonymous && flags.contains(.swapBacked)
      && !flags.contains(.swapCache)
    {
      guard scan.flags.contains(.io) else { return .kept }
      guard addToSwap(number) else { return .activated }
    }
    if frame.pointee.mapCount > 0, !unmap(number) { return .activated }
    if isUnsaved(frame), frame.pointee.state != .anonymous || isSwapped(frame) {
      if isFile, !scan.isKswapd || !flags.contains(.reclaim) || !frames.pointee.meetsDirty {
        // It is written back by whoever writes files back, and taken then.
        frames.pointee.count(.nr_vmscan_immediate_reclaim)
        frame.pointee.flags.insert(.reclaim)
        return .activated
      }
      if references == .reclaimClean { return .kept }
      guard scan.flags.contains(.fs) || isSwapped(frame) && scan.flags.contains(.io),
        scan.mayWrite
      else { return .kept }
      switch pageOut(number, frame) {
      case .kept: return .kept
      case .activated: return .activated
      case .freed:
        figures.pageout &+= 1
        // Being written, or written at once and taken now.
        if !frame.pointee.flags.isDisjoint(with: [.writeback, .dirty]) { return .kept }
      }
    }
    return takeAway(number, frame, scan)
  }

  /// A page that is being written at the end of a list (the three cases of shrink_folio_list()).
  private func meetWriteback(
    _ frame: KernelPointer<Frame>, _ scan: ScanControl, _ figures: inout BatchFigures
  ) -> Verdict {
    // One that kswapd meets again while all is being written tells it nothing new.
    if !scan.isKswapd || !frame.pointee.flags.contains(.reclaim) || !frames.pointee.meetsWriteback {
      frame.pointee.flags.insert(.reclaim)
      figures.writeback &+= 1
    }
    return .activated
  }

  /// How a page was used since it came to the list (folio_check_references()).
  private func check(_ number: PageFrameNumber, _ frame: KernelPointer<Frame>) -> References {
    let used = references(number)
    let wasReferenced = frame.pointee.flags.contains(.referenced)
    frame.pointee.flags.remove(.referenced)
    if used.isLocked { return .activate }
    let isFile = !frame.pointee.flags.contains(.swapBacked)
    if used.entries != 0 {
      // All mapped pages begin used, by the fault that made the entry: a second use is looked for.
      frame.pointee.flags.insert(.referenced)
      if wasReferenced || used.entries > 1 { return .activate }
      return used.isExecutable && isFile ? .activate : .keep
    }
    return wasReferenced && isFile ? .reclaimClean : .reclaim
  }

  /// Takes a clean, unmapped page from whoever keeps it (__remove_mapping()).
  private func takeAway(
    _ number: PageFrameNumber, _ frame: KernelPointer<Frame>, _ scan: ScanControl
  ) -> Verdict {
    if frame.pointee.state == .anonymous && !frame.pointee.flags.contains(.swapBacked) {
      guard frame.pointee.referenceCount == 1 else { return .kept }
      frames.pointee.count(.pglazyfreed)
      frames.pointee.countGroup(.pglazyfreed, frame, by: 1)
      return .freed
    }
    if isSwapped(frame) { return leaveCache(number, frame, scan) ? .freed : .kept }
    if memory.pointee.files.pointee.evict(number, leavesShadow: true, for: scan.group) {
      return .freed
    }
    // What cannot be read again is of no use here.
    return frame.pointee.flags.contains(.unbacked) ? .activated : .kept
  }
}
