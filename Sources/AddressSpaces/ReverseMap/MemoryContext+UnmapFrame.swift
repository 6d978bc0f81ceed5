import Arm64
import Files
public import MemoryTypes
import PageFrames

/// Taking one page out of all tables, for reclaim (mm/rmap.c:try_to_unmap()).
extension MemoryContext {
  /// Unmaps a page of a file, or one that may be dropped instead of swapped (MADV_FREE);
  /// whether nothing maps it any more.
  ///
  /// What tables know of it goes into the frame: a page that was written meanwhile is dirty. One of
  /// a locked area stays, and so does a dropped one that was written after all: it is swap-backed
  /// again.
  public func unmapFrame(_ number: PageFrameNumber) -> Bool {
    let frame = frames.pointee.frame(number)
    let isAnonymous = frame.pointee.state == .anonymous
    var mayGoOn = true
    forEachMapping(of: number) { mapping in
      guard mayGoOn else { return }
      // Restored to the unevictable list (mlock_vma_folio()).
      if mapping.area.pointee.flags.contains(.locked) {
        frames.pointee.lock(number)
        mayGoOn = false
        return
      }
      let old = mapping.slot.pointee
      if isAnonymous && (old.isDirty || frame.pointee.flags.contains(.dirty)) {
        frame.pointee.flags.formUnion([.dirty, .swapBacked])
        mayGoOn = false
        return
      }
      mapping.slot.pointee = .none
      mapping.space.pointee.taken.add(mapping.area.pointee.start)
      mapping.space.pointee.invalidatePage(mapping.address)
      if old.isDirty && !isAnonymous {
        frames.pointee.setDirty(number, counted: !frame.pointee.flags.contains(.swapBacked))
      }
      mapping.space.pointee.forget(
        isAnonymous ? .anonymous : mapping.space.pointee.fileKind(of: mapping.area))
      frame.pointee.mapCount &-= 1
      if frame.pointee.mapCount == 0 {
        let item = isAnonymous ? VMStat.nr_anon_pages : .nr_mapped
        frames.pointee.count(item, by: -1)
        frames.pointee.countGroup(item, frame, by: -1)
      }
      // The isolated page has another.
      frames.pointee.release(number)
    }
    return frame.pointee.mapCount == 0
  }
}

extension AddressSpace {
  /// One resident page less, which somebody else took (`update_hiwater_rss()`, `dec_mm_counter()`).
  mutating func forget(_ kind: PageKind) {
    rememberPeakResident()
    resident[kind.rawValue] &-= 1
  }
}
