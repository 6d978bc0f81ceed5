public import MemoryTypes

/// A name in a folder, and so a place in the tree of files (`struct dentry`).
///
/// Every name of the in-memory file systems stays here until it is removed; those of procedural
/// folders live only while used. Ownership: a dentry holds a reference of its inode and one of its
/// parent. The tree holds one reference of each dentry linked into it; open files, current folders
/// and lookups in progress hold more.
///
///     references == (linked ? 1 : 0) + children + open files + current folders + lookups
public struct Dentry: ~Copyable {
  /// The longest name (NAME_MAX).
  public static var maximumName: Int { 255 }
  static var inlineName: Int { 32 }

  /// Names up to 32 bytes lie here; of a longer one, the first 8 bytes are the address of its copy.
  ///
  /// The first field, so that the dentry's address is the storage's.
  var nameStorage: InlineArray<32, UInt8> = .init(repeating: 0)

  /// nil at the root of the tree.
  public internal(set) var parent: KernelPointer<Dentry>?
  public internal(set) var inode: KernelPointer<Inode>
  public internal(set) var references: UInt32 = 1
  var nameLength: UInt8
  /// Whether the parent knows this name; false once it was unlinked, and in procedural folders.
  public internal(set) var isLinked = false
  /// Whether the name has been removed while in use: its path ends in ` (deleted)`.
  public internal(set) var isDeleted = false
  /// Whether it never had a name but may get one (O_TMPFILE without O_EXCL; I_LINKABLE).
  var isTemporary = false
  /// Whether another file system begins here: it can be neither removed nor renamed.
  public internal(set) var isMountPoint = false

  var hash: UInt32 = 0
  /// The next name of the same hash.
  var hashNext: KernelPointer<Dentry>?
  /// Neighbours in the parent's list, newest first.
  var next: KernelPointer<Dentry>?
  var previous: KernelPointer<Dentry>?
  /// The newest name in this folder.
  var firstChild: KernelPointer<Dentry>?
  /// The place in the folder's order: larger is newer.
  ///
  /// Positions of getdents64 are these.
  var sequence: UInt64 = 0
  /// For a folder: the sequence that its next name gets.
  var nextSequence: UInt64 = 1

  init(parent: KernelPointer<Dentry>?, inode: KernelPointer<Inode>) {
    self.parent = parent
    self.inode = inode
    nameLength = 0
  }
}
