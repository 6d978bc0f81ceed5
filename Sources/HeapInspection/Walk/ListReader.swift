import MemoryImages

/// Goes through the lists of free chunks of one arena, marks what is in them, and names what glibc
/// would complain of there (malloc/malloc.c: _int_malloc(), unlink_chunk(), _int_free()).
struct ListReader {
  let memory: HeapMemory
  var form: GlibcForm
  let arenas: [Arena]
  let places: HeapPlaces
  /// The arena that is read, or whose thread's cache is.
  private(set) var arena: Arena
  var marks = ChunkMarks()
  var damages: [Damage] = []
  /// What malloc_info() counts: fastbins, then bins by index.
  var fastSizes: [ArenaReport.ListSizes] = []
  var binSizes: [ArenaReport.ListSizes] = []

  init(_ memory: HeapMemory, _ form: GlibcForm, _ arenas: [Arena]) {
    self.memory = memory
    self.form = form
    self.arenas = arenas
    places = HeapPlaces(arenas)
    arena = arenas[0]
  }

  /// Reads a cache of a thread of an arena.
  mutating func read(_ cache: inout TCache) {
    arena = arenas[cache.arena]
    readLists(of: &cache, size: form.tcacheSize ?? 0x290)
  }

  /// Reads an arena's own lists.
  mutating func read(_ index: Int) {
    arena = arenas[index]
    fastSizes = Array(repeating: ArenaReport.ListSizes(), count: Int(MallocState.fastbinCount))
    binSizes = Array(repeating: ArenaReport.ListSizes(), count: Int(MallocState.binCount))
    for index in 0..<MallocState.fastbinCount { fastbin(index) }
    guard !arena.isUnused else { return }
    for index in 1..<MallocState.binCount { bin(index) }
  }

  mutating func found(_ address: UInt64, _ message: String?, _ detail: String) {
    guard damages.count < Damage.most else { return }
    damages.append(
      Damage(address: address, arena: arena.address, message: message, detail: detail))
  }

  /// Whether a chunk can be where a link leads: in one of the arena's stretches.
  func isChunkPlace(_ chunk: UInt64) -> Bool {
    guard let segment = arena.segment(at: chunk) else { return false }
    return chunk >= segment.firstChunk && chunk <= segment.end - 16 && chunk & 15 == 0
  }

  // MARK: fastbins

  private mutating func fastbin(_ index: UInt64) {
    let head = arena.address + MallocState.fastbins + index * 8
    let name = "the fastbin of \((index + 2) * 16)-byte chunks"
    var place = head
    guard var chunk = memory.peek(head) else { return }
    while chunk != 0 {
      guard chunk & 15 == 0 else {
        // The head is taken; what it leads to goes to the cache first.
        found(
          place, "malloc(): unaligned fastbin chunk detected \(place == head ? 2 : 3)",
          "\(name) leads to \(Hex(chunk)), which is not aligned")
        return
      }
      guard isChunkPlace(chunk), let word = memory.peek(chunk &+ 8) else {
        found(place, nil, "\(name) leads to \(Hex(chunk)), which is no place of this arena")
        return
      }
      let size = word & ChunkField.sizeMask
      guard size >= ChunkField.minimum, size >> 4 == index + 2 else {
        found(
          chunk, "malloc(): memory corruption (fast)",
          "a chunk of size \(Hex(size)) is in \(name)")
        return
      }
      let (isNew, before) = marks.mark(chunk, .fastbin)
      guard isNew else {
        found(
          chunk, "double free or corruption (fasttop)",
          before == .fastbin
            ? "\(name) comes to it a second time" : "\(name) has it, and the \(before.name), too")
        return
      }
      fastSizes[Int(index)].add(size)
      place = chunk + ChunkField.forward
      guard let link = memory.peek(place) else { return }
      chunk = reveal(link, at: place)
    }
  }

  /// REVEAL_PTR().
  func reveal(_ link: UInt64, at place: UInt64) -> UInt64 {
    form.hasSafeLinking ? link ^ place >> 12 : link
  }

  // MARK: bins

