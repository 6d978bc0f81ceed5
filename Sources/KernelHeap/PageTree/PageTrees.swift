public import Arm64
public import MemoryTypes

/// What works on ``PageTree``s: all of them have their nodes from one cache.
///
/// As wide as a pointer.
public struct PageTrees<B: Board>: BitwiseCopyable {
  let nodes: ObjectCache<PageTreeNode, B>

  /// The trees of a machine; nil without memory for the cache.
  ///
  /// There is one such cache, which whoever starts files makes (lib/radix-tree.c:radix_tree_init()).
  public init?(_ slab: KernelPointer<SlabAllocator<B>>) {
    guard
      let nodes = slab.pointee.makeCache(
        of: PageTreeNode.self, name: "radix_tree_node", linuxSize: ByteCount(576),
        options: [.reclaimable, .constructed])
    else { return nil }
    self.nodes = nodes
  }

  /// The frame at an index, nil where the tree has none.
  ///
  /// The hot path of every file fault.
  @inline(__always) @inlinable
  public func find(_ index: UInt64, in tree: PageTree) -> PageFrameNumber? {
    let entry = rawEntry(at: index, in: tree)
    return entry & 3 == 1 ? PageFrameNumber(entry &>> 2) : nil
  }

  /// What stands at an index.
  @inlinable public func entry(at index: UInt64, in tree: PageTree) -> PageTree.Entry {
    PageTree.Entry(rawValue: rawEntry(at: index, in: tree))
  }

  @inline(__always) @inlinable
  func rawEntry(at index: UInt64, in tree: PageTree) -> UInt64 {
    var height = tree.height
    guard index &>> (PageTreeNode.slotBits &* height) == 0 else { return 0 }
    var entry = tree.root
    while height > 0 {
      guard entry != 0 else { return 0 }
      height &-= 1
      let slot = Int((index &>> (PageTreeNode.slotBits &* height)) & 63)
      entry = node(entry).pointee.entries[slot]
    }
    return entry
  }

  /// The node that an entry names.
  @inline(__always) @inlinable
  func node(_ entry: UInt64) -> KernelPointer<PageTreeNode> {
    // SAFETY: entries above the last level are addresses that `makeNode` put there.
    unsafe KernelPointer(
      UnsafeMutablePointer<PageTreeNode>(bitPattern: UInt(entry)).unsafelyUnwrapped)
  }

  /// Visits the frames of a range, in order.
  ///
  /// Descends once per 64 pages, so that fault-around's window costs one descent, and passes over
  /// what is not there at once.
  @inline(__always) @inlinable
  public func forEachFrame(
    in range: Range<UInt64>, of tree: PageTree, _ body: (UInt64, PageFrameNumber) -> Void
  ) {
    forEachRaw(in: range, of: tree) { index, entry in
      if entry & 3 == 1 { body(index, PageFrameNumber(entry &>> 2)) }
    }
  }

  /// Visits the frames and values of a range, in order; `body` may replace the one it is given.
  @inline(__always) @inlinable
  public func forEachEntry(
    in range: Range<UInt64>, of tree: PageTree, _ body: (UInt64, PageTree.Entry) -> Void
  ) {
    forEachRaw(in: range, of: tree) { index, entry in
      body(index, PageTree.Entry(rawValue: entry))
    }
  }

  @inline(__always) @inlinable
  func forEachRaw(
    in range: Range<UInt64>, of tree: PageTree, _ body: (UInt64, UInt64) -> Void
  ) {
    guard tree.height > 0 else {
      if range.contains(0), tree.root != 0 { body(0, tree.root) }
      return
    }
    var index = range.lowerBound
    while index < range.upperBound {
      let end = min(range.upperBound, (index | 63) &+ 1)
      if end == 0 { return }
      if let leaf = leaf(of: index, in: tree) {
        while index < end {
          let entry = leaf.pointee.entries[Int(index & 63)]
          if entry != 0 { body(index, entry) }
          index &+= 1
        }
        index = end
      } else {
        guard let next = indexBehindGap(at: index, in: tree) else { return }
        index = next
      }
    }
  }

  /// The first index, from one on, where what stands there is what is sought.
  ///
  /// Costs what is there before it, not what could be.
  public func first(
    in tree: PageTree, from first: UInt64, where isSought: (PageTree.Entry) -> Bool
  ) -> UInt64? {
    guard tree.height > 0 else {
      return first == 0 && tree.root != 0 && isSought(PageTree.Entry(rawValue: tree.root)) ? 0 : nil
    }
    var index = first
    while true {
      guard let leaf = leaf(of: index, in: tree) else {
        guard let next = indexBehindGap(at: index, in: tree) else { return nil }
        index = next
        continue
      }
      for place in Int(index & 63)..<64 {
        let entry = leaf.pointee.entries[place]
        if entry != 0, isSought(PageTree.Entry(rawValue: entry)) {
          return index & ~63 | UInt64(truncatingIfNeeded: place)
        }
      }
      guard index | 63 != .max else { return nil }
      index = (index | 63) &+ 1
    }
  }

  /// The first index behind the largest subtree that is missing at an index; nil behind the last.
  ///
  /// So a visit of a huge file costs what is there, not what could be.
  @inline(never) @usableFromInline
  func indexBehindGap(at index: UInt64, in tree: PageTree) -> UInt64? {
    var height = tree.height
    guard index &>> (PageTreeNode.slotBits &* height) == 0 else { return nil }
    var entry = tree.root
    while entry != 0, height > 1 {
      height &-= 1
      entry =
        node(entry).pointee.entries[
          Int((index &>> (PageTreeNode.slotBits &* height)) & 63)]
    }
    let last = index | (1 &<< (PageTreeNode.slotBits &* height) &- 1)
    return last == .max ? nil : last &+ 1
  }

  /// The last-level node for an index, nil where there is none.
  @inline(__always) @inlinable
  func leaf(of index: UInt64, in tree: PageTree) -> KernelPointer<PageTreeNode>? {
    var height = tree.height
    guard height > 0, index &>> (PageTreeNode.slotBits &* height) == 0 else { return nil }
    var entry = tree.root
    while true {
      guard entry != 0 else { return nil }
      height &-= 1
      if height == 0 { return node(entry) }
      entry =
        node(entry).pointee.entries[
          Int((index &>> (PageTreeNode.slotBits &* height)) & 63)]
    }
  }
}
