public import MemoryTypes
import Arm64
import KernelHeap
import PageFrames

extension FileSystem {
  /// The page size, for offsets.
  @inline(__always) var pageSize: PageSize { board.pageSize }

  /// The largest size of a file (MAX_LFS_FILESIZE).
  static var maximumSize: UInt64 { 0x7fff_ffff_ffff_ffff }

  /// The frame of a page of a regular file, brought into RAM if it is not there: what a fault
  /// asks for.
  ///
  /// Takes no reference: who keeps the frame (a page-table entry) adds one to its
  /// `referenceCount`. Throws EINVAL beyond the end of the file, where a fault is a SIGBUS, and
  /// ENOMEM or ENOSPC if there is no room (mm/filemap.c: filemap_fault(), mm/shmem.c:
  /// shmem_getpage_gfp()).
  @inline(__always)
  public func page(
    of inode: KernelPointer<Inode>, at index: UInt64
  ) throws(Errno) -> CachedPage {
    if let frame = trees.find(index, in: inode.pointee.pages) {
      return CachedPage(frame: frame, wasReadIn: false)
    }
    let page = try bringIn(index, of: inode)
    if page.wasReadIn { readAround(index, of: inode) }
    return page
  }

  /// Visits the pages of a range that are in RAM, in order: what fault-around maps.
  ///
  /// Takes no references, reads nothing in.
  @inline(__always)
  public func forEachCachedPage(
    of inode: KernelPointer<Inode>, in range: Range<UInt64>,
    _ body: (UInt64, PageFrameNumber) -> Void
  ) {
    trees.forEachFrame(in: range, of: inode.pointee.pages, body)
  }

  /// The frame of a page if it is in RAM.
  @inline(__always)
  public func cachedPage(of inode: KernelPointer<Inode>, at index: UInt64) -> PageFrameNumber? {
    trees.find(index, in: inode.pointee.pages)
  }

  /// The pages that a file's size covers.
  @inline(__always)
  public func pageCount(of inode: KernelPointer<Inode>) -> UInt64 {
    ByteCount(inode.pointee.size).pagesNeeded(of: pageSize).rawValue
  }

  @inline(never)
  func bringIn(_ index: UInt64, of inode: KernelPointer<Inode>) throws(Errno) -> CachedPage {
    guard index < pageCount(of: inode) else { throw .EINVAL }
    switch inode.pointee.kind {
    case .regular(.disk(let offset, let bytes)):
      let frame = try readIn(index, of: inode, offset: offset, bytes: bytes)
      return CachedPage(frame: frame, wasReadIn: true)
    case .regular, .symbolicLink:
      if let page = try swappedPage(of: inode, at: index) { return page }
      return CachedPage(frame: try addZeroPage(at: index, of: inode), wasReadIn: false)
    default: throw .EINVAL
    }
  }

  /// A page of zeros: a hole of a file in memory, or a page about to be written.
  func addZeroPage(
    at index: UInt64, of inode: KernelPointer<Inode>
  ) throws(Errno) -> PageFrameNumber {
    try charge(pages: 1, to: inode.pointee.mount)
    guard let frame = frames.pointee.allocate([.highUserMovable, .zero]) else {
      uncharge(pages: 1, from: inode.pointee.mount)
      throw .ENOMEM
    }
    frames.pointee.chargeInAdvance(frame)
    try add(frame, at: index, to: inode)
    return frame
  }

  /// Puts a new frame into a file's tree, counts it, and gives it back if that fails.
  func add(
    _ number: PageFrameNumber, at index: UInt64, to inode: KernelPointer<Inode>
  ) throws(Errno) {
    let shadow: UInt64?
    do throws(Errno) {
      shadow = try trees.insert(number, at: index, in: &inode.pointee.pages)
    } catch {
      frames.pointee.free(number)
      uncharge(pages: 1, from: inode.pointee.mount)
      throw error
    }
    let frame = frames.pointee.frame(number)
    frame.pointee.state = .pageCache
    frame.pointee.mapping = UInt64(inode.address)
    frame.pointee.index = index
    // As add_to_page_cache and folio_add_lru() count.
    frames.pointee.count(.nr_file_pages, by: 1)
    frames.pointee.countGroup(.nr_file_pages, frame, by: 1)
    if inode.pointee.mount.isMemory {
      // A hole that was only read is clean; whoever writes says so (`markWritten`).
      frame.pointee.flags =
        inode.pointee.isKeptInMemory
        ? [.uptodate, .swapBacked, .ownerLocked] : [.uptodate, .swapBacked]
      frames.pointee.count(.nr_shmem, by: 1)
      frames.pointee.countGroup(.nr_shmem, frame, by: 1)
      if inode.pointee.promised == 0 { state.pointee.promised &+= 1 }
    } else {
      frame.pointee.flags = .uptodate
      frame.pointee.privateWord = 0
      if let shadow, let shadow = takeBlock(shadow, for: frame) {
        frames.pointee.refault(number, shadow)
      }
    }
    frames.pointee.addToLRU(number)
  }

