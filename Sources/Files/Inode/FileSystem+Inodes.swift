import Arm64
import KernelHeap
public import MemoryTypes
import PageFrames

extension FileSystem {
  /// The time that files are stamped with: as coarse as Linux's tick of 10 ms
  /// (ktime_get_coarse_real_ts64()), because the division that a finer one takes is dear.
  var now: FileTime {
    let clock = board.clock
    if clock.ticks &- state.pointee.stampTicks < state.pointee.ticksPerStamp {
      return state.pointee.stamp
    }
    return takeStamp(clock)
  }

  @inline(never)
  private func takeStamp(_ clock: MachineTime) -> FileTime {
    let elapsed = clock.nanoseconds
    let stamp = FileTime(
      seconds: state.pointee.bootSeconds &+ Int64(elapsed / 1_000_000_000),
      nanoseconds: UInt32(elapsed % 1_000_000_000))
    state.pointee.stamp = stamp
    state.pointee.stampTicks = clock.ticks
    state.pointee.ticksPerStamp = clock.frequency / 100
    return stamp
  }

  /// Makes an inode; the caller has its one reference.
  func makeInode(
    _ kind: Inode.Kind, on mount: Mount, mode: FileMode, size: UInt64 = 0, number: UInt64? = nil
  ) throws(Errno) -> KernelPointer<Inode> {
    let place = Int(mount.rawValue)
    let used = state.pointee.mounts[place].inodes
    let limit = state.pointee.mounts[place].inodeLimit
    guard limit == 0 || used < limit else { throw .ENOSPC }
    let chosen = number ?? state.pointee.mounts[place].nextInode
    let inode = Inode(
      number: chosen, mount: mount, kind: kind, mode: mode, size: size, time: now)
    guard let made = cache(for: kind, on: mount).allocate(inode) else {
      throw .ENOMEM
    }
    if number == nil { state.pointee.mounts[place].nextInode &+= 1 }
    state.pointee.mounts[place].inodes = used &+ 1
    return made
  }

  /// Gives back what an inode without pages owns.
  private func dropObject(of inode: KernelPointer<Inode>) {
    switch inode.pointee.kind {
    case .pipe(let address): freePipe(address)
    case .eventCounter(let address): freeCounter(address)
    case .watcher(let address): freeWatcher(address)
    case .socket(let address): freeSocket(address)
    case .supplied(let supplied):
      if let surroundings {
        surroundings.pointee.supplied.release(surroundings.pointee.context, supplied)
      }
    default: break
    }
  }

  private func cache(for kind: Inode.Kind, on mount: Mount) -> ObjectCache<Inode, B> {
    if case .procedural = kind { return caches.proceduralInodes }
    return mount.isMemory ? caches.memoryInodes : caches.inodes
  }

  /// Adds a reference to a file.
  public func retain(_ inode: KernelPointer<Inode>) { inode.pointee.references &+= 1 }

  /// Drops a reference to a file; with the last one its pages and itself are given back.
  ///
  /// Names hold references, so a file that has one lives.
  public func release(_ inode: KernelPointer<Inode>) {
    inode.pointee.references &-= 1
    guard inode.pointee.references == 0 else { return }
    if case .symbolicLink(.heap(let address)) = inode.pointee.kind {
      // SAFETY: the buffer was allocated with this size for this inode.
      if let buffer = unsafe UnsafeMutableRawPointer(bitPattern: address) {
        unsafe slab.pointee.freeBytes(buffer, ByteCount(inode.pointee.size))
      }
    }
    dropObject(of: inode)
    dropPages(from: 0, of: inode)
    state.pointee.promised &-= Int64(truncatingIfNeeded: inode.pointee.promised)
    state.pointee.mounts[Int(inode.pointee.mount.rawValue)].inodes &-= 1
    cache(for: inode.pointee.kind, on: inode.pointee.mount).free(inode)
  }
}
