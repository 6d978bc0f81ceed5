/// What malloc_printerr says, one case a check.
public enum Corruption: UInt8, Error, CaseIterable, Sendable {
  case unalignedTCacheChunk
  case unalignedTCacheChunkAtExit
  case reallocInvalidPointer
  case unalignedFastbinChunk
  case unalignedFastbinChunk2
  case unalignedFastbinChunk3
  case memoryCorruptionFast
  case smallbinList
  case unsortedSize
  case unsortedNextSize
  case unsortedPrevSize
  case unsortedList
  case unsortedPrevInUse
  case unsortedChunks
  case unsortedChunks2
  case unsortedChunks3
  case largebinNextSize
  case largebinList
  case topSize
  case freeInvalidPointer
  case freeInvalidSize
  case tooManyTCacheChunks
  case unalignedTCacheChunk2
  case doubleFreeTCache
  case freeNextSizeFast
  case freeNextSizeNormal
  case doubleFreeFastTop
  case invalidFastbinEntry
  case doubleFreeTop
  case doubleFreeOut
  case doubleFreeNotPrev
  case sizeVersusPrevSizeConsolidating
  case freeUnsortedChunks
  case freeSmallbinChunks
  case consolidateUnaligned
  case consolidateInvalidSize
  case sizeVersusPrevSizeFastbins
  case reallocOldSize
  case reallocNextSize
  case sizeVersusPrevSize
  case doubleLinkedList
  case doubleLinkedListNotSmall
  case munmapInvalidPointer
  case mremapInvalidPointer
  case breakAdjusted
  case mallinfoUnaligned
  case mallocInfoUnaligned

  /// The line that the program prints before it aborts.
  public var message: StaticString {
    switch self {
    case .unalignedTCacheChunk: "malloc(): unaligned tcache chunk detected"
    case .unalignedTCacheChunkAtExit: "tcache_thread_shutdown(): unaligned tcache chunk detected"
    case .reallocInvalidPointer: "realloc(): invalid pointer"
    case .unalignedFastbinChunk: "malloc(): unaligned fastbin chunk detected"
    case .unalignedFastbinChunk2: "malloc(): unaligned fastbin chunk detected 2"
    case .unalignedFastbinChunk3: "malloc(): unaligned fastbin chunk detected 3"
    case .memoryCorruptionFast: "malloc(): memory corruption (fast)"
    case .smallbinList: "malloc(): smallbin double linked list corrupted"
    case .unsortedSize: "malloc(): invalid size (unsorted)"
    case .unsortedNextSize: "malloc(): invalid next size (unsorted)"
    case .unsortedPrevSize: "malloc(): mismatching next->prev_size (unsorted)"
    case .unsortedList: "malloc(): unsorted double linked list corrupted"
    case .unsortedPrevInUse: "malloc(): invalid next->prev_inuse (unsorted)"
    case .unsortedChunks: "malloc(): corrupted unsorted chunks"
    case .unsortedChunks2: "malloc(): corrupted unsorted chunks 2"
    case .unsortedChunks3: "malloc(): corrupted unsorted chunks 3"
    case .largebinNextSize: "malloc(): largebin double linked list corrupted (nextsize)"
    case .largebinList: "malloc(): largebin double linked list corrupted (bk)"
    case .topSize: "malloc(): corrupted top size"
    case .freeInvalidPointer: "free(): invalid pointer"
    case .freeInvalidSize: "free(): invalid size"
    case .tooManyTCacheChunks: "free(): too many chunks detected in tcache"
    case .unalignedTCacheChunk2: "free(): unaligned chunk detected in tcache 2"
    case .doubleFreeTCache: "free(): double free detected in tcache 2"
    case .freeNextSizeFast: "free(): invalid next size (fast)"
    case .freeNextSizeNormal: "free(): invalid next size (normal)"
    case .doubleFreeFastTop: "double free or corruption (fasttop)"
    case .invalidFastbinEntry: "invalid fastbin entry (free)"
    case .doubleFreeTop: "double free or corruption (top)"
    case .doubleFreeOut: "double free or corruption (out)"
    case .doubleFreeNotPrev: "double free or corruption (!prev)"
    case .sizeVersusPrevSizeConsolidating: "corrupted size vs. prev_size while consolidating"
    case .freeUnsortedChunks: "free(): corrupted unsorted chunks"
    case .freeSmallbinChunks: "free(): chunks in smallbin corrupted"
    case .consolidateUnaligned: "malloc_consolidate(): unaligned fastbin chunk detected"
    case .consolidateInvalidSize: "malloc_consolidate(): invalid chunk size"
    case .sizeVersusPrevSizeFastbins: "corrupted size vs. prev_size in fastbins"
    case .reallocOldSize: "realloc(): invalid old size"
    case .reallocNextSize: "realloc(): invalid next size"
    case .sizeVersusPrevSize: "corrupted size vs. prev_size"
    case .doubleLinkedList: "corrupted double-linked list"
    case .doubleLinkedListNotSmall: "corrupted double-linked list (not small)"
    case .munmapInvalidPointer: "munmap_chunk(): invalid pointer"
    case .mremapInvalidPointer: "mremap_chunk(): invalid pointer"
    case .breakAdjusted: "break adjusted to free malloc space"
    case .mallinfoUnaligned: "int_mallinfo(): unaligned fastbin chunk detected"
    case .mallocInfoUnaligned: "__malloc_info(): unaligned fastbin chunk detected"
    }
  }
}
