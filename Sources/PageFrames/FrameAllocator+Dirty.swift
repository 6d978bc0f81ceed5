import Arm64
public import MemoryTypes

/// Pages of files that differ from what is under the file (mm/page-writeback.c).
extension FrameAllocator {
  /// A page was written; `counted` where it is to be written back one day, and counts in Dirty
  /// (`folio_account_dirtied()`), as pages of files in memory do not.
  @inline(__always)
  public mutating func setDirty(_ number: PageFrameNumber, counted: Bool) {
    let frame = frames[number]
    guard !frame.pointee.flags.contains(.dirty) else { return }
    frame.pointee.flags.insert(.dirty)
    if counted { countDirty(number) }
  }

  @inline(never) private mutating func countDirty(_ number: PageFrameNumber) {
    // Until it has been written back to where it can be read again.
    frames[number].pointee.flags.insert(.unbacked)
    count(.nr_dirty)
    countGroup(.nr_dirty, frames[number], by: 1)
    count(.nr_zone_write_pending, of: number, by: 1)
    count(.nr_dirtied)
    if stats[Int(VMStat.nr_dirty.rawValue)] & 31 == 0, isBehindWithWriting { request(.writeBack) }
  }

  /// Whether more is dirty than may be before somebody writes it back
  /// (`domain_dirty_limits()`, `global_dirtyable_memory()`).
  private var isBehindWithWriting: Bool {
    let dirtyable =
      Int(free.rawValue) &+ statistic(.nr_inactive_file) &+ statistic(.nr_active_file)
    let limit = backgroundPages > 0 ? backgroundPages : dirtyable &* backgroundRatio / 100
    return statistic(.nr_dirty) > limit
  }

  /// Sets when writing back begins (`dirty_background_ratio`, `dirty_background_bytes`).
  public mutating func setBackground(percent: Int, pages: Int) {
    backgroundRatio = percent
    backgroundPages = pages
  }

  /// A page is as what is under the file, or gone (`folio_account_cleaned()`); `isWritten` where it
  /// was written back.
  public mutating func setClean(_ number: PageFrameNumber, counted: Bool, isWritten: Bool) {
    let frame = frames[number]
    guard frame.pointee.flags.contains(.dirty) else { return }
    frame.pointee.flags.remove(.dirty)
    guard counted else { return }
    count(.nr_dirty, by: -1)
    countGroup(.nr_dirty, frame, by: -1)
    count(.nr_zone_write_pending, of: number, by: -1)
    if isWritten { count(.nr_written) }
  }
}
