package import HardwareModel
package import TraceFiles

/// Writes Kilburn's own trace of accesses (`Documentation/MemoryTrace.md`).
///
/// ```swift
/// let writer = try MemoryTraceWriter("app.kmt", facts: machine.facts)
/// writer.append(AccessRecord(.load, address, size: 8, by: .user))
/// writer.append(MemoryTraceEvent(.systemCall, number, x0, x1, x2))
/// writer.count(user: 4, kernel: 0)          // instructions
/// try writer.finish()
/// ```
///
/// What is appended never fails: a file that cannot be written is told by ``finish()``, and by
/// ``failure`` before. A trace without its end is read as a truncated one. It belongs to one thread.
@safe
package final class MemoryTraceWriter {
  /// What every access touches, outside the class: a store to a class's property is guarded.
  ///
  /// SAFETY: `records` has room for ``room`` of them, and is the class's to free.
  @usableFromInline @safe struct Hot {
    @usableFromInline var records: UnsafeMutablePointer<AccessRecord>
    @usableFromInline var count: Int
  }

  /// SAFETY: both buffers are owned, and freed in deinit; `count` stays below the room for records.
  @usableFromInline let hot: UnsafeMutablePointer<Hot>
  @usableFromInline static var room: Int { 1 << 15 }

  private let output: TraceOutput
  private let encoder = AccessEncoder()
  private let events = ByteBuffer(capacity: 1 << 12)
  private let content = ByteBuffer(capacity: 1 << 18)
  private var index: [MemoryTraceFormat.IndexEntry] = []
  /// The descriptors that the chunk tells, for who seeks beyond it.
  private var descriptors: [MemoryTraceEvent] = []
  /// Where the last event of the chunk stands.
  private var position = 0
  /// Executed and not told yet.
  private var pending: (user: UInt64, kernel: UInt64) = (0, 0)
  private var told: UInt64 = 0
  private var toldBeforeChunk: UInt64 = 0
  private var written: UInt64 = 0
  /// What chunks repeat, so that each can be read by itself.
  private var standing: [MemoryTraceEvent?] = [nil, nil, nil]
  private var repeatedBytes = 0
  private var isFinished = false

  /// Creates a file, and writes its header and its facts.
  package init(_ path: String, facts: [TraceFact] = [], level: Int32 = 1) throws(TraceError) {
    precondition(Self.room == MemoryTraceFormat.recordLimit)
    output = try TraceOutput(path, level: level)
    unsafe hot = .allocate(capacity: 1)
    unsafe hot.initialize(to: Hot(records: .allocate(capacity: Self.room), count: 0))
    let header = ByteBuffer(capacity: 64)
    header.append(MemoryTraceFormat.magic)
    header.append(fixed: MemoryTraceFormat.version)
    header.append(fixed: UInt16(0))
    header.append(fixed: UInt32(0))
    output.write(header)
    header.removeAll()
    for fact in facts {
      header.append("\(fact.name) \(fact.value.replacing("\n", with: " "))\n".utf8)
    }
    output.writeChunk(.facts, header, count: facts.count)
    if let failure = output.failure { throw failure }
  }

  deinit {
    unsafe hot.pointee.records.deallocate()
    unsafe hot.deallocate()
  }

  /// Why nothing is written any more.
  package var failure: TraceError? { output.failure }
  /// How many accesses were appended.
  package var count: UInt64 { unsafe written + UInt64(hot.pointee.count) }

  /// Appends an access.
  @inlinable @inline(__always)
  package func append(_ record: AccessRecord) {
    let count = unsafe hot.pointee.count
    unsafe hot.pointee.records[count] = record
    unsafe hot.pointee.count = count &+ 1
    if count &+ 1 == Self.room { flush() }
  }

  /// Appends what happened behind the accesses that were appended.
  package func append(_ event: MemoryTraceEvent) {
    if event.kind == .instructions { return count(user: event.a, kernel: event.b) }
    switch event.kind {
    case .task: standing[0] = event
    case .kernelTables: standing[1] = event
    case .addressSpace: standing[2] = event
    case .descriptor: descriptors.append(event)
    default: break
    }
    tellInstructions()
    add(event)
    if events.count >= MemoryTraceFormat.eventBytes { flush() }
  }

  /// Counts instructions that were executed.
  @inline(__always)
  package func count(user: UInt64, kernel: UInt64) {
    pending.user &+= user
    pending.kernel &+= kernel
  }

  private func add(_ event: MemoryTraceEvent) {
    var event = event
    event.position = unsafe hot.pointee.count
    EventCoding.append(event, after: position, to: events)
    position = event.position
  }

  private func tellInstructions() {
    guard pending != (0, 0) else { return }
    add(MemoryTraceEvent(.instructions, pending.user, pending.kernel))
    told &+= pending.user &+ pending.kernel
    pending = (0, 0)
  }

  /// Writes what there is as a chunk.
  @usableFromInline func flush() {
    tellInstructions()
    let count = unsafe hot.pointee.count
    guard count > 0 || events.count > 0 else { return }
    index.append(
      .init(offset: output.offset, first: written, instructions: toldBeforeChunk))
    content.removeAll()
    for _ in 0..<MemoryTraceFormat.lengthsSize { content.append(0) }
    let streams = unsafe encoder.encode(hot.pointee.records, count, into: content)
    events.copy(to: content)
    let lengths = [streams.operations, streams.control, streams.payload, events.count]
    for (place, length) in lengths.enumerated() {
      content.set(fixed: UInt32(length), at: place * 4)
    }
    output.writeChunk(
      .accesses, content, count: count, first: written, instructions: toldBeforeChunk)
    written += UInt64(count)
    toldBeforeChunk = told
    flushDescriptors()
    unsafe hot.pointee.count = 0
    events.removeAll()
    position = 0
    for event in standing { if let event { add(event) } }
    repeatedBytes = events.count
  }

  /// Writes what the chunk has told of tables once more, so that who seeks beyond it finds it without
  /// its accesses.
  private func flushDescriptors() {
    guard !descriptors.isEmpty else { return }
    index.append(
      .init(
        offset: output.offset, first: written, instructions: toldBeforeChunk, isDescriptors: true))
    content.removeAll()
    EventCoding.append(descriptors, to: content)
    output.writeChunk(.descriptors, content, count: descriptors.count, first: written)
    descriptors.removeAll(keepingCapacity: true)
  }

  /// Writes what is left, the index and the end, and closes the file.
  package func finish() throws(TraceError) {
    guard !isFinished else { return }
    isFinished = true
    standing = [nil, nil, nil]
    tellInstructions()
    // What a chunk only repeats says nothing.
    if unsafe hot.pointee.count > 0 || events.count > repeatedBytes { flush() }
    let place = output.offset
    for start in stride(from: 0, to: index.count, by: Self.indexLimit) {
      writeIndex(index[start..<min(start + Self.indexLimit, index.count)])
    }
    content.removeAll()
    content.append(fixed: written)
    content.append(fixed: told)
    content.append(fixed: place)
    output.writeChunk(.end, content, count: 0, packs: false)
    output.close()
    if let failure = output.failure { throw failure }
  }

  /// The chunks that one chunk of the index tells.
  private static var indexLimit: Int { 1 << 16 }

  private func writeIndex(_ entries: ArraySlice<MemoryTraceFormat.IndexEntry>) {
    content.removeAll()
    for entry in entries {
      content.append(
        fixed: entry.offset | (entry.isDescriptors ? MemoryTraceFormat.descriptorsBit : 0))
      content.append(fixed: entry.first)
      content.append(fixed: entry.instructions)
    }
    output.writeChunk(.index, content, count: entries.count)
  }
}
