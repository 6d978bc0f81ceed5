package import TraceFiles
package import PTMalloc

/// What a replay is to play: the C library, its tunables, the machine.
package struct ReplayOptions: Sendable {
  package var environment = MallocEnvironment()
  package var tunables = MallocTunables()
  /// Whether the program writes all bytes of what it gets; else only the allocator's own words touch
  /// pages.
  package var touchesObjects = true
  /// What a column of a comparison is called.
  package var name = ""

  package init() {}
}

/// A moment of a replay.
package struct ReplaySample: Equatable, Sendable {
  /// The call behind which it is, from 1; 0 before the first.
  package var event: UInt64 = 0
  /// Nanoseconds, where the trace tells time.
  package var time: UInt64 = 0
  /// Bytes that the program asked for and has.
  package var live: UInt64 = 0
  /// Bytes of the chunks that hold them.
  package var chunks: UInt64 = 0
  package var objects: UInt64 = 0
  /// Bytes that the program got from the kernel, and those of them in memory.
  package var footprint: UInt64 = 0
  package var resident: UInt64 = 0

  package init() {}
}

/// Moments in order, evenly apart: when there are too many, every other one is left out.
struct ReplayHistory {
  private(set) var samples: [ReplaySample] = []
  private(set) var interval: UInt64 = 1
  static var most: Int { 1024 }

  /// Adds one, and tells at which event the next is due.
  mutating func add(_ sample: ReplaySample) -> UInt64 {
    samples.append(sample)
    if samples.count >= Self.most {
      interval *= 2
      samples = samples.filter { $0.event % interval == 0 }
    }
    return (sample.event / interval + 1) * interval
  }
}

/// What a replay found.
package struct ReplayResult: Sendable {
  package var format = ""
  package var facts: [TraceFact] = []
  package var sites = SiteTable()
  /// Calls by function, by HeapOperation's number.
  package var calls = [UInt64](repeating: 0, count: 16)
  package var events: UInt64 = 0
  package var threads: UInt64 = 0
  package var nanoseconds: UInt64 = 0
  package var history: [ReplaySample] = []
  package var peakFootprint = ReplaySample()
  package var peakResident = ReplaySample()
  package var peakLive = ReplaySample()
  package var end = ReplaySample()
  package var kernel = ReplayMemory.Counts()
  package var heap = HeapSummary()
  /// What malloc_trim(0) gave back at the end: footprint and resident pages.
  package var trimmedFootprint: UInt64 = 0
  package var trimmedResident: UInt64 = 0
  /// Frees of pointers that the trace does not know, passed over, and where the first was.
  package var skipped: UInt64 = 0
  package var firstSkipped: TracePlace?
  /// Calls that failed in the trace and would not here, left out.
  package var refused: UInt64 = 0
  /// Why the replay ended before the trace: what is above is a part then.
  package var failure: TraceError?
}

/// What the heap is made of at the end.
package struct HeapSummary: Sendable {
  /// Free chunks of one kind.
  package struct Kind: Equatable, Sendable {
    package var count: UInt64 = 0
    package var bytes: UInt64 = 0
  }

  /// A chunk that keeps the top from coming down.
  package struct Pin: Equatable, Sendable {
    package var address: UInt64
    /// The chunk's bytes, and those that were asked for.
    package var chunk: UInt64
    package var size: UInt64
    /// The call that allocated it, its thread and its site; 0 where it is the allocator's own.
    package var event: UInt64
    package var thread: UInt32
    package var site: UInt32
    /// Free bytes between it and the next pin above, or top.
    package var freeAbove: UInt64
    /// Why it is there: an object of the program, or a chunk that a tcache or fastbin keeps.
    package var isObject: Bool
  }

  package var arenas: UInt64 = 0
  package var tcache = Kind()
  package var fastbins = Kind()
  package var unsorted = Kind()
  package var smallBins = Kind()
  package var largeBins = Kind()
  package var top = Kind()
  package var mapped = Kind()
  /// The main arena's: where its heap begins, its top, the break.
  package var heapStart: UInt64 = 0
  package var heapTop: UInt64 = 0
  package var heapEnd: UInt64 = 0
  /// The highest used chunks of the main heap, top first.
  package var pins: [Pin] = []
}
