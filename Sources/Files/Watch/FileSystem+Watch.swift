import Arm64
import KernelHeap
public import MemoryTypes

/// Watching files (fs/eventpoll.c).
extension FileSystem {
  /// epoll_create1.
  public func makeWatcher() throws(Errno) -> KernelPointer<OpenFile> {
    // An object needs its inode, and the inode its object: a counter's memory is the first kind.
    let file = try makeNameless(.special, "[eventpoll]", .readWrite)
    let inode = file.pointee.inode
    guard let watcher = caches.watchers.allocate(Watcher(inode: inode)) else {
      release(file)
      throw .ENOMEM
    }
    inode.pointee.kind = .watcher(address: watcher.address)
    return file
  }

  /// How many watchers may watch each other in a row (EP_MAX_NESTS).
  private static var maximumNesting: Int { 4 }

  private func watcher(at address: UInt) -> KernelPointer<Watcher>? {
    // SAFETY: the address of the watcher that its inode owns.
    guard let pointer = unsafe UnsafeMutablePointer<Watcher>(bitPattern: address) else {
      return nil
    }
    return unsafe KernelPointer(pointer)
  }

  private func watcher(_ file: KernelPointer<OpenFile>) throws(Errno) -> KernelPointer<Watcher> {
    guard case .watcher(let address) = file.pointee.inode.pointee.kind,
      let watcher = watcher(at: address)
    else { throw .EINVAL }
    return watcher
  }

  /// Whether epoll can say anything of a file (file_can_poll()).
  private func canWatch(_ file: KernelPointer<OpenFile>) -> Bool {
    switch file.pointee.inode.pointee.kind {
    case .pipe, .eventCounter, .watcher, .socket, .supplied: true
    case .device(let device): device.isConsole || device == .random
    default: false
    }
  }

  /// What epoll_ctl can do.
  public enum WatchOperation: UInt32, BitwiseCopyable, Sendable {
    case add = 1
    case remove = 2
    case modify = 3
  }

  /// epoll_ctl: begins to watch a descriptor, ends it, or changes it.
  public func control(
    _ watcherFile: KernelPointer<OpenFile>, _ operation: WatchOperation,
    _ file: KernelPointer<OpenFile>, _ descriptor: UInt32, _ event: WatchedEvent
  ) throws(Errno) {
    guard canWatch(file) else { throw .EPERM }
    let watcher = try watcher(watcherFile)
    guard file != watcherFile else { throw .EINVAL }
    let events = WatchEvents(rawValue: event.events)
    if operation != .remove, events.contains(.exclusive) {
      // EPOLLEXCLUSIVE_OK_BITS.
      let allowed = WatchEvents(rawValue: 0x1d).union([.exclusive, .wakesUp, .byEdge])
      guard operation == .add, events.isSubset(of: allowed) else { throw .EINVAL }
      if case .watcher = file.pointee.inode.pointee.kind { throw .EINVAL }
    }
    let there = watch(of: file, descriptor, by: watcher)
    switch operation {
    case .add:
      guard there == nil else { throw .EEXIST }
      try checkNesting(file, watcher)
      guard
        let watch = caches.watches.allocate(
          Watch(watcher, file, descriptor, events, event.data))
      else { throw .ENOMEM }
      link(watch)
      file.pointee.isWatched = true
      noteIfReady(watch)
    case .remove:
      guard let there else { throw .ENOENT }
      drop(there)
    case .modify:
      guard let there else { throw .ENOENT }
      guard !there.pointee.events.contains(.exclusive) else { throw .EINVAL }
      there.pointee.events = events
      there.pointee.data = event.data
      noteIfReady(there)
    }
  }

  private func watch(
    of file: KernelPointer<OpenFile>, _ descriptor: UInt32, by watcher: KernelPointer<Watcher>
  ) -> KernelPointer<Watch>? {
    var candidate = file.pointee.inode.pointee.watches
    while let watch = candidate {
      if watch.pointee.watcher == watcher, watch.pointee.file == file,
        watch.pointee.descriptor == descriptor
      {
        return watch
      }
      candidate = watch.pointee.nextOfInode
    }
    return nil
  }