  private mutating func bin(_ index: UInt64) {
    let bin = MallocState.bin(index, of: arena.address)
    guard let first = memory.peek(bin + 16), let last = memory.peek(bin + 24) else { return }
    // A bin of an arena that was never made ready.
    if first == 0 && last == 0 { return }
    var previous = bin
    var chunk = last
    var largest: UInt64 = 0
    let state: ChunkState = index == 1 ? .unsorted : index < 64 ? .smallBin : .largeBin
    let name = index == 1 ? "the unsorted list" : "bin \(index)"
    while chunk != bin {
      guard isChunkPlace(chunk), let word = memory.peek(chunk &+ 8),
        let forward = memory.peek(chunk &+ 16), let backward = memory.peek(chunk &+ 24)
      else {
        found(
          previous + 24, listMessage(index),
          "\(name) leads back from \(Hex(previous)) to \(Hex(chunk)), where no chunk can be")
        return
      }
      let size = word & ChunkField.sizeMask
      guard index == 1 ? unsorted(chunk, size) : sorted(chunk, size, index, name, &largest) else {
        return
      }
      guard forward == previous else {
        found(
          chunk, listMessage(index),
          "\(name): its fd is \(Hex(forward)), and \(Hex(previous)) is the chunk that leads back to it"
        )
        return
      }
      let (isNew, before) = marks.mark(chunk, state)
      guard isNew else {
        found(
          chunk, listMessage(index),
          before == state
            ? "\(name) comes to it a second time" : "\(name) has it, and the \(before.name), too")
        return
      }
      // As malloc_info() adds them: with the bits (chunksize_nomask()).
      binSizes[Int(index)].add(word)
      previous = chunk
      chunk = backward
    }
    if first != previous {
      found(
        bin + 16, listMessage(index),
        "\(name) begins with \(Hex(first)), and from behind with \(Hex(previous))")
    }
  }

  /// What is said where a list's links disagree.
  private func listMessage(_ index: UInt64) -> String {
    switch index {
    case 1: "malloc(): unsorted double linked list corrupted"
    case ..<64: "malloc(): smallbin double linked list corrupted"
    default: "corrupted double-linked list"
    }
  }

  /// The checks of the loop in _int_malloc() that empties the unsorted list, in its order.
  private mutating func unsorted(_ chunk: UInt64, _ size: UInt64) -> Bool {
    guard size > 16, size <= arena.systemMemory else {
      found(chunk, "malloc(): invalid size (unsorted)", "its size is \(Hex(size))")
      return false
    }
    let next = chunk &+ size
    guard let nextWord = memory.peek(next &+ 8), let before = memory.peek(next),
      nextWord >= 16, nextWord & ChunkField.sizeMask <= arena.systemMemory
    else {
      found(
        chunk, "malloc(): invalid next size (unsorted)",
        "the chunk behind it, \(Hex(next)), has the size "
          + (memory.peek(next &+ 8).map { "\(Hex($0))" } ?? "of nothing"))
      return false
    }
    guard before & ChunkField.sizeMask == size else {
      found(
        chunk, "malloc(): mismatching next->prev_size (unsorted)",
        "its size is \(Hex(size)), and prev_size behind it \(Hex(before))")
      return false
    }
    guard nextWord & ChunkField.previousInUse == 0 else {
      found(
        chunk, "malloc(): invalid next->prev_inuse (unsorted)",
        "the chunk behind it, \(Hex(next)), says that it is in use")
      return false
    }
    return true
  }

  /// The checks of unlink_chunk(), and that a bin has what belongs there.
  private mutating func sorted(
    _ chunk: UInt64, _ size: UInt64, _ index: UInt64, _ name: String, _ largest: inout UInt64
  ) -> Bool {
    guard size >= ChunkField.minimum, size & 15 == 0,
      let before = memory.peek(chunk &+ size), before == size
    else {
      found(
        chunk, "corrupted size vs. prev_size",
        "its size is \(Hex(size)), and prev_size behind it "
          + (memory.peek(chunk &+ size).map { "\(Hex($0))" } ?? "nowhere"))
      return false
    }
    guard MallocState.binIndex(size) == index else {
      found(chunk, nil, "\(name) has a chunk of \(Hex(size)) bytes, which belongs to another")
      return false
    }
    guard index >= 64 else { return true }
    guard size >= largest else {
      found(chunk, nil, "\(name) is not in order of size: \(Hex(size)) before \(Hex(largest))")
      return false
    }
    largest = size
    // Of chunks of one size the first has the links to the next sizes.
    guard let ahead = memory.peek(chunk + 32), ahead != 0 else { return true }
    guard let back = memory.peek(chunk + 40), memory.peek(ahead &+ 40) == chunk,
      memory.peek(back &+ 32) == chunk
    else {
      found(
        chunk, "corrupted double-linked list (not small)",
        "its neighbours by size, \(Hex(ahead)) and the other, do not lead back to it")
      return false
    }
    return true
  }
}
