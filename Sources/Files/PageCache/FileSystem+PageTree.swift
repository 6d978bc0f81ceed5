import Arm64
import KernelHeap
import MemoryTypes

extension FileSystem {
  /// The frame of a page, nil where the tree has none.
  ///
  /// The hot path of every file fault.
  @inline(__always)
  func find(_ index: UInt64, in tree: PageTree) -> PageFrameNumber? {
    var height = tree.height
    guard index &>> (PageTreeNode.slotBits &* height) == 0 else { return nil }
    var entry = tree.root
    while height > 0 {
      guard entry != 0 else { return nil }
      height &-= 1
      let slot = Int((index &>> (PageTreeNode.slotBits &* height)) & 63)
      entry = node(entry).pointee.entries[slot]
    }
    return entry == 0 ? nil : PageFrameNumber(entry &>> 1)
  }

  /// The node that an entry names.
  @inline(__always)
  func node(_ entry: UInt64) -> KernelPointer<PageTreeNode> {
    // SAFETY: entries above the last level are addresses that `makeNode` put there.
    unsafe KernelPointer(
      UnsafeMutablePointer<PageTreeNode>(bitPattern: UInt(entry)).unsafelyUnwrapped)
  }

  /// Visits the pages of a range that are in the tree, in order.
  ///
  /// Descends once per 64 pages, so that fault-around's window costs one descent, and passes over
  /// what is not there at once.
  @inline(__always)
  func forEachFrame(
    in range: Range<UInt64>, of tree: PageTree, _ body: (UInt64, PageFrameNumber) -> Void
  ) {
    guard tree.height > 0 else {
      if range.contains(0), tree.root != 0 { body(0, PageFrameNumber(tree.root &>> 1)) }
      return
    }
    var index = range.lowerBound
    while index < range.upperBound {
      let end = min(range.upperBound, (index | 63) &+ 1)
      if end == 0 { return }
      if let leaf = leaf(of: index, in: tree) {
        while index < end {
          let entry = leaf.pointee.entries[Int(index & 63)]
          if entry != 0 { body(index, PageFrameNumber(entry &>> 1)) }
          index &+= 1
        }
        index = end
      } else {
        guard let next = indexBehindGap(at: index, in: tree) else { return }
        index = next
      }
    }
  }

  /// The first index behind the largest subtree that is missing at an index; nil behind the last.
  ///
  /// So a visit of a huge file costs what is there, not what could be.
  @inline(never)
  private func indexBehindGap(at index: UInt64, in tree: PageTree) -> UInt64? {
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
  @inline(__always)
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

  /// Puts a frame at an index where there is none.
  func insert(
    _ frame: PageFrameNumber, at index: UInt64, in tree: inout PageTree
  ) throws(Errno) {
    while index &>> (PageTreeNode.slotBits &* tree.height) != 0 {
      if tree.root != 0 {
        let top = try makeNode(parent: nil, place: 0)
        top.pointee.entries[0] = tree.root
        top.pointee.used = 1
        if tree.height > 0 { node(tree.root).pointee.parent = top }
        tree.root = UInt64(top.address)
      }
      tree.height &+= 1
    }
    let value = frame.rawValue &<< 1 | 1
    guard tree.height > 0 else {
      tree.root = value
      tree.count &+= 1
      return
    }
    if tree.root == 0 {
      tree.root = UInt64(try makeNode(parent: nil, place: 0).address)
    }
    var current = node(tree.root)
    var height = tree.height &- 1
    while height > 0 {
      let slot = (index &>> (PageTreeNode.slotBits &* height)) & 63
      if current.pointee.entries[Int(slot)] == 0 {
        let below = try makeNode(parent: current, place: UInt8(slot))
        current.pointee.entries[Int(slot)] = UInt64(below.address)
        current.pointee.used &+= 1
      }
      current = node(current.pointee.entries[Int(slot)])
      height &-= 1
    }
    current.pointee.entries[Int(index & 63)] = value
    current.pointee.used &+= 1
    tree.count &+= 1
  }

  private func makeNode(
    parent: KernelPointer<PageTreeNode>?, place: UInt8
  ) throws(Errno) -> KernelPointer<PageTreeNode> {
    guard
      let node = caches.pageTreeNodes.allocate(PageTreeNode(parent: parent, place: place))
    else { throw .ENOMEM }
    return node
  }

  /// Takes every frame from an index on, and below another, out of the tree and hands it over.
  func removeFrames(
    from first: UInt64, to end: UInt64 = .max, in tree: inout PageTree,
    _ body: (UInt64, PageFrameNumber) -> Void
  ) {
    guard tree.root != 0 else {
      tree.height = 0
      return
    }
    guard tree.height > 0 else {
      if first == 0 && end > 0 {
        body(0, PageFrameNumber(tree.root &>> 1))
        tree = PageTree()
      }
      return
    }
    var removed: UInt64 = 0
    let isEmpty = prune(
      node(tree.root), height: tree.height, base: 0, from: first, to: end, &removed, body)
    tree.count &-= removed
    if isEmpty {
      tree = PageTree()
    }
  }

  /// Empties a node from an index on; frees it, and says so, if nothing is left in it.
  ///
  /// At most eleven calls deep: the index has 64 bits, a node resolves six.
  private func prune(
    _ current: KernelPointer<PageTreeNode>, height: UInt64, base: UInt64, from first: UInt64,
    to end: UInt64, _ removed: inout UInt64, _ body: (UInt64, PageFrameNumber) -> Void
  ) -> Bool {
    let shift = PageTreeNode.slotBits &* (height &- 1)
    let start = first <= base ? 0 : (first &- base) &>> shift
    var slot = start
    while slot < PageTreeNode.slots {
      let entry = current.pointee.entries[Int(slot)]
      let place = base &+ (slot &<< shift)
      guard place < end else { break }
      if entry != 0 {
        if height == 1 {
          body(place, PageFrameNumber(entry &>> 1))
          removed &+= 1
          current.pointee.entries[Int(slot)] = 0
          current.pointee.used &-= 1
        } else if prune(
          node(entry), height: height &- 1, base: place, from: first, to: end, &removed, body)
        {
          current.pointee.entries[Int(slot)] = 0
          current.pointee.used &-= 1
        }
      }
      slot &+= 1
    }
    guard current.pointee.used == 0 else { return false }
    caches.pageTreeNodes.free(current)
    return true
  }
}
