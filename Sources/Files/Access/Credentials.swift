public import MemoryTypes

/// Who a process is: users, groups and what follows from them (`struct cred`).
///
/// A value of the process's own: fork copies it. `fileUser` and `fileGroup` are what files ask
/// (setfsuid); they follow the effective ones. All capabilities go with user 0, none with others.
/// Up to ``maximumGroups`` supplementary groups are kept; asking for more is ENOMEM.
public struct Credentials: BitwiseCopyable, Sendable {
  public static var maximumGroups: Int { 32 }

  public var user: UInt32 = 0
  public var effectiveUser: UInt32 = 0
  public var savedUser: UInt32 = 0
  public var fileUser: UInt32 = 0
  public var group: UInt32 = 0
  public var effectiveGroup: UInt32 = 0
  public var savedGroup: UInt32 = 0
  public var fileGroup: UInt32 = 0
  public private(set) var groupCount = 0
  private var groups = InlineArray<32, UInt32>(repeating: 0)

  public init() {}

  /// Whether it acts as the user and the group that it is.
  public var actsAsItself: Bool { user == effectiveUser && group == effectiveGroup }

  /// A supplementary group; the index must be below `groupCount`.
  public func group(_ index: Int) -> UInt32 { groups[index] }

  /// Takes the supplementary groups that a function names, in order of their numbers
  /// (groups_sort()).
  public mutating func setGroups<E: Error>(
    _ count: Int, _ number: (Int) throws(E) -> UInt32
  ) throws(E) {
    precondition(count <= Self.maximumGroups)
    var new = InlineArray<32, UInt32>(repeating: 0)
    for index in 0..<count {
      let id = try number(index)
      var place = index
      while place > 0, new[place &- 1] > id {
        new[place] = new[place &- 1]
        place &-= 1
      }
      new[place] = id
    }
    groups = new
    groupCount = count
  }

  /// Whether files treat it as a member of a group (in_group_p()).
  public func isMember(of id: UInt32) -> Bool {
    if id == fileGroup { return true }
    for index in 0..<groupCount where groups[index] == id { return true }
    return false
  }
}

/// What of the process that asks the file system wants to know (`current_cred()`, `current->fs`).
public struct Caller: BitwiseCopyable {
  public var credentials: KernelPointer<Credentials>
  /// The folder that it takes for `/`; nil for the tree's own (chroot).
  public var root: KernelPointer<Dentry>?

  @inlinable public init(credentials: KernelPointer<Credentials>, root: KernelPointer<Dentry>?) {
    self.credentials = credentials
    self.root = root
  }
}

/// What is to be done with a file, as MAY_READ, MAY_WRITE and MAY_EXEC.
public struct FileAccess: OptionSet, BitwiseCopyable, Sendable {
  public var rawValue: UInt32
  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }
  @inlinable public static var execute: FileAccess { FileAccess(rawValue: 1) }
  @inlinable public static var write: FileAccess { FileAccess(rawValue: 2) }
  @inlinable public static var read: FileAccess { FileAccess(rawValue: 4) }
}
