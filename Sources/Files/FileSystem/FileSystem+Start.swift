import Arm64
import BoardFormat
public import KernelHeap
public import MemoryTypes
public import PageFrames
import Swap

/// What the machine hands to the file system at its start.
@safe public struct FileSystemSources {
  var archive: UnsafeRawBufferPointer
  var standardInput: UnsafeRawBufferPointer
  var isInteractive: Bool
  var realtimeSeconds: UInt64

  /// Unsafe: both areas must stay readable and unchanged for ever.
  ///
  /// - Parameters:
  ///   - archive: the files the guest may see; empty for none.
  ///   - standardInput: what reading the console gives, unless it is interactive.
  ///   - isInteractive: whether input is typed.
  ///   - realtimeSeconds: the time of day at the start, in seconds since 1970.
  @unsafe public init(
    archive: UnsafeRawBufferPointer, standardInput: UnsafeRawBufferPointer, isInteractive: Bool,
    realtimeSeconds: UInt64
  ) {
    unsafe self.archive = archive
    unsafe self.standardInput = standardInput
    self.isInteractive = isInteractive
    self.realtimeSeconds = realtimeSeconds
  }
}

extension FileSystem {
  /// Builds the tree of files in memory of its own.
  ///
  /// Throws EINVAL for an archive that is not one, ENOMEM if RAM is too small for it.
  public static func start(
    board: B, frames: KernelPointer<FrameAllocator<B>>, slab: KernelPointer<SlabAllocator<B>>,
    sources: FileSystemSources
  ) throws(Errno) -> KernelPointer<FileSystem<B>> {
    let archive = unsafe ArchiveReader(sources.archive)
    let header = try archive.header()
    guard let caches = FileCaches(slab),
      let swap = SwapSpace.start(frames, slab, caches.trees)
    else { throw .ENOMEM }
    // The heap's memory for both singletons; it is never given back.
    guard
      let stateMemory = unsafe slab.pointee.allocateBytes(
        ByteCount(UInt64(MemoryLayout<FileSystemState>.size))),
      let memory = unsafe slab.pointee.allocateBytes(
        ByteCount(UInt64(MemoryLayout<FileSystem<B>>.size))),
      let buckets = Self.makeNameTable(for: header?.count ?? 0, board, frames)
    else { throw .ENOMEM }
    let stateObject = unsafe stateMemory.bindMemory(to: FileSystemState.self, capacity: 1)
    unsafe stateObject.initialize(
      to: FileSystemState(
        managed: frames.pointee.managed, isInteractive: sources.isInteractive,
        seconds: sources.realtimeSeconds,
        disk: unsafe DiskBlocks(archive.blocks(header), board.pageSize)))
    let inode = Inode(
      number: 1, mount: .root, kind: .directory, mode: FileMode(.directory, permissions: 0o755),
      size: 0, time: FileTime(seconds: Int64(sources.realtimeSeconds & 0x7fff_ffff_ffff)))
    guard let rootInode = caches.memoryInodes.allocate(inode),
      let root = caches.dentries.allocate(Dentry(parent: nil, inode: rootInode))
    else { throw .ENOMEM }
    rootInode.pointee.links = 2
    root.pointee.isMountPoint = true
    let place = unsafe memory.bindMemory(to: FileSystem<B>.self, capacity: 1)
    // SAFETY: the object is initialised right here, and never destroyed.
    let files = unsafe KernelPointer(place)
    unsafe place.initialize(
      to: FileSystem(
        board: board, frames: frames, slab: slab, caches: caches,
        state: KernelPointer(stateObject), names: buckets, archive: archive,
        input: ArchiveReader(sources.standardInput), selfPointer: files, swap: swap, root: root))
    files.pointee.state.pointee.mounts[Int(Mount.root.rawValue)].top = root
    try files.pointee.populate()
    if let header { try files.pointee.mountArchive(header) }
    return files
  }