  /// ELOOP where watchers would watch each other in a circle, or too many in a row
  /// (ep_loop_check()).
  private func checkNesting(
    _ file: KernelPointer<OpenFile>, _ watcher: KernelPointer<Watcher>
  ) throws(Errno) {
    guard case .watcher(let address) = file.pointee.inode.pointee.kind,
      let inner = self.watcher(at: address)
    else { return }
    let below = depth(of: inner, limit: Self.maximumNesting &+ 2, seeking: watcher)
    let above = height(of: watcher.pointee.inode, limit: Self.maximumNesting &+ 2)
    guard below &+ above <= Self.maximumNesting &+ 1 else { throw .ELOOP }
  }

  /// How many watchers are below one in a row; more than the limit where one that is sought is
  /// among them.
  private func depth(
    of watcher: KernelPointer<Watcher>, limit: Int, seeking: KernelPointer<Watcher>
  ) -> Int {
    if watcher == seeking || limit == 0 { return Self.maximumNesting &+ 2 }
    var deepest = 0
    var candidate = watcher.pointee.first
    while let watch = candidate {
      candidate = watch.pointee.nextOfWatcher
      guard case .watcher(let address) = watch.pointee.file.pointee.inode.pointee.kind,
        let inner = self.watcher(at: address)
      else { continue }
      deepest = max(deepest, depth(of: inner, limit: limit &- 1, seeking: seeking))
    }
    return deepest &+ 1
  }

  private func height(of inode: KernelPointer<Inode>, limit: Int) -> Int {
    if limit == 0 { return Self.maximumNesting &+ 2 }
    var highest = 0
    var candidate = inode.pointee.watches
    while let watch = candidate {
      highest = max(
        highest, height(of: watch.pointee.watcher.pointee.inode, limit: limit &- 1))
      candidate = watch.pointee.nextOfInode
    }
    return highest &+ 1
  }

  /// Takes what has become ready: hands up to `count` events to a function, which answers false
  /// where it cannot take one (ep_send_events()).
  public func takeEvents(
    _ file: KernelPointer<OpenFile>, _ count: Int, _ take: (Int, WatchedEvent) -> Bool
  ) throws(Errno) -> Int {
    let watcher = try watcher(file)
    // What is put back goes behind what was there, and is not looked at again this time.
    var candidate = watcher.pointee.readyFirst
    watcher.pointee.readyFirst = nil
    watcher.pointee.readyLast = nil
    var done = 0
    var failed = false
    while let watch = candidate {
      candidate = watch.pointee.nextReady
      watch.pointee.nextReady = nil
      watch.pointee.isReady = false
      if done == count || failed {
        makeReady(watch)
        continue
      }
      let ready = readiness(of: watch.pointee.file).intersection(watch.pointee.events.told)
      guard !watch.pointee.events.readiness.isEmpty, !ready.isEmpty else { continue }
      guard take(done, WatchedEvent(events: ready.rawValue, data: watch.pointee.data)) else {
        makeReady(watch)
        failed = true
        continue
      }
      done &+= 1
      if watch.pointee.events.contains(.once) {
        watch.pointee.events.formIntersection(.ways)
      } else if !watch.pointee.events.contains(.byEdge) {
        makeReady(watch)
      }
    }
    if failed, done == 0 { throw .EFAULT }
    return done
  }

  func watcherReadiness(_ address: UInt) -> Readiness {
    guard let watcher = watcher(at: address) else { return [] }
    var candidate = watcher.pointee.readyFirst
    while let watch = candidate {
      let ready = readiness(of: watch.pointee.file)
      if !ready.isDisjoint(with: watch.pointee.events.told),
        !watch.pointee.events.readiness.isEmpty
      {
        return [.input, .normalInput]
      }
      candidate = watch.pointee.nextReady
    }
    return []
  }

