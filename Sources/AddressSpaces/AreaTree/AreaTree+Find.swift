import MemoryTypes

extension AreaTree {
  /// The lowest area that ends above an address: it contains the address or is the next one up
  /// (`find_vma()`).
  @inline(__always) mutating func area(endingAbove address: VirtualAddress) -> Area? {
    if let recent, recent.pointee.contains(address) { return recent }
    return search(address)
  }

  /// The area that contains an address (`vma_lookup()`).
  @inline(__always) mutating func area(containing address: VirtualAddress) -> Area? {
    guard let area = area(endingAbove: address), area.pointee.start <= address else { return nil }
    return area
  }

  /// The lowest area that has a page in a range (`find_vma_intersection()`).
  mutating func area(
    intersecting start: VirtualAddress, _ end: VirtualAddress
  ) -> Area? {
    guard let area = area(endingAbove: start), area.pointee.start < end else { return nil }
    return area
  }

  /// The area above an address as `area(endingAbove:)`, and the one before it.
  mutating func neighbours(of address: VirtualAddress) -> (previous: Area?, area: Area?) {
    guard let area = area(endingAbove: address) else { return (last, nil) }
    return (area.pointee.previous, area)
  }

  mutating func search(_ address: VirtualAddress) -> Area? {
    var node = root
    var best: Area?
    while let here = node {
      if here.pointee.end > address {
        best = here
        if here.pointee.start <= address {
          recent = here
          return here
        }
        node = here.pointee.tree.left
      } else {
        node = here.pointee.tree.right
      }
    }
    return best
  }
}
