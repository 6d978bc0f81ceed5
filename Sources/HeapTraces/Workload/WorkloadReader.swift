package import TraceFiles

/// Reads workloads of glibc's malloc trace utilities (trace2wl writes, trace_run runs them).
///
/// A file is a block of set-up commands, then a block of commands for each thread; a command is a
/// byte, and its numbers are in groups of seven bits, most significant first, the eighth bit saying
/// that another follows.
///
/// | byte | command | numbers |
/// |--:|---|---|
/// | 0 | nothing | |
/// | 1 | end of the block | |
/// | 2, 3 | malloc, calloc | object, size |
/// | 4 | realloc | new object, old object, size |
/// | 5 | free | object |
/// | 6, 7 | release, acquire: acquire waits until the release of that number was done | number |
/// | 8, 9, 10 | how many objects, releases, threads | count |
/// | 11 | a thread | the offset of its block |
/// | 12 | memalign | object, alignment, size |
/// | 13, 14 | valloc, pvalloc | object, size |
/// | 15 | posix_memalign | object, alignment, size |
///
/// Object 0 is NULL. The order between threads is told by releases and acquires only: here threads
/// take turns, a command each, in the order of the file, and one that waits is passed over.
package final class WorkloadReader: HeapTraceReader {
  package let format = "workload"
  package let sites = SiteTable()
  package var facts: [TraceFact] {
    [TraceFact("threads", String(cursors.count))]
  }
  package var threads: UInt32 { UInt32(cursors.count) }
  private let file: PagedFile
  var cursors: [WorkloadCursor] = []
  private var objectCount: UInt64 = 0
  /// The slot of each object, plus 1, of those that were named so far.
  private var slotOfObject: [UInt32] = []
  private var slots = SlotList()
  private var released: Set<UInt64> = []
  /// The threads that can go on, in the order of their turns, and those that wait, by release.
  private var ready = TurnQueue()
  private var waiting: [UInt64: [Int]] = [:]
  private var offsets: [UInt64] = []
  private let skipsUnknown: Bool

  /// Whether a file begins with the set-up commands that trace2wl writes.
  package static func recognises(_ bytes: UnsafeRawBufferPointer) -> Bool {
    unsafe bytes.count > 2 && bytes[0] == 8 && bytes.prefix(32).contains(9)
  }

  package init(_ path: String, _ options: HeapTraceOptions) throws(TraceError) {
    file = try PagedFile(path)
    skipsUnknown = options.skipsUnknown
    try readSetUp()
  }

  private func readSetUp() throws(TraceError) {
    var cursor = WorkloadCursor(file, 0)
    var told: UInt64?
    var starts: [UInt64] = []
    loop: while true {
      let offset = cursor.offset
      let command = try cursor.byte("a set-up command")
      switch command {
      case 0: continue
      case 1: break loop
      case 8: objectCount = try cursor.number()
      case 9: _ = try cursor.number()
      case 10: told = try cursor.number()
      case 11:
        let start = try cursor.number()
        guard start < file.length else {
          throw TraceError(
            .truncated,
            "thread \(starts.count) begins at 0x\(String(start, radix: 16)), and the "
              + "file ends at 0x\(String(file.length, radix: 16))", at: file.place(offset))
        }
        guard starts.count < 65536 else {
          throw TraceError(.unsupported, "more than 65536 threads", at: file.place(offset))
        }
        starts.append(start)
      default:
        throw TraceError(
          .malformed, "\(command) is no set-up command", at: file.place(offset))
      }
    }
    guard told == nil || told == UInt64(starts.count) else {
      throw TraceError(
        .malformed, "\(told ?? 0) threads are told, and \(starts.count) are there",
        at: file.place(0))
    }
    cursors = starts.map { WorkloadCursor(file, $0) }
    for thread in cursors.indices { ready.append(thread) }
  }

  package func place(index: Int) -> TracePlace {
    file.place(index < offsets.count ? offsets[index] : 0)
  }

  package func read(into batch: HeapEventBatch) {
    batch.removeAll()
    offsets.removeAll(keepingCapacity: true)
    do throws(TraceError) {
      // A turn makes two events at most: an object freed anew, and the call.
      while batch.count + 2 <= HeapEventBatch.capacity {
        guard let next = try nextTurn() else { return }
        let offset = cursors[next].offset
        try step(next, batch)
        while offsets.count < batch.count { offsets.append(offset) }
      }
    } catch { batch.failure = error }
  }

  /// Whose turn it is; nil when all have ended.
  private func nextTurn() throws(TraceError) -> Int? {
    if let thread = ready.take() { return thread }
    guard let (awaited, threads) = waiting.min(by: { $0.key < $1.key }) else { return nil }
    throw TraceError(
      .malformed, "thread \(threads[0]) waits for release \(awaited), which nobody makes any more",
      at: file.place(cursors[threads[0]].offset))
  }

  private func step(_ thread: Int, _ batch: HeapEventBatch) throws(TraceError) {
    let offset = cursors[thread].offset
    let command = try cursors[thread].byte("a command of thread \(thread)")
    func number() throws(TraceError) -> UInt64 { try cursors[thread].number() }
    switch command {
    case 0: break
    case 1: return batch.append(HeapEvent(.threadEnd, thread: UInt32(thread)))
    case 2, 3, 13, 14:
      let object = try number()
      let operation: HeapOperation =
        command == 2 ? .malloc : command == 3 ? .calloc : command == 13 ? .valloc : .pvalloc
      try allocate(object, HeapEvent(operation, size: try number()), thread, offset, batch)
    case 12, 15:
      let object = try number()
      var event = HeapEvent(command == 12 ? .memalign : .posixMemalign)
      event.alignment = try number()
      event.size = try number()
      try allocate(object, event, thread, offset, batch)
    case 4: try resize(try number(), try number(), try number(), thread, offset, batch)
    case 5: try free(try number(), thread, offset, batch)
    case 6:
      let release = try number()
      released.insert(release)
      for waiter in waiting.removeValue(forKey: release) ?? [] { ready.append(waiter) }
    case 7:
      let awaited = try number()
      if !released.contains(awaited) { return waiting[awaited, default: []].append(thread) }
    default:
      throw TraceError(.malformed, "\(command) is no command", at: file.place(offset))
    }
    ready.append(thread)
  }

  // MARK: objects

  private func check(_ object: UInt64, _ offset: UInt64) throws(TraceError) {
    // An object's number is named in the file, so no honest one has more than it has bytes.
    guard object <= objectCount, object <= max(file.length, 1 << 16) else {
      throw TraceError(
        .malformed, "object \(object) is beyond the \(objectCount) told", at: file.place(offset))
    }
    while UInt64(slotOfObject.count) <= object { slotOfObject.append(0) }
  }

  private func live(_ object: UInt64) -> UInt32? {
    let slot = slotOfObject[Int(object)]
    return slot == 0 ? nil : slot - 1
  }

  private func take(_ object: UInt64, _ offset: UInt64) throws(TraceError) -> UInt32 {
    guard let slot = slots.take() else {
      throw TraceError(.unsupported, "more than 2³¹ live objects", at: file.place(offset))
    }
    slotOfObject[Int(object)] = slot + 1
    return slot
  }

  private func release(_ object: UInt64, _ slot: UInt32) {
    _ = slots.release(slot)
    slotOfObject[Int(object)] = 0
  }

  private func allocate(
    _ object: UInt64, _ event: HeapEvent, _ thread: Int, _ offset: UInt64, _ batch: HeapEventBatch
  ) throws(TraceError) {
    var event = event
    event.thread = UInt32(thread)
    guard object != 0 else {
      event.isNull = true
      return batch.append(event)
    }
    try check(object, offset)
    if let slot = live(object) {
      guard skipsUnknown else {
        throw TraceError(
          .allocatedTwice, "object \(object) is allocated and still lives", at: file.place(offset))
      }
      release(object, slot)
      batch.append(HeapEvent(.free, thread: UInt32(thread), slot: slot))
    }
    event.slot = try take(object, offset)
    batch.append(event)
  }

  private func resize(
    _ new: UInt64, _ old: UInt64, _ size: UInt64, _ thread: Int, _ offset: UInt64,
    _ batch: HeapEventBatch
  ) throws(TraceError) {
    var event = HeapEvent(.realloc, thread: UInt32(thread), size: size)
    guard old != 0 else { return try allocate(new, event, thread, offset, batch) }
    try check(old, offset)
    try check(new, offset)
    guard let slot = live(old) else {
      guard skipsUnknown else { throw unknown(old, offset) }
      return try allocate(new, HeapEvent(.malloc, size: size), thread, offset, batch)
    }
    event.source = slot
    if new == 0 {
      event.isNull = true
      if size == 0 { release(old, slot) }
    } else if new != old {
      guard live(new) == nil else {
        throw TraceError(
          .allocatedTwice, "object \(new) is allocated and still lives", at: file.place(offset))
      }
      slotOfObject[Int(old)] = 0
      slotOfObject[Int(new)] = slot + 1
    }
    event.slot = slot
    batch.append(event)
  }

  private func free(
    _ object: UInt64, _ thread: Int, _ offset: UInt64, _ batch: HeapEventBatch
  ) throws(TraceError) {
    var event = HeapEvent(.free, thread: UInt32(thread))
    guard object != 0 else {
      event.isNull = true
      return batch.append(event)
    }
    try check(object, offset)
    if let slot = live(object) {
      release(object, slot)
      event.slot = slot
    } else {
      guard skipsUnknown else { throw unknown(object, offset) }
      event.operation = .freeUnknown
    }
    batch.append(event)
  }

  private func unknown(_ object: UInt64, _ offset: UInt64) -> TraceError {
    TraceError(
      .unknownPointer, "object \(object) is not allocated: it never was, or is no more",
      at: file.place(offset))
  }
}
