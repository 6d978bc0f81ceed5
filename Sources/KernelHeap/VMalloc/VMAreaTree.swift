import MemoryTypes

/// The areas of one region, those in use and the lazy ones: an AVL tree by address through the
/// areas themselves (``GapTree``), but for the one made last.
///
/// That one is *loose* as long as no other is made: it hangs in no tree, but between its neighbours
/// `previous` and `above`. Most areas that do not stay go before the next comes; they cost the tree
/// nothing. Meanwhile the tree takes the gap that it lies in for empty below ``GapTree/floor(_:)``,
/// so what the nodes know as their largest gap may be too large, and a search that comes there goes
/// on; the gap below the loose area itself no node knows.
///
/// Linux has two trees more: `free_vmap_area_root`, of the free blocks as objects of their own, and
/// `purge_vmap_area_root`. Free blocks are the gaps between the others, so one tree knows both; and
/// lazy areas stay in it, so that nobody is given their addresses (Documentation/Theory/VMalloc.md).
///
/// Invariants, checked by ``checkInvariants()``:
/// - `low <= a.start`, `a.end <= a's successor's start`, `last.end <= high`;
/// - `previous` is the predecessor in order; `count` is the number of areas;
/// - `loose` is nil or no node, and follows `previous` and precedes `above`; all others are nodes;
/// - those of a ``MaximumTree`` whose values are the gaps below the areas, as soon as none is loose.
///
/// Guarded, with its areas, by what guards the ``VMAllocator`` (Linux: `vmap_area_lock`,
/// `free_vmap_area_lock`).
struct VMAreaTree: GapTree {
  typealias Node = VMArea

  var root: Pointer?
  /// The highest area, in the tree or loose.
  var last: Pointer?
  /// The area made last, while it is there and no other was made; and the node that follows it.
  var loose: Pointer?
  var above: Pointer?
  /// The region's first address, and the first behind it.
  let low: VirtualAddress
  let high: VirtualAddress
  var count = 0

  init(_ region: Range<VirtualAddress>) {
    low = region.lowerBound
    high = region.upperBound
  }

  var lowest: VirtualAddress { low }

  @inline(__always) static func start(_ area: Pointer) -> VirtualAddress { area.pointee.start }
  @inline(__always) static func end(_ area: Pointer) -> VirtualAddress { area.pointee.end }
  @inline(__always) static func previous(_ area: Pointer) -> Pointer? { area.pointee.previous }

  // SAFETY (both): the part lies in the initialised area.

  @inline(__always) static func links(_ area: Pointer) -> KernelPointer<TreeLinks<VMArea>> {
    unsafe withUnsafeMutablePointer(to: &area.pointee.tree) { unsafe KernelPointer($0) }
  }

  @inline(__always) static func balance(_ area: Pointer) -> KernelPointer<Int8> {
    unsafe withUnsafeMutablePointer(to: &area.pointee.balance) { unsafe KernelPointer($0) }
  }
}

extension VMAreaTree {
  /// The area that an address is in (`__find_vmap_area()`).
  func area(containing address: VirtualAddress) -> Pointer? {
    // The one made last is the likeliest to be given back first.
    if let loose, address >= loose.pointee.start, address < loose.pointee.end { return loose }
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
    if let loose, best == above, loose.pointee.start > address { return loose }
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
    if let loose, loose.pointee.previous == nil { return loose }
    var node = root
    while let left = node?.pointee.tree.left { node = left }
    return node
  }

  /// The next area in order.
  func successor(of area: Pointer) -> Pointer? {
    area == loose ? above : successor(of: area, nextNode(area))
  }

  private func nextNode(_ area: Pointer) -> Pointer? {
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

  /// Puts an area in front of the one that will follow it, or behind all with nil.
  mutating func insert(_ area: Pointer, before next: Pointer?) {
    if let loose { hang(loose, after: loose.pointee.previous, before: above) }
    count &+= 1
    area.pointee.previous = next == nil ? last : next?.pointee.previous
    if let next { next.pointee.previous = area } else { last = area }
    loose = area
    above = next
  }

  /// Takes an area out; the gap below its successor grows by it.
  mutating func remove(_ area: Pointer) {
    count &-= 1
    let isLoose = area == loose
    let node = isLoose ? above : nextNode(area)
    let next = isLoose ? node : successor(of: area, node)
    if let next {
      next.pointee.previous = area.pointee.previous
    } else {
      last = area.pointee.previous
    }
    if isLoose {
      loose = nil
      above = nil
    } else {
      if area == above { above = node }
      unhook(area, heir: node)
    }
    refreshUp(from: node)
  }

  @inline(__always) private func successor(of area: Pointer, _ node: Pointer?) -> Pointer? {
    if let loose, loose.pointee.previous == area { return loose }
    return node
  }
}
