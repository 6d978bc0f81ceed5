import Arm64
public import Files
import KernelHeap
public import MemoryTypes
import PageFrames

/// Making, finding and removing control groups (cgroup_mkdir(), cgroup_rmdir()).
extension KernelState {
  /// The top of the tree, made when it is first asked for.
  public func topControlGroup() throws(Errno) -> KernelPointer<ControlGroup> {
    if let top = store.pointee.controlGroups.top { return top }
    let top = try allocateControlGroup(ShortName("/" as StaticString), below: nil)
    store.pointee.controlGroups.top = top
    // What systems set up before anything else runs.
    top.pointee.sharesMemory = true
    forEachTask { thread in
      if thread.pointee.controlGroup == nil && thread.pointee.state != .zombie {
        top.changeTasks(by: 1)
      }
    }
    return top
  }

  /// The group that a node names by place and serial number; nil once it is removed.
  public func controlGroup(slot: UInt16, serial: UInt32) -> KernelPointer<ControlGroup>? {
    guard Int(slot) < store.pointee.controlGroups.capacity,
      let group = unsafe controlGroupSlots[Int(slot)], group.pointee.serial == serial
    else { return nil }
    return group
  }

  /// The group that a task is in.
  public func controlGroup(of task: KernelPointer<Task<B>>) -> KernelPointer<ControlGroup>? {
    task.pointee.controlGroup ?? store.pointee.controlGroups.top
  }

  /// The group whose memory that is; nil once it is removed.
  func controlGroup(
    owning memory: KernelPointer<MemoryGroup>
  ) -> KernelPointer<ControlGroup>? {
    // SAFETY: `giveMemory` set the word to the group's address, `takeMemory` clears it.
    guard let group = unsafe UnsafeMutablePointer<ControlGroup>(bitPattern: memory.pointee.owner)
    else { return nil }
    return unsafe KernelPointer(group)
  }

  /// mkdir.
  public func makeControlGroup(
    _ name: ByteString, below parent: KernelPointer<ControlGroup>
  ) throws(Errno) {
    guard name.firstIndex(of: 0x0A) == nil else { throw .EINVAL }
    guard parent.child(name) == nil else { throw .EEXIST }
    // cgroup_check_hierarchy_limits()
    var depth = 1
    var above: KernelPointer<ControlGroup>? = parent
    while let here = above {
      guard here.pointee.descendants < here.pointee.maximumDescendants,
        depth <= here.pointee.maximumDepth
      else { throw .EAGAIN }
      depth &+= 1
      above = here.pointee.parent
    }
    let group = try allocateControlGroup(ShortName(name), below: parent)
    if parent.pointee.sharesMemory {
      do throws(Errno) {
        try giveMemory(to: group)
      } catch {
        freeControlGroup(group)
        throw error
      }
    }
    group.pointee.owner = current.pointee.credentials.fileUser
    group.pointee.group = current.pointee.credentials.fileGroup
    // Oldest first, as tasks see them.
    if var last = parent.pointee.firstChild {
      while let next = last.pointee.next { last = next }
      last.pointee.next = group
    } else {
      parent.pointee.firstChild = group
    }
    above = parent
    while let here = above {
      here.pointee.descendants &+= 1
      above = here.pointee.parent
    }
  }

  /// rmdir: EBUSY while anybody is in it, or anything below it.
  public func removeControlGroup(_ group: KernelPointer<ControlGroup>) throws(Errno) {
    guard let parent = group.pointee.parent, group.pointee.populated == 0,
      group.pointee.firstChild == nil
    else { throw .EBUSY }
    if parent.pointee.firstChild == group {
      parent.pointee.firstChild = group.pointee.next
    } else {
      var before = parent.pointee.firstChild
      while let here = before, here.pointee.next != group { before = here.pointee.next }
      before?.pointee.next = group.pointee.next
    }
    var above: KernelPointer<ControlGroup>? = parent
    while let here = above {
      here.pointee.descendants &-= 1
      above = here.pointee.parent
    }
    takeMemory(from: group)
    freeControlGroup(group)
  }

