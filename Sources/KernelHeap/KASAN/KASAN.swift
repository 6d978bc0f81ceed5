import MemoryTypes

/// Generic KASAN: what finds the kernel's own mistakes with memory.
///
/// There is one in a sanitized kernel, made at start-up (``ShadowMap`` has the theory). The
/// allocators tell it what becomes of memory (`KASAN+Slab.swift`, `KASAN+Pages.swift`), compiled code
/// asks it about every access (`check`), and what it has to say goes out through its
/// ``KASANEnvironment`` in the form of Linux 6.1 (`KASAN+Report.swift`).
///
/// One processor: the depot and the quarantine name their locks; `depth` is the task's in Linux.
@safe public struct KASAN: ~Copyable {
  let resident = Resident()
  public let shadow: ShadowMap
  let environment: KASANEnvironment
  /// Where the null pointer's page and the programs' half end.
  let pageSize: UInt64
  let taskSize: UInt64
  public internal(set) var depot: StackDepot
  public internal(set) var quarantine: Quarantine
  /// Above 0 nothing is reported: a report is being written (`kasan_depth`).
  public internal(set) var depth = 0
  /// Reports so far, and the bug of the last one.
  public internal(set) var reports = 0
  public internal(set) var lastBug = BugType.unknown
  /// KASAN_BIT_MULTI_SHOT: every bug is reported, not the first alone.
  public var isMultiShot = true

  /// Unsafe: the depot's memory must stay and be its own.
  @unsafe public init(
    shadow: ShadowMap, environment: KASANEnvironment, pageSize: UInt64, taskSize: UInt64,
    ram: UInt64, depot: UnsafeMutableRawBufferPointer
  ) {
    self.shadow = shadow
    self.environment = environment
    self.pageSize = pageSize
    self.taskSize = taskSize
    self.depot = unsafe StackDepot(memory: depot)
    quarantine = Quarantine(ram: ram)
  }

  /// Checks an access, and reports it if it is bad (`kasan_check_range()`); true if it is good.
  @discardableResult
  public mutating func check(_ address: UInt64, _ size: UInt64, write: Bool, from caller: UInt64)
    -> Bool
  {
    guard shadow.isBad(address, size) else { return true }
    return !report(address, size, write: write, from: caller)
  }

  /// The number of the callers' stack (`kasan_save_stack()`).
  mutating func saveStack() -> UInt32 {
    var trace = StackTrace()
    environment.captureStack(into: &trace)
    return depot.save(trace)
  }
}

/// Who made or freed an object: a task and its stack (`struct kasan_track`).
public struct KASANTrack: BitwiseCopyable, Hashable, Sendable {
  public var task: UInt32
  /// A stack's number in the depot, 0 for none.
  public var stack: UInt32

  init(task: UInt32 = 0, stack: UInt32 = 0) {
    self.task = task
    self.stack = stack
  }
}

/// What is kept behind an object (`struct kasan_alloc_meta`).
struct AllocationRecord: BitwiseCopyable {
  var track = KASANTrack()
  /// The last two stacks that put off work on the object: call_rcu(), queue_work().
  var auxiliary: (UInt32, UInt32) = (0, 0)

  static var size: UInt64 { 16 }
}

/// What is kept in a freed object, or behind it (`struct kasan_free_meta`).
struct FreeRecord: BitwiseCopyable {
  /// The quarantine's.
  var link: UInt64 = 0
  var track = KASANTrack()

  static var size: UInt64 { 16 }
}

/// A cache as KASAN sees it.
@safe public struct CheckedCache: BitwiseCopyable {
  /// Its address.
  public var address: UInt
  public var name: UnsafeBufferPointer<UInt8>
  /// What an object has, and the distance to the next one.
  public var objectSize: UInt64
  public var size: UInt64
  /// Where in the distance the allocation record is; 0 for a cache that was made before KASAN.
  public var recordOffset: UInt64
  /// Whether the free record is in the object itself, not behind the allocation record.
  public var recordsFreeInside: Bool
  /// Objects that may be looked at for a while after they were freed (SLAB_TYPESAFE_BY_RCU).
  public var isTypesafe: Bool
  /// A class of kmalloc().
  public var isKmalloc: Bool

  /// Unsafe: the name must stay.
  @unsafe public init(
    address: UInt, name: UnsafeBufferPointer<UInt8>, objectSize: UInt64, size: UInt64,
    recordOffset: UInt64, recordsFreeInside: Bool, isTypesafe: Bool, isKmalloc: Bool
  ) {
    self.address = address
    unsafe self.name = name
    self.objectSize = objectSize
    self.size = size
    self.recordOffset = recordOffset
    self.recordsFreeInside = recordsFreeInside
    self.isTypesafe = isTypesafe
    self.isKmalloc = isKmalloc
  }

  var freeOffset: UInt64 { recordsFreeInside ? 0 : recordOffset &+ AllocationRecord.size }
}

/// An address in a slab: its cache, and where the slab's objects are.
public struct CheckedObject: BitwiseCopyable {
  public var cache: CheckedCache
  public var slabStart: UInt64
  public var objects: UInt64

  public init(cache: CheckedCache, slabStart: UInt64, objects: UInt64) {
    self.cache = cache
    self.slabStart = slabStart
    self.objects = objects
  }

  /// The object that an address lies in or behind (`nearest_obj()`).
  func nearest(to address: UInt64) -> UInt64 {
    let last = slabStart &+ (objects &- 1) &* cache.size
    let at = address &- (address &- slabStart) % cache.size
    return at > last ? last : at
  }
}
