public import KernelHeap
import MemoryTypes

/// A file as such, without its names: type, owner, size, times, and its pages (`struct inode`).
///
/// Ownership: each name (``Dentry``), each open file and each mapping of the file holds one of
/// `references`. `links` is what `st_nlink` shows. The inode dies with its last reference, and gives
/// back its pages then.
public struct Inode: ~Copyable {
  /// What reading and writing it means.
  public enum Kind: BitwiseCopyable, Sendable {
    /// Bytes in the page cache; `.disk` ones are read in from the archive when first used.
    case regular(Store)
    case directory
    case symbolicLink(LinkText)
    case device(CharacterDevice)
    /// Made on demand (`/proc`, `/sys`); its mode says whether file, folder or link.
    case procedural(ProceduralNode)
    /// A pipe without a name; the inode owns the object there.
    case pipe(address: UInt)
    /// A number that is waited for (eventfd); the inode owns the object there.
    case eventCounter(address: UInt)
    /// A set of files that are watched (epoll); the inode owns the object there.
    case watcher(address: UInt)
    /// An end of a connection; the inode owns the object there.
    case socket(address: UInt)
    /// What a room above supplies, which the inode owns.
    case supplied(SuppliedFile)
    /// A named pipe that nobody has open, a socket's name, a device that the machine has not: can
    /// be seen, not opened.
    case special
  }

  /// What lies under a regular file.
  public enum Store: BitwiseCopyable, Sendable {
    /// tmpfs: the page cache is all there is (Linux's shmem; `Shmem`, RssShmem).
    case sharedMemory
    /// The archive: `bytes` of it from `offset` on are the file's first contents (`Cached`,
    /// RssFile).
    case disk(offset: UInt64, bytes: UInt64)
  }

  /// Where a symbolic link's target lies; its length is the inode's size.
  public enum LinkText: BitwiseCopyable, Sendable {
    case archive(offset: UInt64)
    /// A byte buffer of the heap, which the inode owns.
    case heap(address: UInt)
  }

  public let number: UInt64
  /// The file system that it belongs to.
  public let mount: Mount
  public internal(set) var kind: Kind
  public internal(set) var mode: FileMode
  public internal(set) var owner: UInt32 = 0
  public internal(set) var group: UInt32 = 0
  public internal(set) var links: UInt32
  /// Names, open files and mappings that point here.
  public internal(set) var references: UInt32
  /// How many open files may write to it, or, negative, how many being executed forbid that
  /// (`i_writecount`).
  var writers: Int32 = 0
  public internal(set) var size: UInt64
  public internal(set) var accessed: FileTime
  public internal(set) var modified: FileTime
  public internal(set) var changed: FileTime
  /// Pages of memory promised for it as a whole; 0 where each is promised as it comes.
  var promised: UInt64 = 0
  /// What may not be done to it; means something for files in memory only.
  public internal(set) var seals: FileSeals = .seal
  /// The pages in RAM.
  public internal(set) var pages = PageTree()
  /// Pages of a file in memory that are in slots instead (`shmem_inode_info.swapped`), and its
  /// neighbours on the list of those that have any.
  public internal(set) var swapped: UInt64 = 0
  var nextSwapped: KernelPointer<Inode>?
  var previousSwapped: KernelPointer<Inode>?
  /// Whether its pages may not be taken (SHM_LOCK: AS_UNEVICTABLE and VM_LOCKED).
  var isKeptInMemory = false
  /// The root of the tree of areas that map it, an address that AddressSpaces alone reads and
  /// writes (`i_mmap`); 0 while nothing maps it.
  public var mappings: UInt = 0
  /// Who watches it by epoll: the first of a list.
  var watches: KernelPointer<Watch>?
  /// The locks on it, by their first byte.
  var locks: KernelPointer<FileLock>?
  /// For a file of `--bind …:rw`: its entry in the archive, plus one; 0 for one made since.
  var origin: UInt32 = 0
  /// Whether it was written to, so that its bytes are not those of its entry any more.
  var isChanged = false
  /// The number of a device that is none of the machine's.
  var unknownDevice = DeviceNumber(0, 0)
  /// The next page a sequential reader would ask for, where a disk file is read in.
  var readAheadIndex: UInt64 = 0

  init(
    number: UInt64, mount: Mount, kind: Kind, mode: FileMode, size: UInt64, time: FileTime
  ) {
    self.number = number
    self.mount = mount
    self.kind = kind
    self.mode = mode
    links = 0
    references = 1
    self.size = size
    accessed = time
    modified = time
    changed = time
  }

  /// Whether it is being executed, and may not be written to.
  public var isBeingExecuted: Bool { writers < 0 }

  /// The procedural node, if it is one.
  public var node: ProceduralNode? {
    if case .procedural(let node) = kind { return node }
    return nil
  }

  /// Whether its pages are counted as Shmem and RssShmem: tmpfs files and shared anonymous memory.
  public var isSharedMemory: Bool {
    if case .regular(.sharedMemory) = kind { return true }
    return false
  }

  public var isRegular: Bool {
    if case .regular = kind { return true }
    return false
  }

  public var isPipe: Bool {
    if case .pipe = kind { return true }
    return false
  }

  /// Whether reading and writing move on in it.
  @inline(__always)
  var hasPositions: Bool {
    switch kind {
    case .device(.kernelMessages): false
    case .regular, .procedural, .device: true
    default: false
    }
  }

  /// Whether it is a folder, procedural ones included.
  public var isDirectory: Bool { mode.type == .directory }
  public var isSymbolicLink: Bool { mode.type == .symbolicLink }

  /// Whether O_DIRECT means something for it: to disk files and pipes, not to tmpfs.
  public var mayBypassCache: Bool {
    switch kind {
    case .regular(.disk), .pipe, .special: true
    default: false
    }
  }

  /// Takes the archive's bytes from a size on out of a disk file.
  mutating func forget(beyond size: UInt64) {
    if case .regular(.disk(let offset, let bytes)) = kind {
      kind = .regular(.disk(offset: offset, bytes: min(bytes, size)))
    }
  }
}
