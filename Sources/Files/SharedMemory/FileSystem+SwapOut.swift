// Files in memory and swap (mm/shmem.c).
//
// Terms
// - A page of a file in memory stands in the file's tree of pages as a frame, or, while it is in a
//   slot, as a *value*: the entry of that slot. The tree is one of the places that a slot counts.
// - Going out, a page leaves the file for the swap cache before it is written: from then on it is
//   the cache's, as an anonymous page that nobody maps, until it is taken or wanted again.
//   Tables have nothing of it: a fault finds the value in the file.
// - A slot that could not be read is *lost*: a value that is no entry stands in its place, and
//   everybody who asks gets EIO.
//
// Invariants (``FileSystem/checkPages(of:)``)
// - `swapped` of an inode == the values in its tree that are entries;
// - each of those slots has a user;
// - exactly the inodes with `swapped > 0` are on the list of them.
//
// What the file was charged to its mount and to the promises stays while pages are out; what the
// page was charged to a memory group goes with the frame, and the slot is charged instead.
//
// Many processors: the list is Linux's `shmem_swaplist`, under its mutex; `swapped` is under the
// inode's own lock.

import Arm64
import KernelHeap
public import MemoryTypes
import PageFrames
import Swap

extension FileSystem {
  /// What became of a page that was to leave RAM.
  public enum WriteOut: BitwiseCopyable, Sendable {
    /// It is in the swap cache, and being written.
    case begun
    /// It stays, and is used for long: there is no slot, or the file is kept in RAM
    /// (AOP_WRITEPAGE_ACTIVATE).
    case refused
  }

  /// Moves a page of a file in memory, which nothing maps and the caller alone has besides the
  /// file, to the swap cache, and begins to write it (`shmem_writepage()`).
  public func writeOut(_ number: PageFrameNumber) -> WriteOut {
    let frame = frames.pointee.frame(number)
    precondition(frame.pointee.state == .pageCache && frame.pointee.mapCount == 0)
    // SAFETY: a frame of the page cache has its inode's address, and is in its tree.
    let inode = unsafe KernelPointer(
      UnsafeMutablePointer<Inode>(bitPattern: UInt(frame.pointee.mapping)).unsafelyUnwrapped)
    guard inode.pointee.isSharedMemory, !inode.pointee.isKeptInMemory,
      swap.pointee.totalPages > 0, swap.pointee.addToSwap(number)
    else {
      frame.pointee.flags.insert(.dirty)
      return .refused
    }
    let entry = SwapEntry(rawValue: frame.pointee.privateWord)
    // The cache holds the slot, so that it can be named; and something stands in the tree already,
    // so that no memory is needed.
    _ = try? swap.pointee.duplicate(entry)
    _ = try? trees.store(
      .value(entry.rawValue), at: frame.pointee.index, in: &inode.pointee.pages)
    if inode.pointee.swapped == 0 { listSwapped(inode) }
    inode.pointee.swapped &+= 1
    leaveFile(frame)
    frame.pointee.state = .anonymous
    frame.pointee.referenceCount &-= 1
    swap.pointee.write(number)
    return .begun
  }

  /// A page is none of its file's any more (`shmem_delete_from_page_cache()`).
  private func leaveFile(_ frame: KernelPointer<Frame>) {
    frame.pointee.mapping = 0
    countShared(frame, by: -1)
  }

  /// Counts a page of a file in memory that came or went.
  func countShared(_ frame: KernelPointer<Frame>, by n: Int) {
    frames.pointee.count(.nr_file_pages, by: n)
    frames.pointee.countGroup(.nr_file_pages, frame, by: n)
    frames.pointee.count(.nr_shmem, by: n)
    frames.pointee.countGroup(.nr_shmem, frame, by: n)
  }

  /// Drops a clean page of a file in memory, which was only ever read as a hole: it is one again
  /// (`__filemap_remove_folio()`, `shmem_recalc_inode()`).
  ///
  /// False for a page that was only made room for, which must stay (shmem_fallocate()).
  func dropHole(_ number: PageFrameNumber, of inode: KernelPointer<Inode>) -> Bool {
    let frame = frames.pointee.frame(number)
    guard inode.pointee.isSharedMemory, frame.pointee.flags.contains(.uptodate) else {
      return false
    }
    _ = trees.remove(frame.pointee.index, in: &inode.pointee.pages)
    leaveFile(frame)
    uncharge(pages: 1, from: inode.pointee.mount)
    if inode.pointee.promised == 0 { state.pointee.promised &-= 1 }
    frame.pointee.referenceCount &-= 1
    return true
  }

  /// Puts an inode on the list of those that have pages in slots.
  private func listSwapped(_ inode: KernelPointer<Inode>) {
    inode.pointee.previousSwapped = nil
    inode.pointee.nextSwapped = state.pointee.swapped
    state.pointee.swapped?.pointee.previousSwapped = inode
    state.pointee.swapped = inode
  }

  /// A slot less that the inode's tree names.
  func forgetSwapped(_ inode: KernelPointer<Inode>) {
    inode.pointee.swapped &-= 1
    guard inode.pointee.swapped == 0 else { return }
    let next = inode.pointee.nextSwapped
    let previous = inode.pointee.previousSwapped
    next?.pointee.previousSwapped = previous
    if let previous { previous.pointee.nextSwapped = next } else { state.pointee.swapped = next }
    inode.pointee.nextSwapped = nil
    inode.pointee.previousSwapped = nil
  }
}

extension FileSystem {
  /// Keeps a file's pages in RAM from now on, or lets them go again (`shmem_lock()`,
  /// `shmem_unlock_mapping()`).
  public func keepInMemory(_ inode: KernelPointer<Inode>, _ isKept: Bool) {
    guard inode.pointee.isSharedMemory, inode.pointee.isKeptInMemory != isKept else { return }
    inode.pointee.isKeptInMemory = isKept
    if !isKept { frames.pointee.drainLRU() }
    trees.forEachFrame(in: 0..<UInt64.max, of: inode.pointee.pages) { _, number in
      frames.pointee.keepForOwner(number, isKept)
    }
  }
}
