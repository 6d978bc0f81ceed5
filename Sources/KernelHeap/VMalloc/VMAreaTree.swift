import MemoryTypes

/// The areas of one region, those in use and the lazy ones: an AVL tree by address through the
/// areas themselves.
///
/// Terms. The *gap below* an area is the room between the end of its predecessor (or the region's
/// start) and its own start. Each node knows the largest gap in its subtree, so the lowest that fits
/// is found in one descent. The room above the highest area belongs to no node and is looked at last.
///
/// Linux has two trees more: `free_vmap_area_root`, of the free blocks as objects of their own, and
/// `purge_vmap_area_root`. Free blocks are the gaps between the others, so one tree knows both; and
/// lazy areas stay in it, so that nobody is given their addresses (Documentation/Theory/VMalloc.md).
///
/// Invariants, checked by ``checkInvariants()``:
/// - `low <= a.start`, `a.end <= a's successor's start`, `last.end <= high`;
/// - `previous` is the predecessor in order; `count` is the number of nodes;
/// - those of a ``MaximumTree`` whose values are the gaps below the areas.
///
/// Guarded, with its areas, by what guards the ``VMAllocator`` (Linux: `vmap_area_lock`,
/// `free_vmap_area_lock`).
struct VMAreaTree: MaximumTree {
  typealias Node = VMArea

  var root: Pointer?
  var last: Pointer?
  /// The area that came last, while it is there.
  var recent: Pointer?
  /// The region's first address, and the first behind it.
  let low: VirtualAddress
  let high: VirtualAddress
  var count = 0

  init(_ region: Range<VirtualAddress>) {
    low = region.lowerBound
    high = region.upperBound
  }

  @inline(__always) func value(of area: Pointer) -> UInt64 {
    area.pointee.start.rawValue &- floor(area).rawValue
  }

  // SAFETY (both): the part lies in the initialised area.

  @inline(__always) static func links(_ area: Pointer) -> KernelPointer<TreeLinks<VMArea>> {
    unsafe withUnsafeMutablePointer(to: &area.pointee.tree) { unsafe KernelPointer($0) }
  }

  @inline(__always) static func balance(_ area: Pointer) -> KernelPointer<Int8> {
    unsafe withUnsafeMutablePointer(to: &area.pointee.balance) { unsafe KernelPointer($0) }
  }

  /// Where the gap below an area begins.
  @inline(__always) func floor(_ area: Pointer) -> VirtualAddress {
    area.pointee.previous?.pointee.end ?? low
  }
}

extension VMAreaTree {
  /// The area that an address is in (`__find_vmap_area()`).
  func area(containing address: VirtualAddress) -> Pointer? {
    // The one made last is the likeliest to be given back first.
    if let recent, address >= recent.pointee.start, address < recent.pointee.end { return recent }
    var node = root
    while let here = node {
      if address < here.pointee.start {
        node = here.pointee.tree.left
      } else if address >= here.pointee.end {
        node = here.pointee.tree.right
      } else {
        return here
      }
    }
    return nil
  }

  /// The lowest area that begins above an address.
  func area(above address: VirtualAddress) -> Pointer? {
    var node = root
    var best: Pointer?
    while let here = node {
      if here.pointee.start > address {
        best = here
        node = here.pointee.tree.left
      } else {
        node = here.pointee.tree.right
      }
    }
    return best
  }

  /// The free addresses around one of them.
  func room(around address: VirtualAddress) -> Range<VirtualAddress> {
    let next = area(above: address)
    let previous = next == nil ? last : next?.pointee.previous
    return (previous?.pointee.end ?? low)..<(next?.pointee.start ?? high)
  }

  /// The area with the lowest addresses.
  var first: Pointer? {
    var node = root
    while let left = node?.pointee.tree.left { node = left }
    return node
  }

  /// The next area in order.
  func successor(of area: Pointer) -> Pointer? {
    if var node = area.pointee.tree.right {
      while let left = node.pointee.tree.left { node = left }
      return node
    }
    var child = area
    while let parent = child.pointee.tree.parent {
      if parent.pointee.tree.left == child { return parent }
      child = parent
    }
    return nil
  }

  /// Hangs an area in, in front of the one that will follow it, or behind all with nil.
  mutating func insert(_ area: Pointer, before next: Pointer?) {
    recent = area
    let previous = next == nil ? last : next?.pointee.previous
    area.pointee.previous = previous
    if let next { next.pointee.previous = area } else { last = area }
    count &+= 1
    area.pointee.tree = TreeLinks()
    area.pointee.balance = 0
    // One of the two neighbours has a free side towards the other.
    if let previous, previous.pointee.tree.right == nil {
      previous.pointee.tree.right = area
      area.pointee.tree.parent = previous
    } else if let next {
      next.pointee.tree.left = area
      area.pointee.tree.parent = next
    } else {
      root = area
    }
    area.pointee.tree.greatest = value(of: area)
    rebalance(afterInserting: area)
    refreshUp(from: next)
  }

  /// Takes an area out; the gap below its successor grows by it.
  mutating func remove(_ area: Pointer) {
    if recent == area { recent = nil }
    let next = area == last ? nil : successor(of: area)
    if let next {
      next.pointee.previous = area.pointee.previous
    } else {
      last = area.pointee.previous
    }
    count &-= 1
    unhook(area, heir: next)
    refreshUp(from: next)
  }
}
