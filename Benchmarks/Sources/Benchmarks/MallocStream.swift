import Glibc
import LibraryMalloc
import MemoryTypes
import PTMalloc

/// A stream of calls, made beforehand, so that making it is not measured.
struct MallocStream {
  enum Kind: String, CaseIterable {
    /// Half a free, half a malloc of 16 to 4,112 bytes, small ones more often: 65,536 slots.
    case churn
    /// Eight sizes up to 256 bytes.
    case small
    /// 256 bytes to 256K, in 2,048 slots: some have mappings of their own.
    case large
    /// 256 blocks that grow and shrink up to 64K.
    case realloc
    /// Eight threads, each with 8,192 slots, of 16 to 2,064 bytes.
    case threads
  }

  static let threadCount = 8
  /// Calls that a thread makes before the next one's turn comes, where turns are taken.
  ///
  /// What one makes in about two milliseconds, of the three that Linux gives a thread at a time.
  static let turn = 65536
  private static let slotCount = 65536

  let kind: Kind
  private(set) var steps: [malloc_step] = []

  init(_ kind: Kind, calls: Int) {
    self.kind = kind
    steps.reserveCapacity(calls)
    var x: UInt64 = 88_172_645_463_325_252
    /// 16 and so many bytes more, of so many bits.
    func skewed(_ kinds: UInt64) -> UInt32 {
      let bits = (x >> 40) % kinds + 4
      let mask: UInt64 = 1 << bits - 1
      return UInt32(16 + (x >> 20) & mask)
    }
    for call in 0..<calls {
      x ^= x << 13
      x ^= x >> 7
      x ^= x << 17
      var step = malloc_step()
      step.slot = UInt32(x % UInt64(Self.slotCount))
      switch kind {
      case .churn:
        step.size = skewed(9)
      case .small:
        step.size = [16, 24, 40, 64, 96, 128, 200, 256][Int((x >> 40) % 8)]
      case .large:
        step.slot %= 2048
        let bits = (x >> 40) % 10 + 8
        let mask: UInt64 = 1 << bits - 1
        step.size = UInt32(mask + 1 + (x >> 20) & mask)
      case .realloc:
        step.slot %= 256
        step.operation = UInt32(MALLOC_STEP_REALLOC)
        let most = (x >> 30) % 65536
        step.size = UInt32(16 + most * ((x >> 20) % 16) / 16)
      case .threads:
        step.thread = UInt32(call / Self.turn % Self.threadCount)
        step.slot = step.slot % 8192 * UInt32(Self.threadCount) + step.thread
        step.size = skewed(8)
      }
      steps.append(step)
    }
  }

  private static func processorTime() -> Double {
    var time = timespec()
    unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  /// The C library's, called by a program in C; real threads where the stream has some.
  func runOnLibrary() -> Double {
    let slots = UnsafeMutablePointer<UnsafeMutableRawPointer?>.allocate(capacity: Self.slotCount)
    unsafe slots.initialize(repeating: nil, count: Self.slotCount)
    guard kind == .threads else {
      return unsafe steps.withUnsafeBufferPointer { steps in
        let begin = Self.processorTime()
        unsafe library_replay(steps.baseAddress, steps.count, slots)
        return Self.processorTime() - begin
      }
    }
    var parts: [malloc_step] = []
    parts.reserveCapacity(steps.count)
    var first = [0]
    for thread in 0..<Self.threadCount {
      for step in steps where step.thread == thread { parts.append(step) }
      first.append(parts.count)
    }
    return unsafe parts.withUnsafeBufferPointer { parts in
      let begin = Self.processorTime()
      unsafe library_replay_threads(
        parts.baseAddress, first, UInt32(Self.threadCount), slots)
      return Self.processorTime() - begin
    }
  }

  /// PTMalloc's, on a window of 8G that costs what is touched.
  func runOnPTMalloc() throws -> Double {
    let size = 8 << 30 + Int(HeapWindow.tableSize)
    let base = unsafe mmap(
      nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
    let window = unsafe HeapWindow(
      over: UnsafeMutableRawBufferPointer(start: base, count: size),
      at: VirtualAddress(0x5555_0000_0000), pageSize: .fourKiB)
    var heap = try PTMalloc(
      on: window, mainArena: window.mainArena, parameters: window.parameters)
    heap.isSingleThreaded = kind != .threads
    let slots = UnsafeMutablePointer<UInt64>.allocate(capacity: Self.slotCount)
    unsafe slots.initialize(repeating: 0, count: Self.slotCount)
    let threads = UnsafeMutablePointer<MallocThread>.allocate(capacity: Self.threadCount)
    unsafe threads.initialize(repeating: MallocThread(), count: Self.threadCount)
    return try unsafe steps.withUnsafeBufferPointer { steps in
      let begin = Self.processorTime()
      try unsafe Self.replay(steps, slots, threads, &heap)
      return Self.processorTime() - begin
    }
  }

  @inline(never)
  private static func replay(
    _ steps: UnsafeBufferPointer<malloc_step>, _ slots: UnsafeMutablePointer<UInt64>,
    _ threads: UnsafeMutablePointer<MallocThread>, _ heap: inout PTMalloc<HeapWindow>
  ) throws(HeapAbort) {
    for index in 0..<steps.count {
      let step = unsafe steps[index]
      let slot = Int(step.slot)
      let thread = Int(step.thread)
      let old = unsafe slots[slot]
      if step.operation == MALLOC_STEP_REALLOC {
        unsafe slots[slot] = try heap.realloc(old, UInt64(step.size), &threads[thread])
      } else if old != 0 {
        try unsafe heap.free(old, &threads[thread])
        unsafe slots[slot] = 0
      } else {
        unsafe slots[slot] = try heap.malloc(UInt64(step.size), &threads[thread])
      }
    }
  }
}
