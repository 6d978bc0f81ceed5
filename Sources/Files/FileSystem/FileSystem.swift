public import Arm64
public import KernelHeap
public import MemoryTypes
public import PageFrames
public import Swap

/// All files: one tree of names over inodes, the page cache under them, the archive below.
///
/// Terms
/// - A *name* is a ``Dentry``, a *file* as such an ``Inode``, an opened one an ``OpenFile``. All are
///   slab objects with reference counts; whoever keeps a pointer holds a reference.
/// - The *page cache* is the set of frames in all inodes' ``PageTree``s. A frame in it carries one
///   reference for the cache and one for each place it is mapped or used at.
/// - The *archive* (``ArchiveHeader``) is what the tool put behind RAM. At mount its entries become
///   names and inodes. Files stored `.memory` are copied into frames at once: they are what an
///   initramfs leaves in tmpfs, and count as Shmem. Files stored `.disk` are copied page by page
///   when first used; that is this machine's disk read (pgpgin, a major fault).
/// - Writes stay in the page cache. What belongs to a folder of `--bind …:rw` is sent to the tool
///   at the end (``FileSystem/export(_:)``).
///
/// Nothing in the archive is believed: every offset, length, name and type is checked, and an
/// archive that fails is refused with EINVAL before the first program starts.
///
/// Methods do not mutate the singleton, so that what a copy calls back (a program's memory that
/// faults in a page of this same file) may come in again; what changes lies in ``state``.
///
/// Linux: fs/namei.c (walks), fs/dcache.c, mm/shmem.c, mm/filemap.c, fs/seq_file.c.
@safe public struct FileSystem<B: Board>: ~Copyable {
  let resident = Resident()
  public let board: B
  public let frames: KernelPointer<FrameAllocator<B>>
  public let slab: KernelPointer<SlabAllocator<B>>
  let caches: FileCaches<B>
  let state: KernelPointer<FileSystemState>
  let names: NameTable
  let archive: ArchiveReader
  /// Standard input, where nobody types it.
  let input: ArchiveReader
  /// The singleton's own address, for what it hands out.
  let selfPointer: KernelPointer<FileSystem<B>>
  /// Where pages of files in memory go when there is no room.
  public let swap: KernelPointer<SwapSpace<B>>
  /// The root of the tree, `/`.
  public let root: KernelPointer<Dentry>
  /// What the rooms above supply; nil until ``connect(_:)``.
  ///
  /// It lies apart, so that to call one function is not to copy them all.
  var surroundings: KernelPointer<Surroundings<B>>?

  /// What works on the trees of pages, of files and others.
  @inline(__always) public var trees: PageTrees<B> { caches.trees }

  /// Takes what the rooms above supply.
  ///
  /// Before that `/proc` and `/sys` are empty and the console swallows all.
  public mutating func connect(_ surroundings: Surroundings<B>) {
    guard
      let memory = unsafe slab.pointee.allocateBytes(
        ByteCount(UInt64(MemoryLayout<Surroundings<B>>.stride)))
    else { preconditionFailure("no memory at the start") }
    // SAFETY: new memory of that size, which is never freed.
    let place = unsafe memory.bindMemory(to: Surroundings<B>.self, capacity: 1)
    unsafe place.initialize(to: surroundings)
    self.surroundings = unsafe KernelPointer(place)
  }
}

/// The slab caches of files, under Linux's names and with its sizes.
struct FileCaches<B: Board>: BitwiseCopyable {
  var inodes: ObjectCache<Inode, B>
  var memoryInodes: ObjectCache<Inode, B>
  var proceduralInodes: ObjectCache<Inode, B>
  var dentries: ObjectCache<Dentry, B>
  var openFiles: ObjectCache<OpenFile, B>
  var trees: PageTrees<B>
  var descriptorTables: ObjectCache<FileDescriptorTable, B>
  var pipes: ObjectCache<Pipe, B>
  var sequences: ObjectCache<SequenceFile, B>
  var locks: ObjectCache<FileLock, B>
  var watches: ObjectCache<Watch, B>
  var watchers: ObjectCache<Watcher, B>
  var sockets: ObjectCache<Socket, B>
}

/// What changes about the file system as a whole.
struct FileSystemState: BitwiseCopyable {
  var mounts = InlineArray<32, MountState>(repeating: MountState())
  /// Pages that files in memory are promised (their part of Committed_AS).
  var promised: Int64 = 0
  /// Whether input is typed; then the console is a terminal.
  var isInteractive: Bool
  /// Where pages of disk files are written back to.
  var disk: DiskBlocks
  /// Bytes of standard input that were read.
  var inputRead: UInt64 = 0
  /// The last stamp, the counter then, and how long it holds.
  var stamp = FileTime()
  var stampTicks: UInt64 = 0
  var ticksPerStamp: UInt64 = 0
  /// The first of the files in memory that have pages in slots.
  var swapped: KernelPointer<Inode>?
  /// Who waits for locks.
  var lockWaiters: KernelPointer<LockWaiter>?
  /// What the walk of the call being served may not do, and where it began.
  var rules: WalkRules = []
  var rulesBase: KernelPointer<Dentry>?
  /// Sockets that have an address, and where the path of one that is being sought begins.
  var boundSockets: KernelPointer<Socket>?
  var socketBase: KernelPointer<Dentry>?
  /// Messages that nobody will read, while they are freed: their files may be sockets with messages.
  var dyingMessages: KernelPointer<Message>?
  var isFreeingMessages = false
  /// Names given to sockets that asked for any.
  var automaticNames: UInt32 = 0
  /// The open files there are.
  var openFiles: UInt64 = 0
  /// The state of `/dev/urandom`'s generator.
  var random: UInt64
  /// Seconds since 1970 when the virtual counter was zero.
  var bootSeconds: Int64
}
