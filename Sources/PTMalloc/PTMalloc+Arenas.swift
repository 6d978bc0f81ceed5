/// Which arena serves a thread.
extension PTMalloc where Memory: ~Copyable {
  /// arena_get: the thread's own, or one found for it.
  @inlinable
  mutating func arenaGet(
    _ bytes: UInt64, _ thread: inout MallocThread
  ) throws(HeapAbort) -> Arena {
    thread.arena != 0 ? Arena(thread.arena) : try findArena(bytes, avoiding: .null, &thread)
  }

  /// arena_get2: one that no thread has, a new one, or, at the limit, the next in turn.
  @usableFromInline @inline(never)
  mutating func findArena(
    _ bytes: UInt64, avoiding avoided: Arena, _ thread: inout MallocThread
  ) throws(HeapAbort) -> Arena {
    let free = try takeFreeArena(&thread)
    if !free.isNull { return free }
    if arenaLimit == 0 {
      let most = try word(parameters &+ GlibcLayout.Parameters.arenaMax)
      if most != 0 {
        arenaLimit = most
      } else if arenaCount > (try word(parameters &+ GlibcLayout.Parameters.arenaTest)) {
        // NARENAS_FROM_NCORES; get_nprocs that fails counts for 2.
        arenaLimit = UInt64(environment.processors >= 1 ? environment.processors : 2) &* 8
      }
    }
    // No limit yet is the largest.
    guard arenaCount <= arenaLimit &- 1 else { return try reuseArena(avoided, &thread) }
    arenaCount &+= 1
    let new = try newArena(bytes, &thread)
    if new.isNull { arenaCount &-= 1 }
    return new
  }

  /// arena_get_retry: memory ran out in that arena; the main one may have more, or another.
  @usableFromInline @inline(never)
  mutating func arenaRetry(
    _ arena: Arena, _ bytes: UInt64, _ thread: inout MallocThread
  ) throws(HeapAbort) -> Arena {
    arena != mainArena ? mainArena : try findArena(bytes, avoiding: arena, &thread)
  }

  /// detach_arena.
  private mutating func detach(_ arena: UInt64) throws(HeapAbort) {
    if arena == 0 { return }
    let count = try word(arena &+ GlibcLayout.State.attachedThreads)
    if count == 0 { throw .assertion(.detachAttached) }
    try setWord(arena &+ GlibcLayout.State.attachedThreads, count &- 1)
  }

  /// get_free_list.
  private mutating func takeFreeArena(
    _ thread: inout MallocThread
  ) throws(HeapAbort) -> Arena {
    let arena = freeList
    if arena.isNull { return .null }
    freeList = Arena(try word(arena.address &+ GlibcLayout.State.nextFree))
    if try word(arena.address &+ GlibcLayout.State.attachedThreads) != 0 {
      throw .assertion(.freeListAttached)
    }
    try setWord(arena.address &+ GlibcLayout.State.attachedThreads, 1)
    try detach(thread.arena)
    thread.arena = arena.address
    return arena
  }

  /// _int_new_arena: a heap whose start holds the malloc_state; the second in the circle of all.
  private mutating func newArena(
    _ bytes: UInt64, _ thread: inout MallocThread
  ) throws(HeapAbort) -> Arena {
    let fixed = layout.heapInfo.size &+ GlibcLayout.State.size &+ 16
    var heap = try newHeap(bytes &+ fixed, pad: topPad)
    // What was asked for may be too large for a heap; it will be mapped.
    if heap == 0 { heap = try newHeap(fixed, pad: topPad) }
    if heap == 0 { return .null }
    let arena = Arena(heap &+ layout.heapInfo.size)
    try setWord(heap, arena.address)
    try initializeState(arena)
    try setWord(arena.address &+ GlibcLayout.State.attachedThreads, 1)
    let size = try word(heap &+ GlibcLayout.HeapInfo.sizeField)
    try setWord(arena.address &+ GlibcLayout.State.systemMem, size)
    try setWord(arena.address &+ GlibcLayout.State.maxSystemMem, size)
    let end = arena.address &+ GlibcLayout.State.size
    let top = Chunk(alignUp(end, 16))
    try setTop(arena, top)
    try setHead(top, (heap &+ size &- top.address) | GlibcLayout.Header.prevInUse)
    let replaced = thread.arena
    thread.arena = arena.address
    try setWord(arena.address &+ GlibcLayout.State.next, try next(mainArena).address)
    try setWord(mainArena.address &+ GlibcLayout.State.next, arena.address)
    try detach(replaced)
    return arena
  }

  /// reused_arena: the next in turn; no lock is held, as calls come one after another.
  private mutating func reuseArena(
    _ avoided: Arena, _ thread: inout MallocThread
  ) throws(HeapAbort) -> Arena {
    if nextToUse.isNull { nextToUse = mainArena }
    let arena = nextToUse
    try detach(thread.arena)
    try removeFromFreeList(arena)
    let attached = arena.address &+ GlibcLayout.State.attachedThreads
    try setWord(attached, try word(attached) &+ 1)
    thread.arena = arena.address
    nextToUse = try next(arena)
    return arena
  }

  /// remove_from_free_list.
  private mutating func removeFromFreeList(_ arena: Arena) throws(HeapAbort) {
    var previous: UInt64 = 0
    var p = freeList
    while !p.isNull {
      if try word(p.address &+ GlibcLayout.State.attachedThreads) != 0 {
        throw .assertion(.removeAttached)
      }
      let next = Arena(try word(p.address &+ GlibcLayout.State.nextFree))
      if p == arena {
        if previous == 0 { freeList = next } else { try setWord(previous, next.address) }
        return
      }
      previous = p.address &+ GlibcLayout.State.nextFree
      p = next
    }
  }

  /// What the end of a thread does (__malloc_arena_thread_freeres): its tcache is freed, its arena
  /// is for others once no thread has it.
  public mutating func exit(_ thread: inout MallocThread) throws(HeapAbort) {
    try shutDownTCache(&thread)
    let arena = thread.arena
    thread.arena = 0
    guard arena != 0 else { return }
    let attached = arena &+ GlibcLayout.State.attachedThreads
    let count = try word(attached)
    if count == 0 { throw .assertion(.exitAttached) }
    try setWord(attached, count &- 1)
    if count == 1 {
      try setWord(arena &+ GlibcLayout.State.nextFree, freeList.address)
      freeList = Arena(arena)
    }
  }

  /// What fork does in the child (__malloc_fork_unlock_child): only this thread is left.
  public mutating func forkChild(_ thread: MallocThread) throws(HeapAbort) {
    guard isInitialized else { return }
    if thread.arena != 0 {
      try setWord(thread.arena &+ GlibcLayout.State.attachedThreads, 1)
    }
    freeList = .null
    var arena = mainArena
    repeat {
      if arena.address != thread.arena {
        try setWord(arena.address &+ GlibcLayout.State.attachedThreads, 0)
        try setWord(arena.address &+ GlibcLayout.State.nextFree, freeList.address)
        freeList = arena
      }
      arena = try next(arena)
    } while arena != mainArena
    isSingleThreaded = true
  }
}
