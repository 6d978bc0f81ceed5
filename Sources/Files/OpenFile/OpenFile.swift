public import MemoryTypes

/// A file that was opened: a place in it and what may be done (`struct file`).
///
/// Ownership: each descriptor that points here, and each mapping made through it, holds one of
/// `references`; it holds one of its name, which holds the inode.
public struct OpenFile: ~Copyable {
  public let inode: KernelPointer<Inode>
  /// The name it was opened by; shared anonymous memory has one of its own, `/dev/zero`.
  public let dentry: KernelPointer<Dentry>
  /// Access mode and the flags that stay: O_APPEND, O_NONBLOCK and so on, never O_CREAT.
  public internal(set) var flags: OpenFlags
  public internal(set) var references: UInt32 = 1
  /// Where the next read or write begins.
  public internal(set) var position: UInt64 = 0
  /// Where the last read of a disk file ended (`f_ra.prev_pos`).
  var lastRead = UInt64.max
  /// Whether epoll watches it.
  var isWatched = false
  /// Whom signals about it go to, and which signal (F_SETOWN, F_SETSIG).
  public var signalOwner: Int32 = 0
  public var signalNumber: Int32 = 0
  /// Where reading a text of records is; nil until it is first read.
  ///
  /// The file owns it.
  var text: KernelPointer<SequenceFile>?
  /// Which version of a procedural file was read last (``ProceduralOperations/version``).
  var seenVersion: UInt64 = 0
  /// Whether it shows a segment of System V shared memory: its areas are counted there.
  public var isSegment = false
  /// Whether it is being executed, so that nobody may write to the file meanwhile.
  var forbidsWriting = false

  init(inode: KernelPointer<Inode>, dentry: KernelPointer<Dentry>, flags: OpenFlags) {
    self.inode = inode
    self.dentry = dentry
    self.flags = flags
  }
}