  /// Gives a group a memory group of its own (`css_create()`).
  func giveMemory(to group: KernelPointer<ControlGroup>) throws(Errno) {
    let above = group.pointee.parent?.chargedMemory
    guard let memory = frames.pointee.makeGroup(below: above) else { throw .ENOMEM }
    memory.pointee.owner = group.address
    group.pointee.memory = memory
  }

  /// Ends a group's memory group (`kill_css()`); what its tasks had stays charged to it.
  func takeMemory(from group: KernelPointer<ControlGroup>) {
    guard let memory = group.pointee.memory else { return }
    group.pointee.memory = nil
    memory.pointee.owner = 0
    frames.pointee.endGroup(memory)
  }

  private var controlGroupSlots: UnsafeMutablePointer<KernelPointer<ControlGroup>?> {
    // SAFETY: asked for only where `capacity` says that there is a row.
    unsafe store.pointee.controlGroups.slots.unsafelyUnwrapped.raw
      .assumingMemoryBound(to: KernelPointer<ControlGroup>?.self)
  }

  private func allocateControlGroup(
    _ name: ShortName, below parent: KernelPointer<ControlGroup>?
  ) throws(Errno) -> KernelPointer<ControlGroup> {
    var slot = 0
    while slot < store.pointee.controlGroups.capacity, unsafe controlGroupSlots[slot] != nil {
      slot &+= 1
    }
    if slot == store.pointee.controlGroups.capacity { try growControlGroups() }
    let size = ByteCount(UInt64(MemoryLayout<ControlGroup>.stride))
    guard let memory = unsafe slab.pointee.allocateBytes(size) else { throw .ENOMEM }
    let serial = store.pointee.controlGroups.lastSerial &+ 1
    store.pointee.controlGroups.lastSerial = serial
    // SAFETY: new memory of that size, the group's until it is removed.
    let place = unsafe memory.bindMemory(to: ControlGroup.self, capacity: 1)
    unsafe place.initialize(
      to: ControlGroup(slot: UInt16(slot), serial: serial, name: name, parent: parent))
    let group = unsafe KernelPointer(place)
    unsafe controlGroupSlots[slot] = group
    return group
  }

  private func freeControlGroup(_ group: KernelPointer<ControlGroup>) {
    if let attributes = group.pointee.attributes {
      unsafe slab.pointee.freeBytes(
        attributes.raw, ByteCount(UInt64(MemoryLayout<ControlAttributes>.stride)))
    }
    unsafe controlGroupSlots[Int(group.pointee.slot)] = nil
    unsafe slab.pointee.freeBytes(
      group.raw, ByteCount(UInt64(MemoryLayout<ControlGroup>.stride)))
  }

  /// Doubles the row of groups.
  private func growControlGroups() throws(Errno) {
    let old = store.pointee.controlGroups.capacity
    let new = max(old &* 2, 64)
    guard new <= 1 << 16 else { throw .ENOSPC }
    guard let memory = unsafe slab.pointee.allocateBytes(ByteCount(UInt64(new &* 8))) else {
      throw .ENOMEM
    }
    // SAFETY: new memory for so many pointers.
    let row = unsafe memory.bindMemory(to: KernelPointer<ControlGroup>?.self, capacity: new)
    unsafe row.initialize(repeating: nil, count: new)
    if old > 0 {
      for index in 0..<old { unsafe row[index] = controlGroupSlots[index] }
      unsafe slab.pointee.freeBytes(
        UnsafeMutableRawPointer(controlGroupSlots), ByteCount(UInt64(old &* 8)))
    }
    store.pointee.controlGroups.slots = unsafe KernelPointer(row)
    store.pointee.controlGroups.capacity = new
  }
}
