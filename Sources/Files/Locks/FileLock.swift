import MemoryTypes

/// An advisory lock on a part of a file (`struct file_lock`, fs/locks.c).
///
/// Three families, of which the first two exclude each other and the third stands alone:
///
/// | family | owner | ends |
/// |---|---|---|
/// | process (F_SETLK) | the table of descriptors | when any descriptor of the file is closed there |
/// | open file (F_OFD_SETLK) | the open file | with the open file |
/// | whole (flock) | the open file | with the open file |
///
///     of one owner's locks in the first two families no two overlap, none with neighbours of its
///     kind touch; no two owners' locks overlap unless both are shared
public struct FileLock: ~Copyable {
  public internal(set) var request: LockRequest
  var next: KernelPointer<FileLock>?

  init(_ request: LockRequest) { self.request = request }
}

/// What somebody asks of a lock.
public struct LockRequest: BitwiseCopyable, Sendable {
  /// How long a lock is kept, and by whom.
  public enum Family: UInt8, BitwiseCopyable, Sendable { case process, openFile, whole }
  /// F_RDLCK, F_WRLCK, F_UNLCK.
  public enum Kind: UInt16, BitwiseCopyable, Sendable { case shared = 0, exclusive = 1, none = 2 }

  public var family: Family
  public var kind: Kind
  /// The address of the owner, as the family says.
  public var owner: UInt
  /// The process that asked; -1 for an open file's lock.
  public var pid: Int32
  /// The first and the last byte; the last is `UInt64.max >> 1` for all there ever will be.
  public var first: UInt64
  public var last: UInt64

  public init(
    family: Family, kind: Kind, owner: UInt, pid: Int32, first: UInt64, last: UInt64
  ) {
    self.family = family
    self.kind = kind
    self.owner = owner
    self.pid = pid
    self.first = first
    self.last = last
  }

  /// OFFSET_MAX.
  public static var end: UInt64 { UInt64.max >> 1 }

  func overlaps(_ other: LockRequest) -> Bool { first <= other.last && other.first <= last }

  func isOfSameOwner(as other: LockRequest) -> Bool {
    family == other.family && owner == other.owner
  }

  /// Whether both cannot be (posix_locks_conflict(), flock_locks_conflict()).
  func conflicts(with other: LockRequest) -> Bool {
    (family == .whole) == (other.family == .whole) && !isOfSameOwner(as: other)
      && (kind == .exclusive || other.kind == .exclusive) && overlaps(other)
  }
}

/// Somebody who waits for a lock; lives on the waiter's own kernel stack while it does.
public struct LockWaiter: ~Copyable {
  /// Who waits, and for whom (process locks alone can wait in a circle).
  var owner: UInt
  var waitsFor: UInt
  var next: KernelPointer<LockWaiter>?

  public init() {
    owner = 0
    waitsFor = 0
  }
}
