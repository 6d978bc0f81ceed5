/// A balanced binary tree through its nodes themselves, in which each node knows the greatest value
/// of its subtree: what the trees of areas find gaps by, and those of intervals what covers a page.
///
/// The order of the nodes is the tree's own affair: it hangs new ones in. Here are the balance (AVL:
/// Adelson-Velsky and Landis 1962; Knuth, The Art of Computer Programming 3, 6.2.3) and the greatest
/// values, as Linux's rb_tree with RB_DECLARE_CALLBACKS_MAX has them.
///
/// Invariants:
/// - `balance == height(right) - height(left)`, within one of zero;
/// - `greatest == max(value, left.greatest, right.greatest)`.
package protocol MaximumTree {
  associatedtype Node
  typealias Pointer = KernelPointer<Node>

  var root: Pointer? { get set }

  /// A node's own value, from what it is now.
  func value(of node: Pointer) -> UInt64

  /// The parts of a node that are this tree's.
  static func links(_ node: Pointer) -> KernelPointer<TreeLinks<Node>>
  static func balance(_ node: Pointer) -> KernelPointer<Int8>
}

/// Where a node hangs, and the greatest value of its subtree.
package struct TreeLinks<Node>: BitwiseCopyable {
  package var left: KernelPointer<Node>?
  package var right: KernelPointer<Node>?
  package var parent: KernelPointer<Node>?
  package var greatest: UInt64

  package init(greatest: UInt64 = 0) { self.greatest = greatest }
}

extension MaximumTree {
  /// Computes a node's greatest value anew and tells whether it changed.
  @inline(__always) package func refresh(_ node: Pointer) -> Bool {
    let links = Self.links(node)
    var greatest = value(of: node)
    if let left = links.pointee.left { greatest = max(greatest, Self.links(left).pointee.greatest) }
    if let right = links.pointee.right {
      greatest = max(greatest, Self.links(right).pointee.greatest)
    }
    let changed = links.pointee.greatest != greatest
    links.pointee.greatest = greatest
    return changed
  }

  /// Brings a node and its ancestors up to date, as far as anything changes.
  @inline(__always) package func refreshUp(from node: Pointer?) {
    var node = node
    while let here = node, refresh(here) { node = Self.links(here).pointee.parent }
  }

  /// Puts a node, or nothing, in another's place under its parent.
  @inline(__always) package mutating func replace(_ old: Pointer, by new: Pointer?) {
    let parent = Self.links(old).pointee.parent
    if let new { Self.links(new).pointee.parent = parent }
    guard let parent else {
      root = new
      return
    }
    if Self.links(parent).pointee.left == old {
      Self.links(parent).pointee.left = new
    } else {
      Self.links(parent).pointee.right = new
    }
  }

  /// Takes a node out; `heir` is the next in order, if there is any to its right.
  package mutating func unhook(_ node: Pointer, heir: Pointer?) {
    let own = Self.links(node).pointee
    guard let left = own.left, let right = own.right, let heir else {
      let wasLeft = own.parent.map { Self.links($0).pointee.left == node } ?? false
      replace(node, by: own.left ?? own.right)
      if let parent = own.parent { rebalance(afterRemovingFrom: parent, left: wasLeft) }
      return
    }
    // The heir is the leftmost of the right subtree; it takes the place.
    let place = Self.links(heir).pointee.parent
    let inner = Self.links(heir).pointee.right
    Self.links(heir).pointee.left = left
    Self.links(left).pointee.parent = heir
    // What is known of this place above it.
    Self.links(heir).pointee.greatest = own.greatest
    Self.balance(heir).pointee = Self.balance(node).pointee
    if let place, place != node {
      Self.links(place).pointee.left = inner
      if let inner { Self.links(inner).pointee.parent = place }
      Self.links(heir).pointee.right = right
      Self.links(right).pointee.parent = heir
      replace(node, by: heir)
      rebalance(afterRemovingFrom: place, left: true)
    } else {
      replace(node, by: heir)
      rebalance(afterRemovingFrom: heir, left: false)
    }
    refreshUp(from: heir)
  }

  /// A subtree's height, or nil where balance or greatest values are wrong in it; for tests.
  package func checkedHeight(_ node: Pointer?, parent: Pointer?) -> Int? {
    guard let node else { return 0 }
    let links = Self.links(node).pointee
    guard links.parent == parent, let left = checkedHeight(links.left, parent: node),
      let right = checkedHeight(links.right, parent: node),
      right - left == Int(Self.balance(node).pointee), abs(right - left) <= 1
    else { return nil }
    let greatest = max(
      value(of: node), links.left.map { Self.links($0).pointee.greatest } ?? 0,
      links.right.map { Self.links($0).pointee.greatest } ?? 0)
    return links.greatest == greatest ? max(left, right) + 1 : nil
  }
}
