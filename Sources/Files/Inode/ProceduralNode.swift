/// A node whose contents are made when it is read: a file, folder or link of `/proc` and `/sys`.
///
/// What the bits mean is for the room that makes the texts (ProcFS); here only the two roots are
/// known, as the places from which everything else is looked up.
public struct ProceduralNode: RawRepresentable, BitwiseCopyable, Hashable, Sendable {
  public var rawValue: UInt64
  @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }
  @inlinable public init(_ rawValue: UInt64) { self.rawValue = rawValue }

  public static let processes = ProceduralNode(1)
  public static let system = ProceduralNode(2)
}

/// What a procedural folder answers for a name in it.
public struct ProceduralEntry: BitwiseCopyable, Sendable {
  public var node: ProceduralNode
  public var mode: FileMode
  public var inodeNumber: UInt64
  /// Whose it is: what belongs to a process belongs to its user (task_dump_owner()).
  public var owner: UInt32
  public var group: UInt32
  /// The file system that it belongs to, where that is not its folder's.
  public var mount: Mount?

  @inlinable public init(
    node: ProceduralNode, mode: FileMode, inodeNumber: UInt64, owner: UInt32 = 0,
    group: UInt32 = 0
  ) {
    self.node = node
    self.mode = mode
    self.inodeNumber = inodeNumber
    self.owner = owner
    self.group = group
  }
}
