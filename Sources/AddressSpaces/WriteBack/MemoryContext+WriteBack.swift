import Arm64
public import Files
public import MemoryTypes
import PageFrames

/// Writing pages of disk files back (mm/page-writeback.c).
///
/// A write is a copy to the page's block (``Files/DiskBlocks``), which ends at once: there is no page
/// of a file under write-back. Who writes:
///
/// - calls that ask for it (fsync, msync, sync_file_range);
/// - reclaim, when all that it found at the end of a list is dirty (`wakeup_flusher_threads()`);
/// - whoever made the page that was one too many (`dirty_background_ratio`), on its way back to
///   its program. Linux's flusher also comes every five seconds; no program lives by that here.
extension MemoryContext {
  /// Writes a file's dirty pages back (write_cache_pages(), folio_clear_dirty_for_io()): they are
  /// clean afterwards, and the next write through a mapping is noticed.
  public func writeBack(_ inode: KernelPointer<Inode>, _ pages: Range<UInt64>) {
    guard !inode.pointee.isSharedMemory, inode.pointee.isRegular else { return }
    files.pointee.forEachCachedPage(of: inode, in: pages) { _, number in writeBack(number) }
  }

  /// Writes one page of a disk file back, if it is dirty.
  public func writeBack(_ number: PageFrameNumber) {
    if makeEntriesClean(number) { frames.pointee.setDirty(number, counted: true) }
    let frame = frames.pointee.frame(number)
    guard frame.pointee.flags.contains(.dirty) else { return }
    files.pointee.writeToDisk(number)
    frames.pointee.setClean(number, counted: true, isWritten: true)
    // folio_end_writeback(): what reclaim met dirty is the next that it looks at.
    if frame.pointee.flags.contains(.reclaim) {
      frame.pointee.flags.remove(.reclaim)
      frames.pointee.rotateToTail(number)
    }
  }

  /// Writes every dirty page back that is on a list (`wakeup_flusher_threads()`).
  ///
  /// Costs a look at each page of a file; afterwards none is dirty, so that this happens once for
  /// many pages.
  public func writeBackAll() {
    guard frames.pointee.statistic(.nr_dirty) > 0 else { return }
    frames.pointee.drainLRU()
    writeBack(frames.pointee.lruVector(group: 0))
    var next = frames.pointee.group(after: nil, below: nil)
    while let group = next, frames.pointee.statistic(.nr_dirty) > 0 {
      writeBack(group.pointee.lru)
      next = frames.pointee.group(after: group, below: nil)
    }
  }

  private func writeBack(_ vector: KernelPointer<LRUVector>) {
    let all = vector.pointee.size(.inactiveFile) &+ vector.pointee.size(.activeFile)
    for place in 0..<FrameAllocator<B>.places where FrameAllocator<B>.isOfFiles(place: place) {
      // Those that are moved to an end meanwhile are not looked at for ever.
      var left = all
      var next = frames.pointee.oldest(place: place, of: vector)
      while let number = next, left > 0 {
        next = frames.pointee.younger(than: number, place: place, of: vector)
        left &-= 1
        let frame = frames.pointee.frame(number)
        if frame.pointee.flags.contains(.dirty), frame.pointee.state == .pageCache {
          writeBack(number)
        }
      }
    }
  }
}
