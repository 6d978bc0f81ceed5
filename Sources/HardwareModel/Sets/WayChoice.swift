/// The tree of tree-PLRU over a power of two of ways, 64 at most.
///
/// Node 1 is the root, the children of node n are 2n and 2n + 1, and a set bit points to the upper
/// half.
enum PseudoLRUTree {
  /// The tree, with the nodes on a way's path turned to the other side.
  @inline(__always) static func turned(_ tree: UInt64, awayFrom way: Int, of ways: Int) -> UInt64 {
    var tree = tree
    var node = way &+ ways
    while node > 1 {
      let bit = UInt64(1) &<< UInt64(node &>> 1)
      tree = node & 1 == 0 ? tree | bit : tree & ~bit
      node &>>= 1
    }
    return tree
  }

  /// The nodes on a way's path among 4 or 8, and those of them that then point to the upper half.
  ///
  /// A way's nodes take four bits of the tree with 4 ways, eight with 8: so all ways' are a word.
  @inline(__always) static func path(of way: Int, _ ways: Int) -> (UInt64, UInt64) {
    if ways == 4 {
      let at = UInt64(truncatingIfNeeded: way) &* 4
      return ((0xaa66 as UInt64 &>> at) & 15, (0x0826 as UInt64 &>> at) & 15)
    }
    let at = UInt64(truncatingIfNeeded: way) &* 8
    return (
      (0x8a8a_4a4a_2626_1616 as UInt64 &>> at) & 255,
      (0x0080_0848_0222_0616 as UInt64 &>> at) & 255
    )
  }

  /// The way that it points to.
  @inline(__always) static func victim(_ tree: UInt64, of ways: Int) -> Int {
    var node = 1
    while node < ways {
      node = node &* 2 &+ Int(truncatingIfNeeded: (tree &>> UInt64(node)) & 1)
    }
    return node &- ways
  }
}

/// Any way, by xorshift64 (Marsaglia, 2003).
enum RandomWay {
  @inline(__always) static func next(_ generator: inout UInt64, of ways: Int) -> Int {
    generator ^= generator &<< 13
    generator ^= generator &>> 7
    generator ^= generator &<< 17
    return Int(truncatingIfNeeded: generator % UInt64(ways))
  }
}
