import Arm64
import Files
import MemoryTypes
import PageFrames
import Tasks

/// `/sys/fs/cgroup`: folders that programs make and remove, each with its files.
extension ProcFS {
  /// The top of the tree, where it is mounted.
  func controlGroupTop() throws(Errno) -> ProceduralEntry {
    var top = entry(node(of: try kernel.topControlGroup()))
    top.mount = .controlGroups
    return top
  }

  func listedControlGroupTop() -> ListedEntry? {
    do throws(Errno) {
      return ListedEntry(
        name: ShortName("cgroup" as StaticString), entry: try controlGroupTop(), nextPosition: 1)
    } catch { return nil }
  }

  private func node(of group: KernelPointer<ControlGroup>) -> ProcNode {
    ProcNode(
      .controlGroup, slot: group.pointee.slot, serial: group.pointee.serial, file: 0)
  }

  private func node(of file: ControlFile, in group: KernelPointer<ControlGroup>) -> ProcNode {
    ProcNode(
      .controlFile, slot: group.pointee.slot, serial: group.pointee.serial, file: file.rawValue)
  }

  /// What is in a group's folder, and the folder, belong to who made it.
  private func entry(
    _ node: ProcNode, of group: KernelPointer<ControlGroup>
  ) -> ProceduralEntry {
    var made = entry(node)
    let row = group.attributes(of: Int(node.file), standard: made.mode.permissions)
    made.owner = row.owner
    made.group = row.group
    made.mode.permissions = row.permissions
    return made
  }

  /// The group of a node; ENODEV once it is removed.
  func controlGroup(_ node: ProcNode) throws(Errno) -> KernelPointer<ControlGroup> {
    guard let group = kernel.controlGroup(slot: node.number, serial: node.pid) else {
      throw .ENODEV
    }
    return group
  }

  /// Whether a group has a file.
  private func has(_ file: ControlFile, _ group: KernelPointer<ControlGroup>) -> Bool {
    if group.pointee.parent == nil { return file.isOnTop }
    return !file.isOfMemory || group.pointee.memory != nil
  }

  func controlEntry(
    _ name: ByteString, in folder: ProcNode
  ) throws(Errno) -> ProceduralEntry {
    guard let group = kernel.controlGroup(slot: folder.number, serial: folder.pid) else {
      throw .ENOENT
    }
    for raw in 1..<ControlFile.count {
      guard let file = ControlFile(rawValue: raw), name == ByteString(file.name),
        has(file, group)
      else { continue }
      return entry(node(of: file, in: group), of: group)
    }
    guard let child = group.child(name) else { throw .ENOENT }
    return entry(node(of: child), of: child)
  }

  /// The files first, then the folders in the order of their serial numbers.
  func nextControlEntry(in folder: ProcNode, from position: UInt64) -> ListedEntry? {
    guard let group = kernel.controlGroup(slot: folder.number, serial: folder.pid) else {
      return nil
    }
    var raw = max(position, 1)
    while raw < UInt64(ControlFile.count) {
      if let file = ControlFile(rawValue: UInt8(raw)), has(file, group) {
        return ListedEntry(
          name: ShortName(file.name), entry: entry(node(of: file, in: group), of: group),
          nextPosition: raw &+ 1)
      }
      raw &+= 1
    }
    let least = max(position, 256) &- 256
    var child = group.pointee.firstChild
    while let here = child, UInt64(here.pointee.serial) < least { child = here.pointee.next }
    guard let child else { return nil }
    return ListedEntry(
      name: child.pointee.name, entry: entry(node(of: child), of: child),
      nextPosition: 256 &+ UInt64(child.pointee.serial) &+ 1)
  }

  func makeFolder(_ name: ByteString, in node: ProceduralNode) throws(Errno) {
    guard let folder = ProcNode(node), folder.kind == .controlGroup else { throw .EPERM }
    try kernel.makeControlGroup(name, below: try controlGroup(folder))
  }

  func removeFolder(_ node: ProceduralNode) throws(Errno) {
    guard let folder = ProcNode(node), folder.kind == .controlGroup else { throw .EPERM }
    try kernel.removeControlGroup(try controlGroup(folder))
  }

  /// `/proc/PID/cgroup`.
  func controlGroupPath(of task: KernelPointer<Task<B>>, _ out: inout Writer) {
    out.text("0::")
    if let group = kernel.controlGroup(of: task), group.pointee.parent != nil {
      path(of: group, &out)
    } else {
      out.byte(0x2F)
    }
    out.newline()
  }

  /// A group's path from the top, each level found by climbing from below: the kernel's stack is
  /// small, and trees may be deep.
  func path(of group: KernelPointer<ControlGroup>, _ out: inout Writer) {
    var level = 1
    while level <= group.pointee.level {
      var here = group
      while here.pointee.level > level, let parent = here.pointee.parent { here = parent }
      out.byte(0x2F)
      for index in 0..<Int(here.pointee.name.count) { out.byte(here.pointee.name.bytes[index]) }
      level &+= 1
    }
  }

  /// `/proc/cgroups`.
  func controllers(_ out: inout Writer) {
    out.text("#subsys_name\thierarchy\tnum_cgroups\tenabled\nmemory\t0\t")
    out.decimal(UInt64(kernel.frames.pointee.groups.count &+ 1))
    out.text("\t1\n")
  }
}
