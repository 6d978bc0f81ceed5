import Arm64
public import MemoryTypes
public import PageFrames

/// Putting entries in and taking them out.
extension PageTrees {
  /// Puts a frame at an index where there is none, and answers the value that stood there.
  @discardableResult
  public func insert(
    _ frame: PageFrameNumber, at index: UInt64, in tree: inout PageTree, _ flags: GFP = .kernel
  ) throws(Errno) -> UInt64? {
    try store(.frame(frame), at: index, in: &tree, flags).value
  }

  /// Puts a frame or a value at an index, in place of whatever stands there, and answers that.
  ///
  /// ENOMEM where a node is needed and there is no memory; never where something stands there.
  @discardableResult
  public func store(
    _ entry: PageTree.Entry, at index: UInt64, in tree: inout PageTree, _ flags: GFP = .kernel
  ) throws(Errno) -> PageTree.Entry {
    precondition(entry != .none)
    while index &>> (PageTreeNode.slotBits &* tree.height) != 0 {
      if tree.root != 0 {
        let top = try makeNode(parent: nil, place: 0, flags)
        top.pointee.entries[0] = tree.root
        top.pointee.used = 1
        if tree.height > 0 {
          node(tree.root).pointee.parent = top
        } else if tree.root & 3 == 3 {
          top.pointee.values = 1
        }
        tree.root = UInt64(top.address)
      }
      tree.height &+= 1
    }
    guard tree.height > 0 else {
      let old = PageTree.Entry(rawValue: tree.root)
      tree.root = entry.rawValue
      tree.change(old, to: entry)
      return old
    }
    if tree.root == 0 {
      tree.root = UInt64(try makeNode(parent: nil, place: 0, flags).address)
    }
    var current = node(tree.root)
    var height = tree.height &- 1
    while height > 0 {
      let slot = (index &>> (PageTreeNode.slotBits &* height)) & 63
      if current.pointee.entries[Int(slot)] == 0 {
        let below: KernelPointer<PageTreeNode>
        do throws(Errno) {
          below = try makeNode(parent: current, place: UInt8(slot), flags)
        } catch {
          // No node without an entry stays.
          prune(current, in: &tree)
          throw error
        }
        current.pointee.entries[Int(slot)] = UInt64(below.address)
        current.pointee.used &+= 1
      }
      current = node(current.pointee.entries[Int(slot)])
      height &-= 1
    }
    let slot = Int(index & 63)
    let old = PageTree.Entry(rawValue: current.pointee.entries[slot])
    current.pointee.entries[slot] = entry.rawValue
    if old == .none { current.pointee.used &+= 1 }
    if old.value != nil { current.pointee.values &-= 1 }
    if entry.value != nil { current.pointee.values &+= 1 }
    tree.change(old, to: entry)
    return old
  }

  /// Takes out what stands at an index, and the nodes that nothing else needs.
  @discardableResult
  public func remove(_ index: UInt64, in tree: inout PageTree) -> PageTree.Entry {
    guard tree.height > 0 else {
      guard index == 0 else { return .none }
      let old = PageTree.Entry(rawValue: tree.root)
      tree = PageTree()
      return old
    }
    guard let leaf = leaf(of: index, in: tree) else { return .none }
    let slot = Int(index & 63)
    let old = PageTree.Entry(rawValue: leaf.pointee.entries[slot])
    guard old != .none else { return .none }
    leaf.pointee.entries[slot] = 0
    leaf.pointee.used &-= 1
    if old.value != nil { leaf.pointee.values &-= 1 }
    tree.change(old, to: .none)
    prune(leaf, in: &tree)
    return old
  }

  /// Frees a node that has nothing in it, and those above that have nothing else.
  private func prune(_ node: KernelPointer<PageTreeNode>, in tree: inout PageTree) {
    var next: KernelPointer<PageTreeNode>? = node
    while let empty = next, empty.pointee.used == 0 {
      next = empty.pointee.parent
      if let parent = next {
        parent.pointee.entries[Int(empty.pointee.place)] = 0
        parent.pointee.used &-= 1
      } else {
        tree.root = 0
        tree.height = 0
      }
      nodes.free(empty)
    }
  }

  private func makeNode(
    parent: KernelPointer<PageTreeNode>?, place: UInt8, _ flags: GFP
  ) throws(Errno) -> KernelPointer<PageTreeNode> {
    guard let node = nodes.allocate(PageTreeNode(parent: parent, place: place), flags) else {
      throw .ENOMEM
    }
    return node
  }

