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

  /// Forgets when pages of disk files were evicted, in files of which some are in RAM
  /// (fs/drop_caches.c:drop_pagecache_sb(), mm/truncate.c:clear_shadow_entry()).
  public func forgetEvictions() {
    var here: KernelPointer<Dentry>? = root
    while let dentry = here {
      if case .regular(.disk) = dentry.pointee.inode.pointee.kind {
        forgetEvictions(of: dentry.pointee.inode)
      }
      here = dentry.pointee.firstChild ?? dentry.pointee.next
      // Out of every folder that this was the last of: trees may be deep, the stack is not.
      var up = dentry
      while here == nil, let parent = up.pointee.parent {
        here = parent.pointee.next
        up = parent
      }
    }
  }

  private func forgetEvictions(of inode: KernelPointer<Inode>) {
    guard inode.pointee.pages.count > 0, inode.pointee.pages.values > 0 else { return }
    var next: UInt64 = 0
    while let index = nextShadow(of: inode, from: next) {
      _ = trees.remove(index, in: &inode.pointee.pages)
      next = index &+ 1
    }
  }

  /// The first index from one on that has nothing but a shadow; those of blocks on the way are
  /// forgotten.
  private func nextShadow(of inode: KernelPointer<Inode>, from first: UInt64) -> UInt64? {
    trees.first(in: inode.pointee.pages, from: first) { entry in
      guard let value = entry.value else { return false }
      guard let block = DiskBlocks.block(value) else { return true }
      state.pointee.disk.setShadow(nil, of: block)
      return false
    }
  }
}
