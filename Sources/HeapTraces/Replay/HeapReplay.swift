package import TraceFiles
import PTMalloc

/// Plays a trace's calls through glibc's allocator on a process of its own.
///
/// Objects are looked up by slot. The loop reads a batch of events, and for each: the call, what the
/// program touches, the sums. Invariants: `live` is the sum of the sizes of live slots, `chunks` of
/// their chunks; `live <= chunks`.
@safe
package struct HeapReplay: ~Copyable {
  /// What is known of a live object.
  struct Object {
    /// 0: no object.
    var address: UInt64 = 0
    var size: UInt64 = 0
    var event: UInt64 = 0
    var site: UInt32 = 0
    var thread: UInt32 = 0
  }

  var malloc: PTMalloc<ReplayMemory>
  private let touchesObjects: Bool
  // SAFETY: `capacity` objects and `threadCapacity` threads, owned, all set; grown by `reserve`.
  private(set) var objects: UnsafeMutablePointer<Object>
  private(set) var capacity: Int
  private(set) var threads: UnsafeMutablePointer<MallocThread>
  private(set) var threadCapacity: Int
  private var threadCount: UInt32 = 1
  private var now = ReplaySample()
  private var history = ReplayHistory()
  private var nextSample: UInt64 = 1
  private var peakLive = ReplaySample()
  private var peakFootprint = ReplaySample()
  private var peakResident = ReplaySample()
  private(set) var result = ReplayResult()
  /// The sum of what was read ahead: nobody needs it, but then nobody leaves the reading out.
  private(set) var warmth: UInt64 = 0
  /// A call's place in the result's list, on the way: kept apart so that the loop only adds.
  private var calls: InlineArray<16, UInt64> = InlineArray(repeating: 0)

  package init(_ options: ReplayOptions) throws(TraceError) {
    guard let memory = ReplayMemory(pageSize: options.environment.pageSize) else {
      throw TraceError(.unreadable, "this host has no address space for a replay")
    }
    let (mainArena, parameters) = (memory.mainArena, memory.parameters)
    do throws(HeapAbort) {
      malloc = try PTMalloc(
        on: memory, mainArena: mainArena, parameters: parameters,
        environment: options.environment, tunables: options.tunables)
    } catch { throw TraceError(.abort, Self.text(error)) }
    touchesObjects = options.touchesObjects
    capacity = 1024
    unsafe objects = .allocate(capacity: capacity)
    unsafe objects.initialize(repeating: Object(), count: capacity)
    threadCapacity = 16
    unsafe threads = .allocate(capacity: threadCapacity)
    unsafe threads.initialize(repeating: MallocThread(), count: threadCapacity)
  }

  deinit {
    unsafe objects.deallocate()
    unsafe threads.deallocate()
  }

  static func text(_ abort: HeapAbort) -> String {
    switch abort {
    case .corruption(let corruption): "\(corruption.message)"
    case .assertion(let assertion):
      "\(assertion.function): Assertion `\(assertion.expression)' failed."
    case .fault(let address): "a segmentation fault at 0x\(String(address, radix: 16))"
    case .endless(let address): "a list at 0x\(String(address, radix: 16)) has no end"
    }
  }

  /// Plays a trace to its end, or to what is wrong in it, which the result then tells.
  package consuming func play(_ reader: any HeapTraceReader) -> ReplayResult {
    let batch = HeapEventBatch()
    result.format = reader.format
    loop: while true {
      reader.read(into: batch)
      if batch.count == 0 {
        result.failure = batch.failure
        break
      }
      let done = play(batch)
      if let failure = done.failure {
        var place = reader.place(index: done.count)
        place.event = now.event
        result.failure = TraceError(failure.kind, failure.message, at: place)
        break loop
      }
      if result.firstSkipped == nil, let index = done.skipped {
        result.firstSkipped = reader.place(index: index)
      }
      if let failure = batch.failure {
        result.failure = failure
        break loop
      }
    }
    finish()
    result.facts = reader.facts
    result.sites = reader.sites
    return result
  }

  struct Played {
    var count: Int
    var failure: TraceError?
    var skipped: Int?
  }

  /// Plays a batch; tells how many of its events were played.
  mutating func play(_ batch: HeapEventBatch) -> Played {
    let events = unsafe batch.events
    var skipped: Int?
    for index in 0..<batch.count {
      if index & (Self.ahead - 1) == 0 { warm(batch, from: index) }
      let event = unsafe events[index]
      do throws(TraceError) {
        if Int(event.slot) >= capacity || Int(event.thread) >= threadCapacity
          || event.thread >= threadCount
        {
          reserve(event)
        }
        calls[Int(event.operation.rawValue)] &+= 1
        if event.operation.isCall { now.event &+= 1 }
        if event.operation == .freeUnknown, skipped == nil { skipped = index }
        try play(event)
      } catch { return Played(count: index, failure: error, skipped: skipped) }
      note()
    }
    return Played(count: batch.count, skipped: skipped)
  }

  /// How many events are looked at ahead.
  private static var ahead: Int { 32 }

  /// Reads what the next events will need: the objects that they free, and those chunks' headers.
  ///
  /// A replay waits for memory more than for anything else; these reads do not depend on each other,
  /// so the processor waits for all of them at once (a third of the time on a heap of 150 MiB).
  @inline(__always)
  private mutating func warm(_ batch: HeapEventBatch, from first: Int) {
    let events = unsafe batch.events
    var sum: UInt64 = 0
    for index in first..<min(first + Self.ahead, batch.count) {
      let event = unsafe events[index]
      guard event.operation == .free, Int(event.slot) < capacity else { continue }
      let address = unsafe objects[Int(event.slot)].address
      sum &+= malloc.memory.peek(address)
    }
    warmth &+= sum
  }

  /// Peaks and samples.
  @inline(__always)
  private mutating func note() {
    if now.live > peakLive.live {
      peakLive.live = now.live
      peakLive.event = now.event
      peakLive.time = now.time
    }
    // Field by field: a copy of all counts is more than the rest of this.
    if malloc.memory.counts.peakAccessible != peakFootprint.footprint
      || malloc.memory.counts.peakResident != peakResident.resident
      || now.event >= nextSample
    {
      noteRare()
    }
  }

  @inline(never)
  private mutating func noteRare() {
    let counts = malloc.memory.counts
    now.footprint = counts.accessible
    now.resident = counts.resident
    if counts.peakAccessible != peakFootprint.footprint {
      peakFootprint = now
      peakFootprint.footprint = counts.peakAccessible
    }
    if counts.peakResident != peakResident.resident {
      peakResident = now
      peakResident.resident = counts.peakResident
    }
    if now.event >= nextSample { nextSample = history.add(now) }
  }

  /// Room for a slot and a thread.
  @inline(never)
  private mutating func reserve(_ event: HeapEvent) {
    if event.slot != HeapEvent.noSlot, Int(event.slot) >= capacity {
      let larger = max(capacity * 2, Int(event.slot) + 1)
      let grown = UnsafeMutablePointer<Object>.allocate(capacity: larger)
      unsafe grown.initialize(from: objects, count: capacity)
      unsafe (grown + capacity).initialize(repeating: Object(), count: larger - capacity)
      unsafe objects.deallocate()
      unsafe objects = grown
      capacity = larger
    }
    if Int(event.thread) >= threadCapacity {
      let larger = max(threadCapacity * 2, Int(event.thread) + 1)
      let grown = UnsafeMutablePointer<MallocThread>.allocate(capacity: larger)
      unsafe grown.initialize(from: threads, count: threadCapacity)
      unsafe (grown + threadCapacity).initialize(
        repeating: MallocThread(), count: larger - threadCapacity)
      unsafe threads.deallocate()
      unsafe threads = grown
      threadCapacity = larger
    }
    if event.thread >= threadCount {
      threadCount = event.thread + 1
      malloc.isSingleThreaded = false
    }
  }

  // MARK: events

  @inline(__always)
  private mutating func play(_ event: HeapEvent) throws(TraceError) {
    do throws(HeapAbort) {
      switch event.operation {
      case .free:
        if event.isNull { return }
        try free(event)
      case .malloc:
        let thread = unsafe threads + Int(event.thread)
        guard !event.isNull else { return try refuse(event) }
        let address = unsafe try malloc.malloc(event.size, &thread.pointee)
        try born(event, at: address)
      case .realloc: try resize(event)
      default: try playRare(event)
      }
    } catch {
      if error == impossible {
        throw TraceError(
          .impossible,
          "\(event.operation.name) of \(event.size) bytes: glibc answers NULL, and the trace says "
            + "that it got memory")
      }
      throw TraceError(.abort, Self.text(error))
    }
  }

  @inline(__always)
  private mutating func free(_ event: HeapEvent) throws(HeapAbort) {
    let object = unsafe objects[Int(event.slot)]
    if object.address == 0 { return }
    now.live &-= object.size
    now.chunks &-= try chunkSize(object.address)
    now.objects &-= 1
    unsafe objects[Int(event.slot)].address = 0
    unsafe try malloc.free(object.address, &threads[Int(event.thread)])
  }

  @inline(__always)
  private func chunkSize(_ address: UInt64) throws(HeapAbort) -> UInt64 {
    try malloc.memory.word(at: address &- 8) & ~7
  }

  /// An object is there: its bytes are touched and counted.
  @inline(__always)
  private mutating func born(_ event: HeapEvent, at address: UInt64) throws(HeapAbort) {
    guard address != 0 else { throw impossible }
    if touchesObjects { try malloc.memory.touch(address, event.size) }
    now.live &+= event.size
    now.chunks &+= try chunkSize(address)
    now.objects &+= 1
    unsafe objects[Int(event.slot)] = Object(
      address: address, size: event.size, event: now.event, site: event.site,
      thread: event.thread)
  }

  /// What `born` throws where glibc answers NULL: no address of a program.
  private var impossible: HeapAbort { .fault(0) }

  @inline(never)
  private mutating func resize(_ event: HeapEvent) throws(HeapAbort) {
    let thread = unsafe threads + Int(event.thread)
    if event.isNull && event.size != 0 { return try refuse(event) }
    guard event.source != HeapEvent.noSlot else {
      if event.isNull { return }
      return try born(event, at: unsafe malloc.realloc(0, event.size, &thread.pointee))
    }
    let object = unsafe objects[Int(event.source)]
    guard object.address != 0 else { return }
    let old = try chunkSize(object.address)
    let address = unsafe try malloc.realloc(object.address, event.size, &thread.pointee)
    if address == 0 {
      // Freed, or, where the trace has an object and glibc none, impossible.
      guard event.size == 0 else { throw impossible }
    }
    now.live &-= object.size
    now.chunks &-= old
    now.objects &-= 1
    unsafe objects[Int(event.source)].address = 0
    if address != 0 { try born(event, at: address) }
  }

  @inline(never)
  private mutating func playRare(_ event: HeapEvent) throws(HeapAbort) {
    let thread = unsafe threads + Int(event.thread)
    if event.operation.allocates && event.isNull { return try refuse(event) }
    switch event.operation {
    case .calloc: try born(event, at: unsafe malloc.calloc(1, event.size, &thread.pointee))
    case .memalign, .alignedAlloc:
      try born(
        event, at: unsafe malloc.memalign(event.alignment, event.size, &thread.pointee))
    case .posixMemalign:
      try born(
        event,
        at: unsafe malloc.posixMemalign(event.alignment, event.size, &thread.pointee).memory)
    case .valloc: try born(event, at: unsafe malloc.valloc(event.size, &thread.pointee))
    case .pvalloc: try born(event, at: unsafe malloc.pvalloc(event.size, &thread.pointee))
    case .freeUnknown: result.skipped &+= 1
    case .threadEnd: unsafe try malloc.exit(&thread.pointee)
    case .time: now.time &+= event.size
    case .trim: _ = unsafe try malloc.malloc_trim(event.size, &thread.pointee)
    case .malloc, .realloc, .free, .thread: break
    }
  }

  /// The program got NULL: so it does where glibc's rules say so; what else was short is not known.
  @inline(never)
  private mutating func refuse(_ event: HeapEvent) throws(HeapAbort) { result.refused &+= 1 }

  // MARK: the end

  private mutating func finish() {
    now.footprint = malloc.memory.counts.accessible
    now.resident = malloc.memory.counts.resident
    result.events = now.event
    result.threads = UInt64(threadCount)
    result.nanoseconds = now.time
    for index in 0..<16 { result.calls[index] = calls[index] }
    result.history = history.samples
    if result.history.last?.event != now.event { result.history.append(now) }
    result.peakLive = peakLive
    result.peakFootprint = peakFootprint
    result.peakResident = peakResident
    result.end = now
    result.kernel = malloc.memory.counts
    do throws(HeapAbort) {
      result.heap = try summary()
      let before = malloc.memory.counts
      _ = unsafe try malloc.malloc_trim(0, &threads[0])
      let after = malloc.memory.counts
      result.trimmedFootprint = before.accessible &- min(before.accessible, after.accessible)
      result.trimmedResident = before.resident &- min(before.resident, after.resident)
    } catch {
      if result.failure == nil { result.failure = TraceError(.abort, Self.text(error)) }
    }
  }
}