  /// Takes everything from an index on, and below another, out of the tree and hands it over.
  public func removeEntries(
    from first: UInt64, to end: UInt64 = .max, in tree: inout PageTree,
    _ body: (UInt64, PageTree.Entry) -> Void
  ) {
    guard tree.root != 0 else {
      tree.height = 0
      return
    }
    guard tree.height > 0 else {
      if first == 0 && end > 0 {
        body(0, PageTree.Entry(rawValue: tree.root))
        tree = PageTree()
      }
      return
    }
    if empty(node(tree.root), tree.height, base: 0, from: first, to: end, &tree, body) {
      tree = PageTree()
    }
  }

  /// Empties a node from an index on; frees it, and says so, if nothing is left in it.
  ///
  /// At most eleven calls deep: the index has 64 bits, a node resolves six.
  private func empty(
    _ current: KernelPointer<PageTreeNode>, _ height: UInt64, base: UInt64, from first: UInt64,
    to end: UInt64, _ tree: inout PageTree, _ body: (UInt64, PageTree.Entry) -> Void
  ) -> Bool {
    let shift = PageTreeNode.slotBits &* (height &- 1)
    var slot = first <= base ? 0 : (first &- base) &>> shift
    while slot < PageTreeNode.slots {
      let entry = current.pointee.entries[Int(slot)]
      let place = base &+ (slot &<< shift)
      guard place < end else { break }
      if entry != 0 {
        if height == 1 {
          let removed = PageTree.Entry(rawValue: entry)
          body(place, removed)
          tree.change(removed, to: .none)
          if removed.value != nil { current.pointee.values &-= 1 }
          current.pointee.entries[Int(slot)] = 0
          current.pointee.used &-= 1
        } else if empty(
          node(entry), height &- 1, base: place, from: first, to: end, &tree, body)
        {
          current.pointee.entries[Int(slot)] = 0
          current.pointee.used &-= 1
        }
      }
      slot &+= 1
    }
    guard current.pointee.used == 0 else { return false }
    nodes.free(current)
    return true
  }
}

extension PageTree {
  /// Counts an entry that takes the place of another.
  mutating func change(_ old: Entry, to new: Entry) {
    if old.frame != nil { count &-= 1 }
    if new.frame != nil { count &+= 1 }
    if old.value != nil { values &-= 1 }
    if new.value != nil { values &+= 1 }
  }
}

extension PageTrees {
  /// Whether a tree's nodes hang together and its counts are what is in it, for tests; `body` sees
  /// each entry.
  public func checkInvariants(
    _ tree: PageTree, _ body: (UInt64, PageTree.Entry) -> Void = { _, _ in }
  ) -> Bool {
    var found = PageTree()
    var isSound = true
    if tree.height == 0 {
      let entry = PageTree.Entry(rawValue: tree.root)
      found.change(.none, to: entry)
      if entry != .none { body(0, entry) }
    } else if tree.root != 0 {
      if node(tree.root).pointee.parent != nil { isSound = false }
      check(node(tree.root), tree.height, base: 0, &found, &isSound, body)
    }
    return isSound && found.count == tree.count && found.values == tree.values
  }

  private func check(
    _ current: KernelPointer<PageTreeNode>, _ height: UInt64, base: UInt64,
    _ found: inout PageTree, _ isSound: inout Bool, _ body: (UInt64, PageTree.Entry) -> Void
  ) {
    var used: UInt8 = 0
    var values: UInt8 = 0
    for slot in 0..<PageTreeNode.slots {
      let entry = current.pointee.entries[Int(slot)]
      guard entry != 0 else { continue }
      used &+= 1
      let place = base &+ (slot &<< (PageTreeNode.slotBits &* (height &- 1)))
      if height == 1 {
        let entry = PageTree.Entry(rawValue: entry)
        if entry == .none { isSound = false }
        if entry.value != nil { values &+= 1 }
        found.change(.none, to: entry)
        body(place, entry)
      } else {
        let below = node(entry)
        if below.pointee.parent != current || UInt64(below.pointee.place) != slot {
          isSound = false
        }
        check(below, height &- 1, base: place, &found, &isSound, body)
      }
    }
    if used == 0 || used != current.pointee.used || values != current.pointee.values {
      isSound = false
    }
  }
}
