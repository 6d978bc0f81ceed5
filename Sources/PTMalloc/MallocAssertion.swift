/// The assertions of malloc.c that a heap gone wrong can break, by function and expression.
public enum MallocAssertion: UInt8, Error, CaseIterable, Sendable {
  case mallocArena
  case mallocThreadArena
  case callocArena
  case callocClears
  case reallocArena
  case memalignArena
  case memalignThreadArena
  case sysmallocTop
  case sysmallocSize
  case sysmallocCorrection
  case sysmallocAligned
  case mainArenaLast
  case mainArenaForward
  case binmapBit
  case binSize
  case freeHeapArena
  case reallocMapped
  case reallocSize
  case memalignSize
  case munmapMapped
  case mremapMapped
  case mremapAligned
  case heapTrimFence
  case heapTrimFenceSize
  case heapTrimSize
  case heapTrimPage
  case heapTrimEnd
  case detachAttached
  case freeListAttached
  case removeAttached
  case exitAttached
  case trimAligned
  case trimSize

  /// The function that asserts.
  public var function: StaticString {
    switch self {
    case .mallocArena, .mallocThreadArena:
      "__libc_malloc"
    case .callocArena, .callocClears:
      "__libc_calloc"
    case .reallocArena:
      "__libc_realloc"
    case .memalignArena, .memalignThreadArena:
      "_mid_memalign"
    case .sysmallocTop, .sysmallocSize, .sysmallocCorrection, .sysmallocAligned:
      "sysmalloc"
    case .mainArenaLast, .mainArenaForward, .binmapBit, .binSize:
      "_int_malloc"
    case .freeHeapArena:
      "_int_free"
    case .reallocMapped, .reallocSize:
      "_int_realloc"
    case .memalignSize:
      "_int_memalign"
    case .munmapMapped:
      "munmap_chunk"
    case .mremapMapped, .mremapAligned:
      "mremap_chunk"
    case .heapTrimFence, .heapTrimFenceSize, .heapTrimSize, .heapTrimPage, .heapTrimEnd:
      "heap_trim"
    case .detachAttached:
      "detach_arena"
    case .freeListAttached:
      "get_free_list"
    case .removeAttached:
      "remove_from_free_list"
    case .exitAttached:
      "__malloc_arena_thread_freeres"
    case .trimAligned, .trimSize:
      "mtrim"
    }
  }

  /// What it asserts, as the preprocessor writes it.
  public var expression: StaticString {
    switch self {
    case .mallocArena:
      """
      !victim || chunk_is_mmapped (mem2chunk (victim)) || &main_arena == arena_for_chunk \
      (mem2chunk (victim))
      """
    case .mallocThreadArena:
      """
      !victim || chunk_is_mmapped (mem2chunk (victim)) || ar_ptr == arena_for_chunk (mem2chunk \
      (victim))
      """
    case .callocArena:
      "!mem || chunk_is_mmapped (mem2chunk (mem)) || av == arena_for_chunk (mem2chunk (mem))"
    case .callocClears:
      "nclears >= 3"
    case .reallocArena:
      """
      !newp || chunk_is_mmapped (mem2chunk (newp)) || ar_ptr == arena_for_chunk (mem2chunk \
      (newp))
      """
    case .memalignArena:
      "!p || chunk_is_mmapped (mem2chunk (p)) || &main_arena == arena_for_chunk (mem2chunk (p))"
    case .memalignThreadArena:
      "!p || chunk_is_mmapped (mem2chunk (p)) || ar_ptr == arena_for_chunk (mem2chunk (p))"
    case .sysmallocTop:
      """
      (old_top == initial_top (av) && old_size == 0) || ((unsigned long) (old_size) >= MINSIZE \
      && prev_inuse (old_top) && ((unsigned long) old_end & (pagesize - 1)) == 0)
      """
    case .sysmallocSize:
      "(unsigned long) (old_size) < (unsigned long) (nb + MINSIZE)"
    case .sysmallocAligned:
      "((unsigned long) chunk2mem (brk) & MALLOC_ALIGN_MASK) == 0"
    case .sysmallocCorrection:
      "correction >= 0"
    case .mainArenaLast:
      "chunk_main_arena (bck->bk)"
    case .mainArenaForward:
      "chunk_main_arena (fwd)"
    case .binmapBit:
      "bit != 0"
    case .binSize:
      "(unsigned long) (size) >= (unsigned long) (nb)"
    case .freeHeapArena:
      "heap->ar_ptr == av"
    case .reallocMapped:
      "!chunk_is_mmapped (oldp)"
    case .reallocSize:
      "(unsigned long) (newsize) >= (unsigned long) (nb)"
    case .memalignSize:
      "newsize >= nb && (((unsigned long) (chunk2mem (p))) % alignment) == 0"
    case .munmapMapped:
      "chunk_is_mmapped (p)"
    case .mremapMapped:
      "chunk_is_mmapped (p)"
    case .mremapAligned:
      "aligned_OK (chunk2mem (p))"
    case .heapTrimFence:
      "chunksize_nomask (p) == (0 | PREV_INUSE)"
    case .heapTrimFenceSize:
      "new_size > 0 && new_size < (long) (2 * MINSIZE)"
    case .heapTrimSize:
      "new_size > 0 && new_size < max_size"
    case .heapTrimPage:
      "((unsigned long) ((char *) p + new_size) & (heap->pagesize - 1)) == 0"
    case .heapTrimEnd:
      "((char *) p + new_size) == ((char *) heap + heap->size)"
    case .detachAttached:
      "replaced_arena->attached_threads > 0"
    case .freeListAttached:
      "result->attached_threads == 0"
    case .removeAttached:
      "p->attached_threads == 0"
    case .exitAttached:
      "a->attached_threads > 0"
    case .trimAligned:
      "(char *) chunk2mem (p) + 2 * CHUNK_HDR_SZ <= paligned_mem"
    case .trimSize:
      "(char *) p + size > paligned_mem"
    }
  }
}
