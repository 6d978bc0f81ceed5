import Arm64
public import Files
public import MemoryTypes

/// The areas that map a file, in the inode's interval tree (`i_mmap`).
extension MemoryContext {
  /// The tree of an inode.
  func mappings(of inode: KernelPointer<Inode>) -> IntervalTree<VirtualMemoryArea> {
    // SAFETY: only `withFileTree` writes the word, with the address of an area that stays in the
    // tree as long as it lives.
    let root = unsafe UnsafeMutablePointer<VirtualMemoryArea>(bitPattern: inode.pointee.mappings)
    return IntervalTree(
      root: unsafe root.map { unsafe KernelPointer($0) }, shift: board.pageSize.shift)
  }

  @inline(__always) func withFileTree(
    of area: Area, _ body: (inout IntervalTree<VirtualMemoryArea>) -> Void
  ) {
    guard let inode = area.pointee.file?.pointee.inode else { return }
    var tree = mappings(of: inode)
    body(&tree)
    inode.pointee.mappings = tree.root?.address ?? 0
  }

  /// Hangs an area, its bounds final, into its file's tree, if it has one
  /// (mm/mmap.c:__vma_link_file()).
  @inline(__always) func linkFile(_ area: Area) {
    guard area.pointee.file != nil, !area.pointee.isAnonymous else { return }
    area.pointee.isInFileTree = true
    withFileTree(of: area) { $0.insert(area) }
  }

  @inline(__always) func unlinkFile(_ area: Area) {
    guard area.pointee.isInFileTree else { return }
    area.pointee.isInFileTree = false
    withFileTree(of: area) { $0.remove(area) }
  }

  /// Whether a file has a shared mapping that may be, or become, writable (`i_mmap_writable`).
  public func isMappedForWriting(_ inode: KernelPointer<Inode>) -> Bool {
    var found = false
    mappings(of: inode).forEach(overlapping: 0...UInt64.max) { area in
      if area.pointee.flags.contains([.shared, .mayWrite]) { found = true }
    }
    return found
  }

  /// Unmaps pages of a file wherever they are mapped (mm/memory.c:unmap_mapping_range()).
  ///
  /// With `copies` the private copies of those pages go too, as when the file is truncated; a hole
  /// punched into it leaves them.
  public func unmapFile(
    _ inode: KernelPointer<Inode>, _ pages: ClosedRange<UInt64>, copies: Bool
  ) {
    guard inode.pointee.mappings != 0 else { return }
    let shift = board.pageSize.shift
    mappings(of: inode).forEach(overlapping: pages) { area in
      let first = max(pages.lowerBound, area.pointee.firstPage)
      let last = min(pages.upperBound, area.pointee.lastPage(shift))
      let start = area.pointee.start + ByteCount((first &- area.pointee.firstPage) &<< shift)
      let end = start + ByteCount((last &- first &+ 1) &<< shift)
      space(of: area).pointee.drop(pagesOf: area, start, end, copies: copies)
    }
  }

  /// Unmaps a file's pages from an index on, private copies too: it was truncated.
  public func unmapFile(_ inode: KernelPointer<Inode>, from first: UInt64) {
    unmapFile(inode, first...UInt64.max, copies: true)
  }

  /// The space that an area is of (`vm_mm`).
  @inline(__always) func space(of area: Area) -> KernelPointer<AddressSpace<B>> {
    // SAFETY: whoever makes an area for a space writes the space's address into it, and the area
    // does not outlive the space.
    unsafe KernelPointer(
      UnsafeMutablePointer<AddressSpace<B>>(bitPattern: area.pointee.spaceAddress)
        .unsafelyUnwrapped)
  }
}