  /// A bucket for each file of the archive, and 512 at least; whole frames.
  private static func makeNameTable(
    for files: UInt64, _ board: B, _ frames: KernelPointer<FrameAllocator<B>>
  ) -> NameTable? {
    var count: UInt64 = 512
    while count < files, count < 1 &<< 18 { count &*= 2 }
    let pages = ByteCount(count &* 8).pagesNeeded(of: board.pageSize)
    guard let frame = frames.pointee.allocate(Order(holding: pages), .kernel) else { return nil }
    let buckets = unsafe board.pointer(to: frame.address(board.pageSize))
      .bindMemory(to: KernelPointer<Dentry>?.self, capacity: Int(count))
    // SAFETY: a block of frames of its own, never given back.
    return unsafe NameTable(buckets, count: UInt32(count))
  }
}

extension FileSystemState {
  /// tmpfs allows half of RAM for pages and for inodes (shmem_default_max_blocks()).
  init(managed: PageCount, isInteractive: Bool, seconds: UInt64, disk: DiskBlocks) {
    self.isInteractive = isInteractive
    self.disk = disk
    bootSeconds = Int64(seconds & 0x7fff_ffff_ffff)
    random = 0x4b69_6c62_7572_6e21
    for raw in 0..<Mount.firstMounted {
      let mount = Mount(rawValue: raw)
      guard mount.isMemory, mount != .kernelSharedMemory else { continue }
      mounts[Int(raw)].pageLimit = managed.rawValue / 2
      mounts[Int(raw)].inodeLimit = managed.rawValue / 2
    }
    for raw in Mount.devices.rawValue..<Mount.firstMounted {
      mounts[Int(raw)].flags = .relativeAccessTime
    }
    mounts[Int(Mount.root.rawValue)].nextInode = 2
    mounts[Int(Mount.root.rawValue)].inodes = 1
  }
}

extension FileCaches {
  init?(_ slab: KernelPointer<SlabAllocator<B>>) {
    guard
      let trees = PageTrees(slab),
      let descriptorTables = slab.pointee.makeCache(
        of: FileDescriptorTable.self, name: "files_cache", linuxSize: ByteCount(704),
        options: [.cacheAligned, .account]),
      let dentries = slab.pointee.makeCache(
        of: Dentry.self, name: "dentry", linuxSize: ByteCount(192),
        options: [.reclaimable, .account, .alone]),
      let inodes = slab.pointee.makeCache(
        of: Inode.self, name: "inode_cache", linuxSize: ByteCount(568),
        options: [.reclaimable, .account, .constructed]),
      let openFiles = slab.pointee.makeCache(
        of: OpenFile.self, name: "filp", linuxSize: ByteCount(256),
        options: [.cacheAligned, .account]),
      let memoryInodes = slab.pointee.makeCache(
        of: Inode.self, name: "shmem_inode_cache", linuxSize: ByteCount(696),
        options: [.account, .constructed]),
      let proceduralInodes = slab.pointee.makeCache(
        of: Inode.self, name: "proc_inode_cache", linuxSize: ByteCount(640),
        options: [.reclaimable, .account, .constructed]),
      let pipes = slab.pointee.kmallocCache(
        of: Pipe.self, .controlGroup, name: "pipe_inode_info"),
      let sequences = slab.pointee.makeCache(
        of: SequenceFile.self, name: "seq_file", linuxSize: ByteCount(120), options: .account),
      let locks = slab.pointee.makeCache(
        of: FileLock.self, name: "file_lock_cache", linuxSize: ByteCount(184)),
      let watches = slab.pointee.makeCache(
        of: Watch.self, name: "eventpoll_epi", linuxSize: ByteCount(120),
        options: [.cacheAligned, .account, .alone]),
      let watchers = slab.pointee.kmallocCache(of: Watcher.self, name: "eventpoll"),
      let sockets = slab.pointee.makeCache(
        of: Socket.self, name: "UNIX", linuxSize: ByteCount(1024),
        options: [.cacheAligned, .account, .alone])
    else { return nil }
    self.trees = trees
    self.descriptorTables = descriptorTables
    self.dentries = dentries
    self.inodes = inodes
    self.openFiles = openFiles
    self.memoryInodes = memoryInodes
    self.proceduralInodes = proceduralInodes
    self.pipes = pipes
    self.sequences = sequences
    self.locks = locks
    self.watches = watches
    self.watchers = watchers
    self.sockets = sockets
  }
}
