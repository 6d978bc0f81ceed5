import Arm64
public import MemoryTypes

/// Memory groups as objects: making, finding, ending.
extension FrameAllocator {
  /// The group with a number; nil for the root, and for none.
  @inline(__always)
  public func group(_ number: UInt32) -> KernelPointer<MemoryGroup>? {
    guard number != 0 else { return nil }
    let perLeaf = groupsPerLeafShift
    let leaf = groups.leaves[Int(truncatingIfNeeded: number &>> perLeaf) & 127]
    guard leaf != 0 else { return nil }
    return unsafe leafPointer(leaf)[Int(truncatingIfNeeded: number & (1 &<< perLeaf &- 1))]
  }

  /// The group that a frame is charged to.
  @inline(__always)
  public func group(of frame: KernelPointer<Frame>) -> KernelPointer<MemoryGroup>? {
    group(frame.pointee.charge)
  }

  /// A new group below another, nil for the root; nil without memory or numbers
  /// (`mem_cgroup_alloc()`).
  public mutating func makeGroup(
    below parent: KernelPointer<MemoryGroup>?
  ) -> KernelPointer<MemoryGroup>? {
    removeUnreferenced()
    guard let number = freeNumber(), let place = unsafe takeGroupMemory() else { return nil }
    // SAFETY: behind the group, in the same slot.
    let lru = unsafe LRUVector.make(at: place + lruOffset, group: number)
    let group = unsafe Self.initialize(
      place, MemoryGroup(number: number, parent: parent, lru: lru))
    if usesGenerations, !makeGenerations(lru) {
      giveGroupMemory(group)
      return nil
    }
    setGroup(number, group)
    groups.leastFree = number &+ 1
    groups.count &+= 1
    parent?.pointee.references &+= 1
    let last = parent.map { $0.pointee.lastChild } ?? groups.last
    group.pointee.previous = last
    if let last {
      last.pointee.next = group
    } else if let parent {
      parent.pointee.firstChild = group
    } else {
      groups.first = group
    }
    if let parent { parent.pointee.lastChild = group } else { groups.last = group }
    return group
  }

  /// Ends a group's time: nobody is in it any more, and it is gone with its last page
  /// (`mem_cgroup_css_offline()`).
  public mutating func endGroup(_ group: KernelPointer<MemoryGroup>) {
    group.setMinimum(0)
    group.setLow(0)
    group.pointee.isOnline = false
    drainStock(ifWithin: group)
    dropGroup(group)
    removeUnreferenced()
  }

  /// Drops a reference to a group; one that nothing refers to goes when its lists are at rest.
  @inline(__always) mutating func dropGroup(_ group: KernelPointer<MemoryGroup>) {
    group.pointee.references &-= 1
    if group.pointee.references == 0 { groups.unreferenced &+= 1 }
  }

  /// Keeps a group while it is worked on, even when its last page goes; ends that.
  public mutating func hold(_ group: KernelPointer<MemoryGroup>) {
    group.pointee.references &+= 1
  }

  public mutating func letGo(_ group: KernelPointer<MemoryGroup>) {
    dropGroup(group)
    removeUnreferenced()
  }

  /// Removes the groups that nothing refers to.
  ///
  /// Not where frames are between a list and its counter: that may be such a group's.
  @inline(__always) public mutating func removeUnreferenced() {
    if groups.unreferenced != 0 { removeAllUnreferenced() }
  }

  @inline(never) private mutating func removeAllUnreferenced() {
    while groups.unreferenced != 0 {
      var group = groups.first
      while let here = group, here.pointee.references != 0 { group = here.following(below: nil) }
      guard let group else { preconditionFailure("an unreferenced group is in no tree") }
      groups.unreferenced &-= 1
      removeGroup(group)
    }
  }

  /// Takes a group out of the tree for ever; what it counted is its parent's from now on.
  private mutating func removeGroup(_ group: KernelPointer<MemoryGroup>) {
    precondition(group.pointee.firstChild == nil && group.pointee.memory.usage == 0)
    let parent = group.pointee.parent
    if let parent {
      for index in 0..<152 {
        parent.pointee.statistics[index] &+= group.pointee.statistics[index]
      }
    }
    let next = group.pointee.next
    let previous = group.pointee.previous
    if let previous {
      previous.pointee.next = next
    } else if let parent {
      parent.pointee.firstChild = next
    } else {
      groups.first = next
    }
    if let next {
      next.pointee.previous = previous
    } else if let parent {
      parent.pointee.lastChild = previous
    } else {
      groups.last = previous
    }
    let number = group.pointee.number
    setGroup(number, nil)
    groups.leastFree = min(groups.leastFree, number)
    groups.count &-= 1
    endGenerations(group.pointee.lru)
    giveGroupMemory(group)
    if let parent { dropGroup(parent) }
  }

  /// The group that comes after another, nil for the first, when all below `root` are visited.
  public func group(
    after group: KernelPointer<MemoryGroup>?, below root: KernelPointer<MemoryGroup>?
  ) -> KernelPointer<MemoryGroup>? {
    if let group { return group.following(below: root) }
    return root ?? groups.first
  }
}

