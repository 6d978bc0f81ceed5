import Arm64
import MemoryTypes

extension FrameAllocator {
  /// Whether groups, charges and stocks agree; walks all of RAM and the tree, for tests.
  public func checkGroups() -> StaticString? {
    var group = groups.first
    var count = 0
    while let here = group {
      count &+= 1
      if let wrong = check(here) { return wrong }
      group = here.following(below: nil)
    }
    return count == groups.count ? nil : "the number of groups"
  }

  private func check(
    _ group: KernelPointer<MemoryGroup>
  ) -> StaticString? {
    guard self.group(group.pointee.number) == group else {
      return "a group that is not in the table"
    }
    let size = Int(board.pageSize.bytes.rawValue)
    var bytes = group.pointee.objectBytes
    bytes &+= group.pointee.statistics[Int(GroupCounter.slabReclaimable.rawValue)]
    bytes &+= group.pointee.statistics[Int(GroupCounter.slabUnreclaimable.rawValue)]
    if groups.objects.group == group { bytes &+= groups.objects.bytes }
    guard bytes % size == 0 else { return "bytes of objects that no page is charged for" }
    var pages = charged(to: group) &+ bytes / size
    if groups.stock.group == group { pages &+= groups.stock.pages }
    var minimum = 0
    var low = 0
    var swap = 0
    var child = group.pointee.firstChild
    while let here = child {
      guard here.pointee.parent == group else { return "a child of another" }
      pages &+= here.pointee.memory.usage
      swap &+= here.pointee.swap.usage
      minimum &+= min(here.pointee.memory.usage, here.pointee.memory.minimum)
      low &+= min(here.pointee.memory.usage, here.pointee.memory.low)
      child = here.pointee.next
    }
    guard group.pointee.memory.usage == pages else { return "a group's pages" }
    guard group.pointee.swap.usage >= swap else { return "a group's swap space" }
    guard group.pointee.memory.childrenMinimumUsage == minimum,
      group.pointee.memory.childrenLowUsage == low
    else { return "what is protected below a group" }
    return nil
  }

  /// The pages of blocks that carry a group's number.
  private func charged(to group: KernelPointer<MemoryGroup>) -> Int {
    var pages = 0
    for bank in 0..<banks.count {
      var number = PageFrameNumber(containing: banks[bank].start, board.pageSize)
      let end = PageFrameNumber(containing: banks[bank].end, board.pageSize)
      while number < end {
        let frame = frames[number]
        if frame.pointee.state != .slab && frame.pointee.charge == group.pointee.number {
          pages &+= 1 &<< Int(frame.pointee.blockOrder)
        }
        number += PageCount(1)
      }
    }
    return pages
  }
}
