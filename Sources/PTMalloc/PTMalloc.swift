public import MemoryTypes

/// glibc's allocator on any memory: every chunk, list and statistic where the real one has it.
///
/// ## Terms
/// - A *chunk* is a stretch of memory with a header of two words: its size with three flags
///   (PREV_INUSE, IS_MMAPPED, NON_MAIN_ARENA), and the size of the chunk below where that is free.
///   What the program gets begins 16 bytes after the chunk and reaches 8 bytes into the next one.
/// - An *arena* (`malloc_state`) owns chunks: in fastbins (single lists, chunks stay marked used),
///   in the unsorted bin, in small bins (one size each) and large bins (sorted ranges), and *top*,
///   the chunk that borders on memory not asked for yet.
/// - The *main arena* grows by brk, each other one by *heaps*: aligned areas of HEAP_MAX_SIZE whose
///   start says whose they are.
/// - The *tcache* of a thread keeps up to seven chunks each of 64 sizes; it is itself a chunk.
/// - A request of `mmap_threshold` or more gets a mapping of its own; freeing one raises the
///   threshold.
///
/// ## Invariants
/// - `p.size & ~7` leads from every chunk of a heap to the next, up to top.
/// - A free chunk that is no fastbin's has a used neighbour on either side, and its size stands
///   in the next chunk's prev_size.
/// - `arena.system_mem == used + free`, summed over its chunks.
///
/// ## Source
/// glibc 2.36, malloc/malloc.c and malloc/arena.c; each decision names its function. Where versions
/// differ, `GlibcVersion` says how.
///
/// State is where glibc has it: `main_arena` and `mp_` lie in the memory at addresses given by the
/// caller, arenas and tcaches on the heap; only the file-scope variables that no tool looks for
/// (free_list, next_to_use, …) are fields here. All calls belong under one lock: threads are
/// values, given to each call, and calls happen one after another.
public struct PTMalloc<Memory: HeapMemory & ~Copyable>: ~Copyable {
  public var memory: Memory
  public let environment: MallocEnvironment
  public let layout: GlibcLayout
  /// `&main_arena`.
  @usableFromInline let mainArena: Arena
  /// `&mp_`.
  @usableFromInline let parameters: UInt64
  @usableFromInline let pageSize: UInt64
  /// Whether the process has but one thread (SINGLE_THREAD_P); set it false where one is created.
  ///
  /// Joining the last other thread does not make it true again; fork does, in the child.
  public var isSingleThreaded = true

  @usableFromInline var isInitialized = false
  /// What `mp_` has as tcache_bins and tcache_count, kept here as well: each call asks.
  @usableFromInline var tcacheBins: UInt64 = 0
  @usableFromInline var tcacheCountLimit: UInt64 = 0
  /// How many bins the short ways of malloc and free know: all, or none before 2.35, whose tcache
  /// is another one.
  @usableFromInline var shortBins: UInt64 = 0
  @usableFromInline var tunables: MallocTunables
  @usableFromInline var globalMaxFast: UInt64 = 0
  @usableFromInline var perturbByte: UInt32 = 0
  /// __always_fail_morecore: huge pages leave the break alone.
  @usableFromInline var morecoreFails = false
  /// __curbrk; 0 until asked for.
  @usableFromInline var currentBreak: UInt64 = 0
  @usableFromInline var freeList = Arena.null
  @usableFromInline var arenaCount: UInt64 = 1
  @usableFromInline var arenaLimit: UInt64 = 0
  @usableFromInline var nextToUse = Arena.null
  @usableFromInline var alignedHeapArea: UInt64 = 0
  /// heap_max_size less 1: HEAP_MAX_SIZE is 64M, or four huge pages.
  @usableFromInline var heapMask: UInt64 = 64 &<< 20 &- 1

  /// An allocator not used yet.
  ///
  /// `mainArena` and `parameters` are where the C library's data has `main_arena` and `mp_`: 2,200
  /// and `layout.parameters.size` bytes that the memory holds; they are written here, as
  /// their initialisers would be by the program's loader.
  public init(
    on memory: consuming Memory, mainArena: VirtualAddress, parameters: VirtualAddress,
    environment: MallocEnvironment = MallocEnvironment(),
    tunables: MallocTunables = MallocTunables()
  ) throws(HeapAbort) {
    self.memory = memory
    self.environment = environment
    self.tunables = tunables
    layout = GlibcLayout(environment.version)
    self.mainArena = Arena(mainArena.rawValue)
    self.parameters = parameters.rawValue
    pageSize = environment.pageSize.bytes.rawValue
    try loadStaticData()
  }

  /// The initialisers of `main_arena` and `mp_`.
  private mutating func loadStaticData() throws(HeapAbort) {
    try memory.fill(at: mainArena.address, length: GlibcLayout.State.size, with: 0)
    try memory.fill(at: parameters, length: layout.parameters.size, with: 0)
    try setWord(mainArena.address &+ GlibcLayout.State.next, mainArena.address)
    try setWord(mainArena.address &+ GlibcLayout.State.attachedThreads, 1)
    try setTrimThreshold(128 &* 1024)
    try setWord(parameters &+ GlibcLayout.Parameters.topPad, 128 &* 1024)
    try setMmapThreshold(128 &* 1024)
    try setWord(parameters &+ GlibcLayout.Parameters.arenaTest, 8)
    try setHalf(parameters &+ layout.parameters.mmapCounts &+ 4, 65536)
    try setTCacheBins(GlibcLayout.TCache.binCount)
    try setWord(parameters &+ layout.parameters.tcacheMaxBytes, 1032)
    try setTCacheCountLimit(7)
  }

  /// ptmalloc_init.
  @usableFromInline @inline(never)
  mutating func initialize(_ thread: inout MallocThread) throws(HeapAbort) {
    isInitialized = true
    thread.arena = mainArena.address
    try initializeState(mainArena)
    try apply(tunables)
    let huge = try hugePageSize
    if huge > 0 {
      if layout.version >= .v2_41, tunables[.mmapThreshold] == nil {
        try setMmapThreshold(huge)
        try fixThresholds()
      }
      morecoreFails = true
      heapMask = huge &* 4 &- 1
    }
  }

  /// malloc_init_state.
  mutating func initializeState(_ arena: Arena) throws(HeapAbort) {
    var index: UInt64 = 1
    while index < GlibcLayout.State.binCount {
      let bin = arena.bin(index)
      try setFd(bin, bin)
      try setBk(bin, bin)
      index &+= 1
    }
    if arena == mainArena {
      globalMaxFast = Self.maxFast(of: 128)
    } else {
      try setNonContiguous(arena)
    }
    try setHasFastChunks(arena, false)
    try setTop(arena, arena.unsorted)
  }

  /// set_max_fast.
  static func maxFast(of bytes: UInt64) -> UInt64 { bytes <= 7 ? 16 : (bytes &+ 8) & ~15 }
}
