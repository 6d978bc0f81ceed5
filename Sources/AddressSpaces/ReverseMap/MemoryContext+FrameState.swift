import Arm64
public import MemoryTypes

/// What all entries of a frame know together, asked for through the reverse map.
extension MemoryContext {
  /// How many entries were used since this was last asked, which makes them old; whether a locked
  /// area has the page, and whether one that used it may execute it (mm/rmap.c:folio_referenced()).
  ///
  /// The TLB is not told: a stale entry costs an answer, not correctness (arch/arm64:
  /// ptep_clear_flush_young()).
  public func referenced(_ number: PageFrameNumber) -> (
    entries: Int, isLocked: Bool, isExecutable: Bool
  ) {
    var entries = 0
    var isLocked = false
    var isExecutable = false
    forEachMapping(of: number) { mapping in
      if mapping.area.pointee.flags.contains(.locked) {
        isLocked = true
        return
      }
      guard mapping.slot.pointee.isYoung else { return }
      mapping.slot.pointee = mapping.slot.pointee.madeOld
      mapping.space.pointee.invalidatePage(mapping.address)
      guard !mapping.area.pointee.flags.contains(.sequentialRead) else { return }
      entries &+= 1
      if mapping.area.pointee.flags.contains(.execute) { isExecutable = true }
    }
    return (entries, isLocked, isExecutable)
  }

  /// Takes the right to write from every shared entry of a page, so that the next write is noticed:
  /// the page is about to be written back (mm/rmap.c:folio_mkclean()).
  ///
  /// Whether any of them was dirty, or could be.
  @discardableResult
  public func makeEntriesClean(_ number: PageFrameNumber) -> Bool {
    var found = false
    forEachMapping(of: number) { mapping in
      let old = mapping.slot.pointee
      guard mapping.area.pointee.flags.contains(.shared), old.isDirty || old.isWritable else {
        return
      }
      mapping.slot.pointee = old.writeProtected.madeClean
      mapping.space.pointee.invalidatePage(mapping.address)
      found = true
    }
    return found
  }
}
