// System V shared memory (ipc/shm.c).
//
// Terms. A *segment* is a file in memory without a name in the tree, found by identifier or key.
// *Attaching* it maps the whole file through an open file of its own; each area that shows it is
// one *attachment*, so cutting an attached area in two makes two of it, and forking one more each.
// Such areas never merge. A segment that was removed lives on, without a key, until its last
// attachment goes; one that nobody removes lives for ever.
//
// Invariants:
//     attachments == areas whose file is the segment's
//     totalPages  == sum of the segments' sizes in pages
//     the segment's own reference keeps its file; an attachment's open file keeps the inode too
//
// A second CPU would need a lock around ``SharedMemory``: Linux's `shm_ids.rwsem`.

public import Arm64
public import Files
import KernelHeap
public import MemoryTypes

/// A segment (`shmid_kernel`).
@safe public struct SharedMemorySegment: IPCObject {
  public var permissions: IPCPermissions
  public var nextOfKey: KernelPointer<SharedMemorySegment>?
  /// In bytes, as asked for.
  public let size: UInt64
  let file: KernelPointer<OpenFile>
  /// Areas that show it, and calls that are about to make one (`shm_nattch`).
  public internal(set) var attachments: UInt64 = 0
  /// Seconds since 1970; 0 for never.
  public internal(set) var attached: Int64 = 0
  public internal(set) var detached: Int64 = 0
  public internal(set) var changed: Int64
  /// The processes that made it, and that last attached or detached it.
  public internal(set) var creator: Int32
  public internal(set) var lastUser: Int32 = 0

  /// In the mode: removed, and waiting for its last attachment (SHM_DEST); kept in RAM (SHM_LOCKED).
  static var removed: UInt32 { 0o1000 }
  static var locked: UInt32 { 0o2000 }

  /// The file that holds its bytes.
  public var inode: KernelPointer<Inode> { file.pointee.inode }
}

/// All segments, and the limits on them.
///
/// One of it comes into being with the first call.
@safe public struct SharedMemory<B: Board>: ~Copyable {
  let resident = Resident()
  public var segments: IPCTable<SharedMemorySegment, B>
  let cache: ObjectCache<SharedMemorySegment, B>
  /// `shm_tot`.
  public internal(set) var totalPages: UInt64 = 0

  init(
    segments: consuming IPCTable<SharedMemorySegment, B>,
    cache: ObjectCache<SharedMemorySegment, B>
  ) {
    self.segments = segments
    self.cache = cache
  }
}

/// `kernel.shmmax`, `shmall`, `shmmni` and `shm_rmid_forced` (include/uapi/linux/shm.h).
public struct SharedMemoryLimits: BitwiseCopyable, Sendable {
  public var maximumSize: UInt64 = .max - (1 << 24)
  public var maximumPages: UInt64 = .max - (1 << 24)
  public var maximumSegments: UInt64 = 4096
  public var removesUnused = false
}
