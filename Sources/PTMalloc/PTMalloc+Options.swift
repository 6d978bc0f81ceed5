/// mallopt, and the tunables.
extension PTMalloc where Memory: ~Copyable {
  /// As `mallopt`, by the numbers of its parameters; 0 is an error.
  public mutating func mallopt(
    _ parameter: Int32, _ value: Int32, _ thread: inout MallocThread
  ) throws(HeapAbort) -> Int32 {
    // __libc_mallopt: fastbins are merged, whatever is set.
    if !isInitialized { try initialize(&thread) }
    try consolidate(mainArena)
    let wide = UInt64(bitPattern: Int64(value))
    switch parameter {
    case 1: return setMaxFast(wide) ? 1 : 0
    case -1: try setTrimThresholdFixed(wide)
    case -2: try setTopPad(wide)
    case -3:
      return try setMmapThresholdFixed(wide) ? 1 : 0
    case -4: try setMmapLimit(UInt32(bitPattern: value))
    case -6: perturbByte = UInt32(bitPattern: value)
    case -7 where value > 0:
      try setWord(parameters &+ GlibcLayout.Parameters.arenaTest, wide)
    case -8 where value > 0:
      try setWord(parameters &+ GlibcLayout.Parameters.arenaMax, wide)
    default: break
    }
    return 1
  }

  private mutating func setTrimThresholdFixed(_ bytes: UInt64) throws(HeapAbort) {
    try setTrimThreshold(bytes)
    try fixThresholds()
  }

  /// do_set_mmap_threshold: 2.31 refuses more than half a heap.
  private mutating func setMmapThresholdFixed(_ bytes: UInt64) throws(HeapAbort) -> Bool {
    if layout.version < .v2_36, bytes > heapMaxSize / 2 { return false }
    try setMmapThreshold(bytes)
    try fixThresholds()
    return true
  }

  private mutating func setTopPad(_ bytes: UInt64) throws(HeapAbort) {
    try setWord(parameters &+ GlibcLayout.Parameters.topPad, bytes)
    try fixThresholds()
  }

  private mutating func setMmapLimit(_ count: UInt32) throws(HeapAbort) {
    try setHalf(parameters &+ layout.parameters.mmapCounts &+ 4, count)
    try fixThresholds()
  }

  /// do_set_mxfast: at most MAX_FAST_SIZE.
  private mutating func setMaxFast(_ bytes: UInt64) -> Bool {
    guard bytes <= 160 else { return false }
    globalMaxFast = Self.maxFast(of: bytes)
    return true
  }

  /// The part of ptmalloc_init that reads tunables, in its order.
  mutating func apply(_ tunables: MallocTunables) throws(HeapAbort) {
    if let bytes = tunables[.topPad] { try setTopPad(bytes) }
    if let byte = tunables[.perturb] { perturbByte = UInt32(truncatingIfNeeded: byte) }
    if let bytes = tunables[.mmapThreshold] { _ = try setMmapThresholdFixed(bytes) }
    if let bytes = tunables[.trimThreshold] { try setTrimThresholdFixed(bytes) }
    if let count = tunables[.mmapMax] { try setMmapLimit(UInt32(truncatingIfNeeded: count)) }
    if let count = tunables[.arenaMax] {
      try setWord(parameters &+ GlibcLayout.Parameters.arenaMax, count)
    }
    if let count = tunables[.arenaTest] {
      try setWord(parameters &+ GlibcLayout.Parameters.arenaTest, count)
    }
    if let bytes = tunables[.tcacheMax], bytes <= 1032 {
      try setWord(parameters &+ layout.parameters.tcacheMaxBytes, bytes)
      try setTCacheBins(ChunkSize.tcacheIndex(ChunkSize.holding(bytes)) &+ 1)
    }
    if let count = tunables[.tcacheCount], count <= 65535 {
      try setTCacheCountLimit(count)
    }
    if let count = tunables[.tcacheUnsortedLimit] {
      try setWord(parameters &+ layout.parameters.tcacheUnsortedLimit, count)
    }
    if let bytes = tunables[.mxfast] { _ = setMaxFast(bytes) }
    if let mode = tunables[.hugetlb] { try useHugePages(mode) }
  }

  /// do_set_hugetlb: 1 asks for transparent ones, 2 for reserved ones, else that size of them.
  private mutating func useHugePages(_ mode: UInt64) throws(HeapAbort) {
    guard let offset = layout.parameters.hugePages else { return }
    if mode == 1 {
      try setWord(parameters &+ offset, environment.transparentHugePageSize)
    } else if mode >= 2 {
      // __malloc_hugepage_config
      var size = mode == 2 ? environment.defaultHugePageSize : mode
      if mode > 2, size & (size &- 1) != 0 || size & environment.hugePageSizes == 0 { size = 0 }
      try setWord(parameters &+ offset &+ 8, size)
      let shift = UInt32(truncatingIfNeeded: size.trailingZeroBitCount)
      let flags = size == 0 ? 0 : MapFlags.hugeTLB.rawValue | shift &<< 26
      try setHalf(parameters &+ offset &+ 16, flags)
    }
  }
}
