// Control groups: a tree of folders at `/sys/fs/cgroup` in which every task has a place
// (kernel/cgroup/cgroup.c of Linux 6.1, its second version).
//
// Terms
// - A *control group* is a folder of the tree; the top is the root's. A task is in one of them,
//   inherits its parent's, and is moved by writing its number to `cgroup.procs`.
// - A *controller* shares something out among the groups. There is one, memory: it works in the
//   children of a group whose `cgroup.subtree_control` names it, and each of those then has a
//   memory group (``PageFrames/MemoryGroup``) of its own. What tasks of other groups use is charged
//   to the nearest group above that has one.
// - A group is *populated* while it, or one below it, has a task that has not ended. Only one that is
//   not, and has no children, can be removed. Who has distributed memory to its children may have no
//   tasks itself.
//
// Invariants
//     tasks == tasks whose `controlGroup` it is (the top's are those with none)
//     populated == tasks + children with populated > 0
//     descendants == Σ over children of descendants + 1
//
// Many processors: everything is under one lock (`cgroup_mutex`).

public import Files
public import MemoryTypes
public import PageFrames

/// One control group: Linux's `struct cgroup`.
@safe public struct ControlGroup: ~Copyable {
  let resident = Resident()
  /// Where the table has it, and which of all that were ever there it is.
  public let slot: UInt16
  public let serial: UInt32
  /// The folder's name, `/` for the top.
  public let name: ShortName
  public let parent: KernelPointer<ControlGroup>?
  public internal(set) var firstChild: KernelPointer<ControlGroup>?
  public internal(set) var next: KernelPointer<ControlGroup>?
  /// How far below the top it is.
  public let level: Int

  /// The memory group that is its own; nil while its parent does not share memory out.
  public internal(set) var memory: KernelPointer<MemoryGroup>?
  /// Whether its children have memory groups.
  public internal(set) var sharesMemory = false

  public internal(set) var tasks = 0
  public internal(set) var populated = 0
  public internal(set) var descendants = 0
  /// What `cgroup.max.depth` and `cgroup.max.descendants` say; `Int.max` for no limit.
  public var maximumDepth = Int.max
  public var maximumDescendants = Int.max
  /// How much time its tasks lost because memory was short.
  var pressure = Pressure()
  /// How often it became populated, or empty.
  public internal(set) var populations: UInt64 = 0
  /// What chmod and chown made of its files; nil while they are as they were made.
  public internal(set) var attributes: KernelPointer<ControlAttributes>?
  /// Whose the folder is.
  public var owner: UInt32 = 0
  public var group: UInt32 = 0

  init(
    slot: UInt16, serial: UInt32, name: ShortName, parent: KernelPointer<ControlGroup>?
  ) {
    self.slot = slot
    self.serial = serial
    self.name = name
    self.parent = parent
    level = parent.map { $0.pointee.level &+ 1 } ?? 0
  }
}

extension KernelPointer where Pointee == ControlGroup {
  /// The memory group that tasks here charge; nil for the root's.
  public var chargedMemory: KernelPointer<MemoryGroup>? {
    var group: KernelPointer<ControlGroup>? = self
    while let here = group {
      if let memory = here.pointee.memory { return memory }
      group = here.pointee.parent
    }
    return nil
  }

  /// Whether memory can be shared out here (`cgroup_control()`).
  public var hasMemory: Bool { pointee.parent == nil || pointee.memory != nil }

  /// The group that comes next when all below `root` are visited, parents first.
  public func following(below root: KernelPointer<ControlGroup>) -> KernelPointer<ControlGroup>? {
    if let child = pointee.firstChild { return child }
    var here = self
    while here != root {
      if let next = here.pointee.next { return next }
      guard let parent = here.pointee.parent else { return nil }
      here = parent
    }
    return nil
  }

  /// Whether it is another group or below that.
  public func isWithin(_ root: KernelPointer<ControlGroup>) -> Bool {
    var group: KernelPointer<ControlGroup>? = self
    while let here = group {
      if here == root { return true }
      group = here.pointee.parent
    }
    return false
  }

  /// A child by its name.
  public func child(_ name: ByteString) -> KernelPointer<ControlGroup>? {
    var child = pointee.firstChild
    while let here = child {
      if here.pointee.name == name { return here }
      child = here.pointee.next
    }
    return nil
  }

  /// A task came or went: who becomes populated, or empty, counts above (`cgroup_update_populated()`).
  func changeTasks(by n: Int) {
    pointee.tasks &+= n
    var change = n
    var group: KernelPointer<ControlGroup>? = self
    while let here = group, change != 0 {
      let before = here.pointee.populated > 0
      here.pointee.populated &+= change
      let after = here.pointee.populated > 0
      change = before == after ? 0 : after ? 1 : -1
      if change != 0 { here.pointee.populations &+= 1 }
      group = here.pointee.parent
    }
  }
}

/// All control groups, by the place that a node names them by.
@safe struct ControlGroupTable {
  /// The top; nil until somebody looks.
  var top: KernelPointer<ControlGroup>?
  var slots: KernelPointer<KernelPointer<ControlGroup>?>?
  var capacity = 0
  var lastSerial: UInt32 = 0

  init() {}
}
