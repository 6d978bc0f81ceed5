/// An arena as its `malloc_state` says, and where its chunks are.
package struct Arena: Equatable, Sendable {
  package var address: UInt64
  package var isMain: Bool
  package var top: UInt64
  package var systemMemory: UInt64
  package var maximumSystemMemory: UInt64
  package var attachedThreads: UInt64
  package var isContiguous: Bool
  /// Where its chunks lie, lowest first.
  package var segments: [HeapSegment] = []
  /// Of its heaps, the sums of `size` and `mprotect_size`, and how many they are.
  package var heapBytes: UInt64 = 0
  package var heapProtectedBytes: UInt64 = 0
  package var heapCount: UInt64 = 0

  init(_ memory: HeapMemory, at address: UInt64, isMain: Bool) throws(HeapError) {
    self.address = address
    self.isMain = isMain
    top = try memory.word(at: address &+ MallocState.top)
    systemMemory = try memory.word(at: address &+ MallocState.systemMemory)
    maximumSystemMemory = try memory.word(at: address &+ MallocState.maximumSystemMemory)
    attachedThreads = try memory.word(at: address &+ MallocState.attachedThreads)
    isContiguous =
      try memory.half(at: address &+ MallocState.flags) & MallocState.noncontiguous == 0
  }

  /// Whether it never had any memory: its top is its own first bin (initial_top()).
  package var isUnused: Bool { top == MallocState.bin(1, of: address) || top == 0 }

  /// The segment that holds an address.
  package func segment(at address: UInt64) -> HeapSegment? {
    var low = 0
    var high = segments.count
    while low < high {
      let middle = (low + high) / 2
      if segments[middle].end <= address { low = middle + 1 } else { high = middle }
    }
    return low < segments.count && segments[low].contains(address) ? segments[low] : nil
  }
}

/// The memory of all arenas, by address.
struct HeapPlaces {
  /// In order, none overlapping.
  private var ranges: [Range<UInt64>] = []

  init(_ arenas: [Arena]) {
    for segment in arenas.flatMap(\.segments).sorted(by: { $0.start < $1.start }) {
      if let last = ranges.last, segment.start <= last.upperBound {
        ranges[ranges.count - 1] = last.lowerBound..<max(last.upperBound, segment.end)
      } else {
        ranges.append(segment.start..<segment.end)
      }
    }
  }

  /// Whether some arena has an address.
  func hold(_ address: UInt64) -> Bool {
    var low = 0
    var high = ranges.count
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].upperBound <= address { low = middle + 1 } else { high = middle }
    }
    return low < ranges.count && ranges[low].contains(address)
  }
}

/// A stretch of memory that an arena owns from the first byte to the last.
package struct HeapSegment: Equatable, Sendable {
  package var start: UInt64
  /// The first chunk; before it are `heap_info`, `malloc_state`, or what aligns it.
  package var firstChunk: UInt64
  package var end: UInt64
  /// Between it and the one before is memory that others got by `sbrk`.
  package var followsForeign = false

  package var size: UInt64 { end - start }
  package func contains(_ address: UInt64) -> Bool { address >= start && address < end }
}
