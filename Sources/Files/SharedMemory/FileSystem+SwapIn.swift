import Arm64
import KernelHeap
public import MemoryTypes
import PageFrames
import Swap

/// Pages of files in memory that come back (mm/shmem.c:shmem_swapin_folio()).
extension FileSystem {
  /// The value in the place of a page that could not be read (`make_swapin_error_entry()`).
  static var lost: UInt64 { 1 &<< 60 }

  /// The slot that an index of a file in memory is in, if it is in one; EIO where its bytes are
  /// lost.
  @inline(__always)
  func slot(
    of inode: KernelPointer<Inode>, at index: UInt64
  ) throws(Errno) -> SwapEntry? {
    guard inode.pointee.isSharedMemory,
      let value = trees.entry(at: index, in: inode.pointee.pages).value
    else { return nil }
    if value == Self.lost { throw .EIO }
    return SwapEntry(rawValue: value)
  }

  /// The page of a file in memory that is in a slot, brought back; nil where none is there.
  ///
  /// ENOMEM without a frame, EIO where the device failed.
  @inline(never)
  func swappedPage(
    of inode: KernelPointer<Inode>, at index: UInt64, forWriting: Bool = false
  ) throws(Errno) -> CachedPage? {
    guard let entry = try slot(of: inode, at: index) else { return nil }
    swap.pointee.settle()
    let found = swap.pointee.cached(entry)
    if let found {
      swap.pointee.noteUse(found, countsHit: true)
      swap.pointee.finishRead(of: entry, into: found)
    } else {
      // The neighbours on the device, whatever kind it is (`shmem_swapin()`).
      guard swap.pointee.readAhead(around: entry) else { throw .ENOMEM }
    }
    guard let number = found ?? swap.pointee.bring(entry)?.frame else { throw .ENOMEM }
    let frame = frames.pointee.frame(number)
    guard frame.pointee.flags.contains(.uptodate) else {
      lose(entry, number, at: index, of: inode)
      throw .EIO
    }
    swap.pointee.waitForWrite(of: number)
    // Something stands there already, so that no memory is needed.
    _ = try? trees.store(.frame(number), at: index, in: &inode.pointee.pages)
    frame.pointee.referenceCount &+= 1
    frame.pointee.state = .pageCache
    frame.pointee.mapping = UInt64(inode.address)
    frame.pointee.index = index
    countShared(frame, by: 1)
    forgetSwapped(inode)
    if inode.pointee.isKeptInMemory { frame.pointee.flags.insert(.ownerLocked) }
    if forWriting { frames.pointee.markAccessed(number) }
    swap.pointee.removeFromCache(number)
    // The slot goes, so this is the only copy.
    frames.pointee.setDirty(number, counted: false)
    swap.pointee.free(entry)
    return CachedPage(frame: number, wasReadIn: found == nil)
  }

  /// A slot could not be read: its place remembers that, and the slot is given up
  /// (`shmem_set_folio_swapin_error()`).
  private func lose(
    _ entry: SwapEntry, _ number: PageFrameNumber, at index: UInt64, of inode: KernelPointer<Inode>
  ) {
    _ = try? trees.store(.value(Self.lost), at: index, in: &inode.pointee.pages)
    forgetSwapped(inode)
    uncharge(pages: 1, from: inode.pointee.mount)
    if inode.pointee.promised == 0 { state.pointee.promised &-= 1 }
    swap.pointee.removeFromCache(number)
    swap.pointee.free(entry)
  }

  /// A value that stood in a file's tree goes with its slot; whether the file had been charged for
  /// it (`shmem_free_swap()`).
  func dropSlot(_ value: UInt64, of inode: KernelPointer<Inode>) -> Bool {
    guard value != Self.lost else { return false }
    swap.pointee.freeAndCache(SwapEntry(rawValue: value))
    forgetSwapped(inode)
    return true
  }

  /// Brings everything back that files in memory have in an area (`shmem_unuse()`); ENOMEM where
  /// there is no frame.
  ///
  /// What cannot be read is lost for those who ask for it, and does not keep the area on.
  public func bringBackAll(from area: Int) throws(Errno) {
    var next = state.pointee.swapped
    while let inode = next {
      // It stays on the list while it has any, and the list does not grow meanwhile.
      next = inode.pointee.nextSwapped
      try bringBack(inode, from: area)
    }
  }

  private func bringBack(_ inode: KernelPointer<Inode>, from area: Int) throws(Errno) {
    var index: UInt64 = 0
    while inode.pointee.swapped > 0, let found = nextSlot(of: inode, from: index, in: area) {
      do throws(Errno) {
        _ = try swappedPage(of: inode, at: found)
      } catch {
        guard error == .EIO else { throw error }
      }
      index = found &+ 1
    }
  }

  /// The first index from one on whose page is in a slot of an area.
  private func nextSlot(
    of inode: KernelPointer<Inode>, from first: UInt64, in area: Int
  ) -> UInt64? {
    trees.first(in: inode.pointee.pages, from: first) { entry in
      guard let value = entry.value, value != Self.lost else { return false }
      return SwapEntry(rawValue: value).area == area
    }
  }

  /// Reads what a range of a file in memory has in slots into the swap cache, until there is no
  /// memory (mm/madvise.c:force_shm_swapin_readahead()).
  public func readAheadSwapped(_ inode: KernelPointer<Inode>, _ range: Range<UInt64>) {
    guard inode.pointee.swapped > 0 else { return }
    trees.forEachEntry(in: range, of: inode.pointee.pages) { _, entry in
      guard let value = entry.value, value != Self.lost else { return }
      _ = swap.pointee.bring(SwapEntry(rawValue: value))
    }
    frames.pointee.drainLRU()
  }

  /// The pages of a range of a file in memory that are in slots (`shmem_partial_swap_usage()`).
  public func swappedPages(of inode: KernelPointer<Inode>, in range: Range<UInt64>) -> UInt64 {
    guard inode.pointee.swapped > 0 else { return 0 }
    var pages: UInt64 = 0
    trees.forEachEntry(in: range, of: inode.pointee.pages) { _, entry in
      if entry.value != nil { pages &+= 1 }
    }
    return pages
  }

  /// Visits the pages of a range that are in RAM, also those that only the swap cache has
  /// (mm/mincore.c:find_get_incore_page()).
  public func forEachPageInMemory(
    of inode: KernelPointer<Inode>, in range: Range<UInt64>, _ body: (UInt64) -> Void
  ) {
    let isShared = inode.pointee.isSharedMemory
    trees.forEachEntry(in: range, of: inode.pointee.pages) { index, entry in
      switch entry {
      case .frame(let number):
        if isData(number) { body(index) }
      case .value(let value):
        // A page that a disk file had is only remembered.
        if isShared, value != Self.lost,
          let number = swap.pointee.cached(SwapEntry(rawValue: value)), isInMemory(number)
        {
          body(index)
        }
      case .none: break
      }
    }
  }

  private func isInMemory(_ number: PageFrameNumber) -> Bool {
    frames.pointee.frame(number).pointee.flags.contains(.uptodate)
  }
}
