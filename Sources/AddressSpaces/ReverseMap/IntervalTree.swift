import MemoryTypes

/// Something that covers pages `firstPage...lastPage` of an object, and hangs in one tree of such.
protocol IntervalNode {
  /// The first page of the object that it covers: its key.
  var firstPage: UInt64 { get }
  /// The last page that it covers, pages being `1 << shift` bytes.
  func lastPage(_ shift: UInt64) -> UInt64

  /// The parts of it that ``IntervalTree`` alone writes.
  static func intervalLinks(_ node: KernelPointer<Self>) -> KernelPointer<TreeLinks<Self>>
  static func intervalBalance(_ node: KernelPointer<Self>) -> KernelPointer<Int8>
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
/// - those of a ``MaximumTree`` whose values are the last pages.
struct IntervalTree<Node: IntervalNode>: MaximumTree {
  typealias Pointer = KernelPointer<Node>

  var root: Pointer?
  let shift: UInt64

  init(root: Pointer?, shift: UInt64) {
    self.root = root
    self.shift = shift
  }

  @inline(__always) func value(of node: Pointer) -> UInt64 { node.pointee.lastPage(shift) }

  @inline(__always) static func links(_ node: Pointer) -> KernelPointer<TreeLinks<Node>> {
    Node.intervalLinks(node)
  }

  @inline(__always) static func balance(_ node: Pointer) -> KernelPointer<Int8> {
    Node.intervalBalance(node)
  }

  /// Hangs a node in.
  mutating func insert(_ node: Pointer) {
    let first = node.pointee.firstPage
    Self.links(node).pointee = TreeLinks(greatest: value(of: node))
    Self.balance(node).pointee = 0
    guard var parent = root else {
      root = node
      return
    }
    while true {
      let links = Self.links(parent)
      guard let below = first < parent.pointee.firstPage ? links.pointee.left : links.pointee.right
      else { break }
      parent = below
    }
    if first < parent.pointee.firstPage {
      Self.links(parent).pointee.left = node
    } else {
      Self.links(parent).pointee.right = node
    }
    Self.links(node).pointee.parent = parent
    rebalance(afterInserting: node)
  }

  /// Takes a node out, whatever its bounds are by now.
  mutating func remove(_ node: Pointer) {
    var heir = Self.links(node).pointee.right
    while let lower = heir.flatMap({ Self.links($0).pointee.left }) { heir = lower }
    unhook(node, heir: heir)
  }

  /// Brings the tree up to date after a node's last page moved and its first did not.
  func lastChanged(_ node: Pointer) { refreshUp(from: node) }

  /// Brings the tree up to date after a node's bounds moved.
  mutating func boundsChanged(_ node: Pointer) {
    let links = Self.links(node)
    if links.pointee.left == nil && links.pointee.right == nil && links.pointee.parent == nil {
      links.pointee.greatest = value(of: node)
      return
    }
    remove(node)
    insert(node)
  }
}
