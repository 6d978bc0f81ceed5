public import MemoryTypes

/// The settings of memory that `/proc/sys/vm` shows and that mappings obey.
public struct MemorySettings: BitwiseCopyable, Sendable {
  /// `overcommit_memory`: how a promise of memory is judged (mm/util.c:__vm_enough_memory()).
  public var overcommit: Overcommit = .guess
  /// `overcommit_ratio`, percent of RAM that mode 2 promises; 0 once ``overcommitKilobytes`` is set.
  public var overcommitRatio: UInt64 = 50
  /// `overcommit_kbytes`.
  public var overcommitKilobytes: UInt64 = 0
  /// `max_map_count`.
  public var maximumMapCount = 65530
  /// `compaction_proactiveness`, `extfrag_threshold`.
  public var proactiveness = 20
  public var fragmentationThreshold = 500
  /// `panic_on_oom`: 1 ends the machine where there is no memory at all, 2 at any limit.
  public var panicOnOutOfMemory: UInt8 = 0
  /// `oom_kill_allocating_task`, `oom_dump_tasks`.
  public var killsAllocatingTask = false
  public var dumpsTasks = true
  /// `mmap_min_addr`, in bytes.
  public var mmapMinAddress: UInt64 = 65536
  /// `admin_reserve_kbytes`, `user_reserve_kbytes`.
  public var adminReserveKilobytes: UInt64 = 8192
  public var userReserveKilobytes: UInt64 = 131072
  /// `legacy_va_layout`.
  public var legacyLayout = false
  /// `kernel.randomize_va_space`: 0 places programs at the same addresses always, 1 moves stack,
  /// mappings and PIEs, 2 the heap too.
  public var randomizeVASpace: UInt64 = 0
  /// `mmap_rnd_bits`: by how many bits of pages mappings are moved
  /// (arch/arm64/Kconfig: ARCH_MMAP_RND_BITS).
  public var mmapRandomBits: UInt64 = 18
  /// The guard below a growing stack, in pages (`stack_guard_gap`).
  public var stackGuardPages = PageCount(256)
  /// `swappiness`: what bringing an anonymous page back costs, of 200 with what a file's does.
  public var swappiness: UInt64 = 60
  /// Of `/sys/kernel/mm/lru_gen`: whether aging walks page tables; whether it may pass over tables
  /// that were not used, which no arm64 CPU can tell; for how many nanoseconds what was used is kept
  /// (`min_ttl_ms`).
  public var walksTables = false
  public var skipsOldTables = false
  public var generationLife: UInt64 = 0
  /// `vfs_cache_pressure`, percent.
  public var cachePressure: UInt64 = 100
  /// How much of a file a read fault maps around it (`fault_around_bytes`).
  public var faultAround = ByteCount.kibibytes(64)

  /// What Linux boots with; reserves by mm/mmap.c:init_user_reserve() and init_admin_reserve().
  @inlinable public init() {}

  /// A third of the free memory would be too much, so one part in 32 is kept, with a ceiling.
  public mutating func setReserves(freePages: PageCount, _ pageSize: PageSize) {
    let free = freePages.bytes(of: pageSize).kibibytes
    userReserveKilobytes = min(free / 32, 1 &<< 17)
    adminReserveKilobytes = min(free / 32, 1 &<< 13)
  }

  /// `vm.overcommit_memory`.
  public enum Overcommit: UInt64, BitwiseCopyable, Sendable {
    case guess = 0
    case always = 1
    case never = 2
  }
}