  /// A page was written to by a call (shmem_write_end(), block_write_end()).
  func markWritten(_ number: PageFrameNumber) {
    let frame = frames.pointee.frame(number)
    frame.pointee.flags.insert(.uptodate)
    frames.pointee.setDirty(number, counted: countsDirty(frame))
  }

  /// Whether a page of a file is to be written back one day: its inode is on a disk.
  private func countsDirty(_ frame: KernelPointer<Frame>) -> Bool {
    owner(of: frame).map { !$0.pointee.mount.isMemory } ?? false
  }

  /// A program wrote to a file through a mapping for the first time, or again after a write-back
  /// (`file_update_time()`).
  public func noteWrite(to inode: KernelPointer<Inode>) {
    let time = now
    inode.pointee.modified = time
    inode.pointee.changed = time
  }

  /// Takes a file's pages from an index on out of RAM.
  ///
  /// Frames that are still mapped somewhere stay alive, ownerless, until they are unmapped.
  func dropPages(
    from first: UInt64, to end: UInt64 = .max, of inode: KernelPointer<Inode>
  ) {
    guard !inode.pointee.pages.isEmpty else { return }
    let isMemory = inode.pointee.mount.isMemory
    var dropped: UInt64 = 0
    // So that the last reference is ours (__pagevec_release()).
    frames.pointee.drainLRU()
    // Out of the inode while it is worked on: freeing nodes must not see a half-changed tree.
    var tree = inode.pointee.pages
    trees.removeEntries(from: first, to: end, in: &tree) { _, entry in
      guard let number = entry.frame else {
        guard let value = entry.value else { return }
        if isMemory {
          if dropSlot(value, of: inode) { dropped &+= 1 }
        } else {
          freeBlock(of: value)
        }
        return
      }
      let frame = frames.pointee.frame(number)
      frames.pointee.count(.nr_file_pages, by: -1)
      frames.pointee.countGroup(.nr_file_pages, frame, by: -1)
      if isMemory {
        frames.pointee.count(.nr_shmem, by: -1)
        frames.pointee.countGroup(.nr_shmem, frame, by: -1)
      } else {
        freeBlock(of: frame)
      }
      frame.pointee.mapping = 0
      frames.pointee.setClean(number, counted: !isMemory, isWritten: false)
      frames.pointee.release(number)
      dropped &+= 1
    }
    inode.pointee.pages = tree
    uncharge(pages: dropped, from: inode.pointee.mount)
    if isMemory && inode.pointee.promised == 0 {
      state.pointee.promised &-= Int64(truncatingIfNeeded: dropped)
    }
  }

  /// Makes a hole in a file in memory: whole pages go and read as zeros again
  /// (mm/shmem.c:shmem_fallocate(), FALLOC_FL_PUNCH_HOLE).
  ///
  /// The caller has taken them out of every program's tables.
  public func punchHole(
    in inode: KernelPointer<Inode>, from first: UInt64, to end: UInt64
  ) throws(Errno) {
    guard inode.pointee.isSharedMemory else { throw .EOPNOTSUPP }
    guard inode.pointee.seals.isDisjoint(with: .anyWrite) else { throw .EPERM }
    dropPages(from: first, to: end, of: inode)
    let time = now
    inode.pointee.modified = time
    inode.pointee.changed = time
  }

  /// The pages of memory that files are promised: of shared anonymous memory its size, of other
  /// files in memory each page that is there (shmem_acct_size(), shmem_acct_block()).
  public var promisedPages: Int64 { state.pointee.promised }

  /// Promises a new file in memory, which has no pages yet, all it can become.
  public func promise(_ pages: PageCount, to inode: KernelPointer<Inode>) {
    precondition(inode.pointee.promised == 0 && inode.pointee.pages.count == 0)
    inode.pointee.promised = pages.rawValue
    state.pointee.promised &+= Int64(truncatingIfNeeded: pages.rawValue)
  }

  /// Takes pages out of a mount's limit; ENOSPC where that is reached (shmem_inode_acct_block()).
  func charge(pages: UInt64, to mount: Mount) throws(Errno) {
    let limit = state.pointee.mounts[Int(mount.rawValue)].pageLimit
    let used = state.pointee.mounts[Int(mount.rawValue)].pages
    guard limit == 0 || used &+ pages <= limit else { throw .ENOSPC }
    state.pointee.mounts[Int(mount.rawValue)].pages = used &+ pages
  }

  func uncharge(pages: UInt64, from mount: Mount) {
    state.pointee.mounts[Int(mount.rawValue)].pages &-= pages
  }
}
