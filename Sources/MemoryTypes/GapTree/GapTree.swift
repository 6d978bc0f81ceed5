/// A tree of ranges of addresses that do not overlap, in order, in which the lowest room of a length
/// is found in one descent: what programs' areas hang in, and vmalloc's.
///
/// Terms. The *gap below* a node is the room between the end of its predecessor, or the lowest
/// address that there is, and its own *ceiling*: its start, or where a guard begins that it keeps
/// below itself. The gaps are the values of the ``MaximumTree``, so each node knows the largest of
/// its subtree. The room above the highest node belongs to none.
///
/// A new node hangs where its predecessor or successor has a free side, so that linking searches
/// nothing. Who conforms keeps `previous` and `last` before it calls ``hang(_:after:before:)`` and
/// ``unhook(_:heir:)``, and refreshes what follows a node whose end moves.
package protocol GapTree: MaximumTree {
  /// The lowest address that a gap may have.
  var lowest: VirtualAddress { get }

  static func start(_ node: Pointer) -> VirtualAddress
  static func end(_ node: Pointer) -> VirtualAddress
  static func previous(_ node: Pointer) -> Pointer?

  /// Where the gap below a node ends.
  func ceiling(_ node: Pointer) -> VirtualAddress
}

/// A place for a range: where it may begin, and the node that will follow it.
package struct GapRoom<Node> {
  package var start: VirtualAddress
  package var next: KernelPointer<Node>?

  @inline(__always) package init(start: VirtualAddress, next: KernelPointer<Node>?) {
    self.start = start
    self.next = next
  }
}

extension GapTree {
  @inline(__always) package func ceiling(_ node: Pointer) -> VirtualAddress { Self.start(node) }

  /// Where the gap below a node begins.
  @inline(__always) package func floor(_ node: Pointer) -> VirtualAddress {
    Self.previous(node).map { Self.end($0) } ?? lowest
  }

  @inline(__always) package func value(of node: Pointer) -> UInt64 {
    let (floor, ceiling) = (floor(node), ceiling(node))
    return ceiling > floor ? ceiling.rawValue &- floor.rawValue : 0
  }

  /// Hangs a node in between its neighbours, of which one has a free side towards the other.
  @inline(__always) package mutating func hang(
    _ node: Pointer, after previous: Pointer?, before next: Pointer?
  ) {
    let links = Self.links(node)
    links.pointee = TreeLinks()
    Self.balance(node).pointee = 0
    if let previous, Self.links(previous).pointee.right == nil {
      Self.links(previous).pointee.right = node
      links.pointee.parent = previous
    } else if let next {
      Self.links(next).pointee.left = node
      links.pointee.parent = next
    } else {
      root = node
    }
    links.pointee.greatest = value(of: node)
    rebalance(afterInserting: node)
    refreshUp(from: next)
  }

  /// The lowest room of a length at a multiple of `mask + 1` below a node's ceiling, between two
  /// limits; nil where only what is above the highest node may have it.
  ///
  /// Linux (find_vmap_lowest_match(), unmapped_area() before 6.1) leaves out subtrees that cannot
  /// hold the length *and* the most that alignment may cost, so which of several holes it finds for
  /// an aligned range hangs on the shape of its tree. Here it is the lowest that fits: a gap that is
  /// long enough is looked at, however it is aligned.
  ///
  /// - Parameter isWhole: nothing lies outside of the limits, so none is compared with; a constant.
  @inline(__always) package func lowestGap(
    _ length: UInt64, mask: UInt64, from low: VirtualAddress, to high: VirtualAddress,
    isWhole: Bool
  ) -> GapRoom<Node>? {
    guard var node = root, Self.links(node).pointee.greatest >= length else { return nil }
    while true {
      if let left = Self.links(node).pointee.left, Self.links(left).pointee.greatest >= length,
        isWhole || reaches(node, above: low, length)
      {
        node = left
        continue
      }
      while true {
        let floor = isWhole ? floor(node) : max(floor(node), low)
        let ceiling = isWhole ? ceiling(node) : min(ceiling(node), high)
        let start = (floor.rawValue &+ mask) & ~mask
        // Near the top of all addresses a start may wrap.
        if start >= floor.rawValue, start <= ceiling.rawValue, ceiling.rawValue &- start >= length {
          return GapRoom(start: VirtualAddress(start), next: node)
        }
        if !isWhole && Self.end(node) >= high { return nil }
        if let right = Self.links(node).pointee.right,
          Self.links(right).pointee.greatest >= length
        {
          node = right
          break
        }
        // Up to the first ancestor that this is to the left of.
        var child = node
        while true {
          guard let parent = Self.links(child).pointee.parent else { return nil }
          let wasLeft = Self.links(parent).pointee.left == child
          child = parent
          if wasLeft { break }
        }
        node = child
      }
    }
  }

  /// Whether a length above an address may lie in the gaps to the left of a node: they end where its
  /// predecessor starts, or lower.
  @inline(__always)
  private func reaches(_ node: Pointer, above low: VirtualAddress, _ length: UInt64) -> Bool {
    guard let previous = Self.previous(node) else { return false }
    let start = Self.start(previous)
    return start > low && start.rawValue &- low.rawValue >= length
  }
}
