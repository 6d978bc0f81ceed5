import KernelHeap
public import MemoryTypes

/// Whose the files of a control group's folder are, and what may be done with them, where chmod or
/// chown said so: what Linux keeps in `kernfs_node.iattr`.
public struct ControlAttributes: BitwiseCopyable, Sendable {
  /// The row of `cgroup.procs`, which moving processes asks for; 0 is the folder's.
  public static var processes: Int { 3 }

  public struct Row: BitwiseCopyable, Sendable {
    public var permissions: UInt32 = 0
    public var owner: UInt32 = 0
    public var group: UInt32 = 0
    var isSet = false
  }

  private var rows: InlineArray<40, Row> = .init(repeating: Row())

  init() {}

  subscript(index: Int) -> Row {
    get { rows[min(max(index, 0), 39)] }
    set { rows[min(max(index, 0), 39)] = newValue }
  }
}

extension KernelPointer where Pointee == ControlGroup {
  /// A file's owner and permissions: as whoever made the folder made it, until somebody changed that.
  public func attributes(of file: Int, standard: UInt32) -> ControlAttributes.Row {
    if let row = pointee.attributes?.pointee[file], row.isSet { return row }
    var row = ControlAttributes.Row()
    row.permissions = standard
    row.owner = pointee.owner
    row.group = pointee.group
    return row
  }
}

extension KernelState {
  /// Changes a file's owner, group or permissions; ENOMEM without room to remember it.
  public func setAttributes(
    of file: Int, _ group: KernelPointer<ControlGroup>, _ row: ControlAttributes.Row
  ) throws(Errno) {
    var row = row
    row.isSet = true
    if let attributes = group.pointee.attributes {
      attributes.pointee[file] = row
      return
    }
    let size = ByteCount(UInt64(MemoryLayout<ControlAttributes>.stride))
    guard let memory = unsafe slab.pointee.allocateBytes(size) else { throw .ENOMEM }
    // SAFETY: new memory of that size, the group's until it is removed.
    let place = unsafe memory.bindMemory(to: ControlAttributes.self, capacity: 1)
    unsafe place.initialize(to: ControlAttributes())
    let attributes = unsafe KernelPointer(place)
    attributes.pointee[file] = row
    group.pointee.attributes = attributes
  }
}