/// Where groups and their table lie.
extension FrameAllocator {
  /// The base-2 logarithm of the pointers in a frame.
  private var groupsPerLeafShift: UInt32 { UInt32(truncatingIfNeeded: board.pageSize.shift &- 3) }

  private func leafPointer(
    _ number: UInt64
  ) -> UnsafeMutablePointer<KernelPointer<MemoryGroup>?> {
    // SAFETY: leaves are frames of pointers, made by `setGroup`.
    unsafe board.pointer(to: address(of: PageFrameNumber(number)))
      .assumingMemoryBound(to: KernelPointer<MemoryGroup>?.self)
  }

  /// The least number that no group has, with a leaf for it.
  private mutating func freeNumber() -> UInt32? {
    var number = groups.leastFree
    while number <= MemoryGroups.largestNumber, group(number) != nil { number &+= 1 }
    guard number <= MemoryGroups.largestNumber else { return nil }
    let leaf = Int(number &>> groupsPerLeafShift)
    if groups.leaves[leaf] == 0 {
      guard let frame = allocate([.kernel, .zero]) else { return nil }
      groups.leaves[leaf] = frame.rawValue
      groups.frames &+= 1
    }
    return number
  }

  /// Enters a group into the table, or takes it out; a leaf without groups is given back.
  private mutating func setGroup(_ number: UInt32, _ group: KernelPointer<MemoryGroup>?) {
    let leaf = Int(number &>> groupsPerLeafShift)
    let frame = groups.leaves[leaf]
    unsafe leafPointer(frame)[Int(number & (1 &<< groupsPerLeafShift &- 1))] = group
    let entry = frames[PageFrameNumber(frame)]
    entry.pointee.privateWord = entry.pointee.privateWord &+ (group == nil ? UInt64.max : 1)
    if entry.pointee.privateWord == 0 {
      groups.leaves[leaf] = 0
      groups.frames &-= 1
      free(PageFrameNumber(frame))
    }
  }

  /// Where in its slot a group's lists lie, and how large a slot is.
  private var lruOffset: Int { (MemoryLayout<MemoryGroup>.stride &+ 63) & ~63 }
  private var groupStride: Int { (lruOffset &+ MemoryLayout<LRUVector>.stride &+ 63) & ~63 }

  /// Groups in one frame, at most 64: a bit of the frame's `privateWord` each, set if taken.
  private var groupsInFrame: UInt64 {
    min(board.pageSize.bytes.rawValue / UInt64(groupStride), 64)
  }

  private var allTaken: UInt64 { groupsInFrame == 64 ? .max : (1 &<< groupsInFrame) &- 1 }

  private mutating func takeGroupMemory() -> UnsafeMutableRawPointer? {
    precondition(groupsInFrame > 0)
    if groups.firstWithRoom == 0 {
      guard let frame = allocate(.kernel) else { return nil }
      frames[frame].pointee.privateWord = 0
      frames[frame].pointee.index = 0
      groups.firstWithRoom = frame.rawValue
      groups.frames &+= 1
    }
    let number = PageFrameNumber(groups.firstWithRoom)
    let entry = frames[number]
    let slot = (~entry.pointee.privateWord).trailingZeroBitCount
    entry.pointee.privateWord |= 1 &<< UInt64(slot)
    if entry.pointee.privateWord == allTaken { groups.firstWithRoom = entry.pointee.index }
    return unsafe board.pointer(to: address(of: number)) + slot &* groupStride
  }

  private mutating func giveGroupMemory(_ group: KernelPointer<MemoryGroup>) {
    let place = unsafe board.physicalAddress(of: group.raw)
    let number = PageFrameNumber(containing: place, board.pageSize)
    let slot = Int((place - address(of: number)).rawValue) / groupStride
    let entry = frames[number]
    if entry.pointee.privateWord == allTaken {
      entry.pointee.index = groups.firstWithRoom
      groups.firstWithRoom = number.rawValue
    }
    entry.pointee.privateWord &= ~(1 &<< UInt64(slot))
    if entry.pointee.privateWord == 0 { dropGroupFrame(number) }
  }

  /// Takes a frame without groups out of the chain and gives it back.
  private mutating func dropGroupFrame(_ number: PageFrameNumber) {
    let next = frames[number].pointee.index
    if groups.firstWithRoom == number.rawValue {
      groups.firstWithRoom = next
    } else {
      var here = groups.firstWithRoom
      while here != 0, frames[PageFrameNumber(here)].pointee.index != number.rawValue {
        here = frames[PageFrameNumber(here)].pointee.index
      }
      precondition(here != 0)
      frames[PageFrameNumber(here)].pointee.index = next
    }
    groups.frames &-= 1
    free(number)
  }

  private static func initialize(
    _ place: UnsafeMutableRawPointer, _ group: consuming MemoryGroup
  ) -> KernelPointer<MemoryGroup> {
    // SAFETY: the place is a free slot of a frame of groups, and stays one until the group is gone.
    let pointer = unsafe place.bindMemory(to: MemoryGroup.self, capacity: 1)
    unsafe pointer.initialize(to: group)
    return unsafe KernelPointer(pointer)
  }
}