  /// Something happened to a file that is watched.
  @inline(never)
  func noteWatched(_ inode: KernelPointer<Inode>, _ events: Readiness) {
    var candidate = inode.pointee.watches
    while let watch = candidate {
      candidate = watch.pointee.nextOfInode
      let watched = watch.pointee.events.readiness
      guard !watched.isEmpty, events.isEmpty || !events.isDisjoint(with: watched) else { continue }
      if !watch.pointee.isReady { makeReady(watch) }
      happened(to: watch.pointee.watcher.pointee.inode)
    }
  }

  private func noteIfReady(_ watch: KernelPointer<Watch>) {
    guard !readiness(of: watch.pointee.file).isDisjoint(with: watch.pointee.events.told) else {
      return
    }
    if !watch.pointee.isReady { makeReady(watch) }
    happened(to: watch.pointee.watcher.pointee.inode)
  }

  private func makeReady(_ watch: KernelPointer<Watch>) {
    let watcher = watch.pointee.watcher
    watch.pointee.isReady = true
    watch.pointee.nextReady = nil
    if let last = watcher.pointee.readyLast {
      last.pointee.nextReady = watch
    } else {
      watcher.pointee.readyFirst = watch
    }
    watcher.pointee.readyLast = watch
  }

  private func link(_ watch: KernelPointer<Watch>) {
    let inode = watch.pointee.file.pointee.inode
    watch.pointee.nextOfInode = inode.pointee.watches
    inode.pointee.watches?.pointee.previousOfInode = watch
    inode.pointee.watches = watch
    let watcher = watch.pointee.watcher
    watch.pointee.nextOfWatcher = watcher.pointee.first
    watcher.pointee.first?.pointee.previousOfWatcher = watch
    watcher.pointee.first = watch
  }

  private func drop(_ watch: KernelPointer<Watch>) {
    let inode = watch.pointee.file.pointee.inode
    let watcher = watch.pointee.watcher
    watch.pointee.nextOfInode?.pointee.previousOfInode = watch.pointee.previousOfInode
    if let previous = watch.pointee.previousOfInode {
      previous.pointee.nextOfInode = watch.pointee.nextOfInode
    } else {
      inode.pointee.watches = watch.pointee.nextOfInode
    }
    watch.pointee.nextOfWatcher?.pointee.previousOfWatcher = watch.pointee.previousOfWatcher
    if let previous = watch.pointee.previousOfWatcher {
      previous.pointee.nextOfWatcher = watch.pointee.nextOfWatcher
    } else {
      watcher.pointee.first = watch.pointee.nextOfWatcher
    }
    if watch.pointee.isReady { removeReady(watch, watcher) }
    caches.watches.free(watch)
  }

  private func removeReady(_ watch: KernelPointer<Watch>, _ watcher: KernelPointer<Watcher>) {
    var before: KernelPointer<Watch>?
    var candidate = watcher.pointee.readyFirst
    while let here = candidate, here != watch {
      before = here
      candidate = here.pointee.nextReady
    }
    if let before {
      before.pointee.nextReady = watch.pointee.nextReady
    } else {
      watcher.pointee.readyFirst = watch.pointee.nextReady
    }
    if watcher.pointee.readyLast == watch { watcher.pointee.readyLast = before }
  }

  /// Ends all watches of an open file that is being closed (eventpoll_release()).
  @inline(never)
  func dropWatches(of file: KernelPointer<OpenFile>) {
    var candidate = file.pointee.inode.pointee.watches
    while let watch = candidate {
      candidate = watch.pointee.nextOfInode
      if watch.pointee.file == file { drop(watch) }
    }
    file.pointee.isWatched = false
  }

  func freeWatcher(_ address: UInt) {
    guard let watcher = watcher(at: address) else { return }
    while let watch = watcher.pointee.first { drop(watch) }
    caches.watchers.free(watcher)
  }
}
