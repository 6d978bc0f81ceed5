import Arm64
import KernelHeap
public import MemoryTypes
import PageFrames

/// Taking pages of files out of RAM that can be had again.
extension FileSystem {
  /// Takes a page out of its file, if it can be read in again as it is, nobody has mapped it and
  /// nobody but the cache and the caller has it; false if it stays (mm/vmscan.c:__remove_mapping(),
  /// mm/truncate.c:mapping_evict_folio()).
  ///
  /// A page of a file in memory can only be a hole that was read (``writeOut(_:)`` is for others).
  /// The cache's reference goes, the caller's stays. Where something remembers the page,
  /// `leavesShadow`, the place in the file knows when it was evicted.
  public func evict(_ number: PageFrameNumber, leavesShadow: Bool, for group: UInt32 = 0) -> Bool {
    let frame = frames.pointee.frame(number)
    guard frame.pointee.state == .pageCache, frame.pointee.mapping != 0,
      frame.pointee.referenceCount == 2, frame.pointee.mapCount == 0,
      frame.pointee.flags.isDisjoint(with: [.dirty, .unbacked, .writeback])
    else { return false }
    guard let inode = owner(of: frame) else { return false }
    if frame.pointee.flags.contains(.swapBacked) { return dropHole(number, of: inode) }
    let index = frame.pointee.index
    let shadow = leavesShadow ? frames.pointee.evict(number, for: group) : nil
    if let value = remains(of: frame, shadow: shadow) {
      // Something stands there already, so that no memory is needed.
      _ = try? trees.store(.value(value), at: index, in: &inode.pointee.pages)
    } else {
      _ = trees.remove(index, in: &inode.pointee.pages)
    }
    frames.pointee.count(.nr_file_pages, by: -1)
    frames.pointee.countGroup(.nr_file_pages, frame, by: -1)
    frame.pointee.mapping = 0
    uncharge(pages: 1, from: inode.pointee.mount)
    frame.pointee.referenceCount &-= 1
    return true
  }
}
