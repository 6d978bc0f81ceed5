public import MemoryTypes

/// What glibc's malloc asks of the machine it runs on.
public struct MallocEnvironment: Sendable {
  public var version: GlibcVersion
  public var pageSize: PageSize
  /// get_nprocs: an arena limit is made from it once more than `arena_test` arenas stand.
  public var processors: UInt32
  /// Whether /proc/sys/vm/overcommit_memory is 2 or the program is set-user-ID: heaps then shrink by
  /// mapping anew rather than by madvise (check_may_shrink_heap).
  public var mayShrinkHeap: Bool
  /// The size of a transparent huge page where their mode is `madvise`, else 0 (hugetlb=1).
  public var transparentHugePageSize: UInt64
  /// Hugepagesize of /proc/meminfo (hugetlb=2).
  public var defaultHugePageSize: UInt64
  /// The sizes under /sys/kernel/mm/hugepages, or'ed together, as each is a power of two.
  public var hugePageSizes: UInt64
  /// What a key of 2.34 and later is; glibc asks getrandom.
  public var tcacheKey: UInt64

  public init(version: GlibcVersion = .v2_36, pageSize: PageSize = .fourKiB) {
    self.version = version
    self.pageSize = pageSize
    processors = 1
    mayShrinkHeap = false
    transparentHugePageSize = 0
    defaultHugePageSize = 0x20_0000
    hugePageSizes = 0
    tcacheKey = 0x9e37_79b9_7f4a_7c15
  }
}

/// What a thread has of the allocator (its thread-local variables), kept by whoever runs threads.
public struct MallocThread: Sendable {
  /// `thread_arena`: 0 until its first call.
  public internal(set) var arena: UInt64 = 0
  /// `tcache`: 0 until its first call.
  public internal(set) var tcache: UInt64 = 0
  /// `tcache_shutting_down`.
  @usableFromInline var isShuttingDown = false
  /// What the last call that failed left in errno.
  public var errno: Errno? = nil

  @inlinable public init() {}
}
