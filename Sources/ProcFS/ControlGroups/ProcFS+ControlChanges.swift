import Arm64
public import Files
public import MemoryTypes
import PageFrames
public import Tasks

/// Changing whose the files of control groups are, and waiting for what they say.
extension ProcFS {
  /// chmod and chown: only of control groups' files, which those who make folders share out.
  func change(_ node: ProceduralNode, _ change: ProceduralChange) throws(Errno) {
    guard let node = ProcNode(node), node.kind == .controlGroup || node.kind == .controlFile else {
      throw .EPERM
    }
    guard change.permissions != nil || change.owner != nil || change.group != nil else { return }
    let group = try controlGroup(node)
    let file = Int(node.file)
    var row = group.attributes(of: file, standard: node.mode.permissions)
    if let permissions = change.permissions { row.permissions = permissions }
    if let owner = change.owner { row.owner = owner }
    if let user = change.group { row.group = user }
    try kernel.setAttributes(of: file, group, row)
  }

  /// How often what a file says has changed, of the files of events (cgroup_file_notify()).
  ///
  /// Never 0, which is what nobody has read.
  func version(of node: ProceduralNode) -> UInt64? {
    guard let node = ProcNode(node), node.kind == .controlFile,
      let file = ControlFile(rawValue: node.file)
    else { return nil }
    // Removed: which all hear who still have it open.
    guard let group = kernel.controlGroup(slot: node.number, serial: node.pid) else { return .max }
    if file == .events { return group.pointee.populations &+ 1 }
    guard let memory = group.pointee.memory else { return nil }
    func sum(_ counts: InlineArray<9, UInt64>, _ range: Range<Int>) -> UInt64 {
      var sum: UInt64 = 1
      for index in range { sum &+= counts[index] }
      return sum
    }
    switch file {
    case .memoryEvents: return sum(memory.pointee.events, 0..<6)
    case .memoryEventsLocal: return sum(memory.pointee.localEvents, 0..<6)
    case .swapEvents: return sum(memory.pointee.events, 6..<9)
    default: return nil
    }
  }

  /// The control group whose folder an open file is; EBADF for another file, ENOENT for one that was
  /// removed (css_tryget_online_from_dir()).
  public func controlGroup(
    of file: KernelPointer<OpenFile>
  ) throws(Errno) -> KernelPointer<ControlGroup> {
    guard let raw = file.pointee.inode.pointee.node, let node = ProcNode(raw),
      node.kind == .controlGroup
    else { throw .EBADF }
    guard let group = kernel.controlGroup(slot: node.number, serial: node.pid) else {
      throw .ENOENT
    }
    return group
  }
}
