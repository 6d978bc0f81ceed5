import MemoryTypes

/// Something that covers pages `firstPage...lastPage` of an object, and hangs in one tree of such.
protocol IntervalNode {
  /// Written by ``IntervalTree`` alone, as `intervalBalance` is.
  var interval: IntervalLinks<Self> { get set }
  /// The height of the right subtree less that of the left: -1, 0 or 1.
  var intervalBalance: Int8 { get set }
  /// The first page of the object that it covers: its key.
  var firstPage: UInt64 { get }
  /// The last page that it covers, pages being `1 << shift` bytes.
  func lastPage(_ shift: UInt64) -> UInt64
}

/// Where a node hangs, and the highest last page of its subtree.
struct IntervalLinks<Node> {
  var left: KernelPointer<Node>?
  var right: KernelPointer<Node>?
  var parent: KernelPointer<Node>?
  var highestLast: UInt64 = 0
}

/// Intervals of pages, of which those that cover a page are found in O(log n + found): an AVL tree
/// by first page in which each node knows the highest last page below it.
///
/// Linux's `rb_root_cached` with include/linux/interval_tree_generic.h under mm/interval_tree.c.
/// Nodes may have equal keys; a node is removed by its links, without a search. The tree is two
/// words and lies in what it belongs to; `shift` is the machine's page shift.
///
/// Invariants, checked by ``checkInvariants()``:
/// - in order, `firstPage` never falls;
/// - `intervalBalance == height(right) - height(left)`, within one of zero;
/// - `highestLast == max(lastPage, left.highestLast, right.highestLast)`.
struct IntervalTree<Node: IntervalNode> {
  typealias Pointer = KernelPointer<Node>

  var root: Pointer?
  let shift: UInt64

  init(root: Pointer?, shift: UInt64) {
    self.root = root
    self.shift = shift
  }

  /// Hangs a node in.
  mutating func insert(_ node: Pointer) {
    let first = node.pointee.firstPage
    let last = node.pointee.lastPage(shift)
    node.pointee.interval = IntervalLinks(highestLast: last)
    node.pointee.intervalBalance = 0
    guard var parent = root else {
      root = node
      return
    }
    while true {
      if parent.pointee.interval.highestLast < last { parent.pointee.interval.highestLast = last }
      if first < parent.pointee.firstPage {
        guard let left = parent.pointee.interval.left else {
          parent.pointee.interval.left = node
          break
        }
        parent = left
      } else {
        guard let right = parent.pointee.interval.right else {
          parent.pointee.interval.right = node
          break
        }
        parent = right
      }
    }
    node.pointee.interval.parent = parent
    rebalance(afterInserting: node)
  }

  /// Takes a node out, whatever its bounds are by now.
  mutating func remove(_ node: Pointer) {
    let left = node.pointee.interval.left
    let right = node.pointee.interval.right
    guard let left, let right else {
      let parent = node.pointee.interval.parent
      let wasLeft = parent?.pointee.interval.left == node
      replace(node, by: left ?? right)
      if let parent { rebalance(afterRemovingFrom: parent, left: wasLeft) }
      return
    }
    // The successor takes the place.
    var heir = right
    while let lower = heir.pointee.interval.left { heir = lower }
    heir.pointee.interval.left = left
    left.pointee.interval.parent = heir
    heir.pointee.intervalBalance = node.pointee.intervalBalance
    let place = heir.pointee.interval.parent
    if let place, place != node {
      let inner = heir.pointee.interval.right
      place.pointee.interval.left = inner
      inner?.pointee.interval.parent = place
      heir.pointee.interval.right = right
      right.pointee.interval.parent = heir
      replace(node, by: heir)
      rebalance(afterRemovingFrom: place, left: true)
    } else {
      replace(node, by: heir)
      rebalance(afterRemovingFrom: heir, left: false)
    }
  }

  /// Brings the tree up to date after a node's last page moved and its first did not.
  func lastChanged(_ node: Pointer) { refreshUp(from: node) }

  /// Brings the tree up to date after a node's bounds moved.
  mutating func boundsChanged(_ node: Pointer) {
    let links = node.pointee.interval
    if links.left == nil && links.right == nil && links.parent == nil {
      node.pointee.interval.highestLast = node.pointee.lastPage(shift)
      return
    }
    remove(node)
    insert(node)
  }

  /// Computes a node's highest last page anew; whether it changed.
  @inline(__always) func refresh(_ node: Pointer) -> Bool {
    var highest = node.pointee.lastPage(shift)
    if let left = node.pointee.interval.left {
      highest = max(highest, left.pointee.interval.highestLast)
    }
    if let right = node.pointee.interval.right {
      highest = max(highest, right.pointee.interval.highestLast)
    }
    let changed = node.pointee.interval.highestLast != highest
    node.pointee.interval.highestLast = highest
    return changed
  }

  func refreshUp(from node: Pointer?) {
    var node = node
    while let here = node, refresh(here) { node = here.pointee.interval.parent }
  }

  /// Puts a node, or nothing, in another's place under its parent.
  mutating func replace(_ old: Pointer, by new: Pointer?) {
    let parent = old.pointee.interval.parent
    new?.pointee.interval.parent = parent
    guard let parent else {
      root = new
      return
    }
    if parent.pointee.interval.left == old {
      parent.pointee.interval.left = new
    } else {
      parent.pointee.interval.right = new
    }
  }
}
