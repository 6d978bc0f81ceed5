import MemoryTypes

/// Who watches files for what they are ready for (epoll, fs/eventpoll.c).
///
/// Terms
/// - A *watcher* is what epoll_create1 makes; it is an open file itself, and can be watched.
/// - A *watch* is one descriptor's entry in it: which events, and what to answer with.
/// - Whatever happens to a file puts its watches on their watchers' *ready lists*; waiting takes
///   them off, asks each file again, and puts those that are watched by level back at the end.
///
///     a watch is in its watcher's list, in its inode's list, and, iff isReady, in the ready list
///     open files that have watches say so; their watches go when the last descriptor does
struct Watcher: ~Copyable {
  let inode: KernelPointer<Inode>
  var first: KernelPointer<Watch>?
  var readyFirst: KernelPointer<Watch>?
  var readyLast: KernelPointer<Watch>?

  init(inode: KernelPointer<Inode>) { self.inode = inode }
}

/// One file that is watched (`struct epitem`).
struct Watch: ~Copyable {
  let watcher: KernelPointer<Watcher>
  /// The file, without a reference: a watch does not keep it open.
  let file: KernelPointer<OpenFile>
  let descriptor: UInt32
  var events: WatchEvents
  var data: UInt64
  var isReady = false
  var nextOfInode: KernelPointer<Watch>?
  var previousOfInode: KernelPointer<Watch>?
  var nextOfWatcher: KernelPointer<Watch>?
  var previousOfWatcher: KernelPointer<Watch>?
  var nextReady: KernelPointer<Watch>?

  init(
    _ watcher: KernelPointer<Watcher>, _ file: KernelPointer<OpenFile>, _ descriptor: UInt32,
    _ events: WatchEvents, _ data: UInt64
  ) {
    self.watcher = watcher
    self.file = file
    self.descriptor = descriptor
    self.events = events
    self.data = data
  }
}

/// What is watched for: readiness, and how (EPOLL*).
public struct WatchEvents: OptionSet, BitwiseCopyable, Sendable {
  public var rawValue: UInt32
  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }
  @inlinable public static var exclusive: WatchEvents { WatchEvents(rawValue: 1 &<< 28) }
  @inlinable public static var wakesUp: WatchEvents { WatchEvents(rawValue: 1 &<< 29) }
  @inlinable public static var once: WatchEvents { WatchEvents(rawValue: 1 &<< 30) }
  @inlinable public static var byEdge: WatchEvents { WatchEvents(rawValue: 1 &<< 31) }

  static var ways: WatchEvents { [.exclusive, .wakesUp, .once, .byEdge] }
  var readiness: Readiness { Readiness(rawValue: subtracting(Self.ways).rawValue) }
  /// Errors and hang-ups are always told.
  var told: Readiness { readiness.union([.failed, .hungUp]) }
}

/// `struct epoll_event` of arm64: 16 bytes.
public struct WatchedEvent: BitwiseCopyable, Sendable {
  public var events: UInt32
  var padding: UInt32 = 0
  public var data: UInt64

  public init(events: UInt32, data: UInt64) {
    self.events = events
    self.data = data
  }
}
