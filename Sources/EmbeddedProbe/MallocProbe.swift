import MemoryTypes
import PTMalloc

/// An allocator on a buffer of this process: every function, in a thread's arena, too.
enum MallocProbe {
  static func run(_ pageSize: PageSize) {
    for version in GlibcVersion.allCases {
      // So large that it is a fresh mapping, which is all zeros.
      let buffer = UnsafeMutableRawBufferPointer.allocate(
        byteCount: 512 << 20, alignment: 1 << 16)
      defer { unsafe buffer.deallocate() }
      let window = unsafe HeapWindow(
        over: buffer, at: VirtualAddress(0x5555_0000_0000), pageSize: pageSize)
      var environment = MallocEnvironment(version: version, pageSize: pageSize)
      environment.processors = 2
      var tunables = MallocTunables()
      tunables.set(.arenaMax, to: 4)
      do throws(HeapAbort) {
        var heap = try PTMalloc(
          on: window, mainArena: window.mainArena, parameters: window.parameters,
          environment: environment, tunables: tunables)
        try use(&heap)
      } catch { fatalError() }
    }
  }

  private static func use(_ heap: inout PTMalloc<HeapWindow>) throws(HeapAbort) {
    var main = MallocThread()
    var other = MallocThread()
    let first = try heap.malloc(100, &main)
    heap.isSingleThreaded = false
    for round in 0..<UInt64(40) {
      try everyFunction(&heap, round, &main)
      try everyFunction(&heap, round, &other)
    }
    try heap.exit(&other)
    _ = try heap.malloc_trim(0, &main)
    var sink = CountingSink()
    try heap.malloc_info(to: &sink, &main)
    try heap.malloc_stats(to: &sink)
    precondition(sink.count > 1000)
    let mappings = try heap.mallinfo2(&main).hblks
    precondition(mappings == 0, "mappings were lost")
    try heap.free(first, &main)
  }

  private static func everyFunction(
    _ heap: inout PTMalloc<HeapWindow>, _ round: UInt64, _ thread: inout MallocThread
  ) throws(HeapAbort) {
    let bytes = 24 &+ round &* 1111
    let small = try heap.malloc(bytes, &thread)
    let mapped = try heap.calloc(round &+ 1, 200_000, &thread)
    let aligned = try heap.memalign(1 &<< (round % 14), bytes, &thread)
    let pages = try heap.pvalloc(bytes, &thread)
    let page = try heap.valloc(bytes, &thread)
    let posix = try heap.posixMemalign(64, bytes, &thread).memory
    let grown = try heap.reallocarray(small, bytes, 2, &thread)
    let longer = try heap.realloc(mapped, 300_000 &* (round &+ 1), &thread)
    let power = try heap.alignedAlloc(4096, bytes, &thread)
    let usable = try heap.malloc_usable_size(grown)
    precondition(usable >= 2 &* bytes)
    try heap.free(grown, &thread)
    try heap.free(longer, &thread)
    try heap.free(aligned, &thread)
    try heap.free(pages, &thread)
    try heap.free(page, &thread)
    try heap.free(posix, &thread)
    try heap.free(power, &thread)
    _ = try heap.mallopt(-1, 200_000, &thread)
  }
}

private struct CountingSink: MallocTextSink {
  var count = 0
  mutating func write(_ byte: UInt8) { count &+= 1 }
}
