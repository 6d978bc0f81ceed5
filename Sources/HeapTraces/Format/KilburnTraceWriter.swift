package import TraceFiles
import CompressionLibraries
import Glibc

/// Writes Kilburn's own trace of a heap.
///
/// Two doors: calls with addresses, as a tracer of a program knows them (`malloc`, `free`, …), or
/// events with slots as readers give them (`append`). Sites are told before an event names them.
/// A trace without its end (`finish`) is read as a truncated one.
@safe
package final class KilburnTraceWriter {
  private let descriptor: Int32
  private let path: String
  private let level: Int32
  private var isOpen = true
  private let facts = ByteBuffer(capacity: 1024)
  private let siteRecords = ByteBuffer(capacity: 1 << 12)
  private let events = ByteBuffer(capacity: TraceFormat.chunkSize + TraceFormat.recordLimit)
  private let compressed = ByteBuffer(capacity: TraceFormat.chunkSize)
  private let header = ByteBuffer(capacity: 64)
  /// SAFETY: created in init, freed in deinit.
  private let context: OpaquePointer?
  private var sites = SiteTable()
  private var siteRecordCount: UInt32 = 0
  private var table = AddressTable()
  private var slots = SlotList()

  // What the records of a chunk of events count from.
  private var callsInChunk: UInt32 = 0
  private var thread: UInt32 = 0
  private var site: UInt32 = 0
  private var lastAddress: UInt64 = 0
  /// How many calls were written.
  package private(set) var calls: UInt64 = 0

  /// Creates a file, and writes its header and its facts.
  package init(_ path: String, facts: [TraceFact] = [], level: Int32 = 3)
    throws(TraceError)
  {
    self.path = path
    self.level = level
    descriptor =
      path == "-" ? dup(1) : unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
    unsafe context = ZSTD_createCCtx()
    guard descriptor >= 0 else {
      throw TraceError(.unreadable, "\(path): \(TraceInput.reason())")
    }
    header.append(TraceFormat.magic)
    header.append(fixed: TraceFormat.version)
    header.append(fixed: UInt16(0))
    header.append(fixed: UInt32(0))
    try write(header)
    for fact in facts {
      self.facts.append("\(fact.name) \(fact.value.replacing("\n", with: " "))\n".utf8)
    }
    try writeChunk(.facts, self.facts, count: UInt32(facts.count), first: 0)
  }

  deinit {
    unsafe ZSTD_freeCCtx(context)
    if isOpen { close(descriptor) }
  }

  // MARK: sites

  private func site(
    _ kind: TraceFormat.SiteRecord, _ number: UInt32?, _ values: [UInt32]
  ) throws(TraceError) -> UInt32 {
    guard let number else {
      throw TraceError(.unsupported, "\(path): sites beyond the table's room, or not told")
    }
    siteRecords.append(kind.rawValue)
    for value in values { siteRecords.append(number: UInt64(value)) }
    siteRecordCount += 1
    return number
  }

  /// Tells a string, and its number.
  package func add(string: String) throws(TraceError) -> UInt32 {
    let number = try site(.string, sites.add(string: string), [UInt32(string.utf8.count)])
    siteRecords.append(string.utf8)
    return try flushLongSites(number)
  }

  /// Tells a frame, and its number.
  package func add(_ frame: SiteTable.Frame) throws(TraceError) -> UInt32 {
    let number = try site(.frame, sites.add(frame), [])
    siteRecords.append(number: frame.address)
    for part in [frame.module, frame.function, frame.file, frame.line] {
      siteRecords.append(number: UInt64(part))
    }
    return try flushLongSites(number)
  }

  /// Tells a stack, and its number, which events name as their site.
  package func add(_ stack: SiteTable.Stack) throws(TraceError) -> UInt32 {
    try flushLongSites(site(.stack, sites.add(stack), [stack.parent, stack.frame]))
  }

  private func flushLongSites(_ number: UInt32) throws(TraceError) -> UInt32 {
    if siteRecords.count >= TraceFormat.chunkSize { try flushSites() }
    return number
  }

  /// Tells those of another table that were not told yet.
  package func add(from table: SiteTable) throws(TraceError) {
    while sites.strings.count < table.strings.count {
      _ = try add(string: table.strings[sites.strings.count])
    }
    while sites.frames.count < table.frames.count {
      _ = try add(table.frames[sites.frames.count])
    }
    while sites.stacks.count < table.stacks.count {
      _ = try add(table.stacks[sites.stacks.count])
    }
  }

  // MARK: calls with addresses

  /// A call that returned memory, or NULL (`address` 0).
  package func allocate(
    _ operation: HeapOperation, thread: UInt32, size: UInt64, alignment: UInt64 = 0,
    address: UInt64, site: UInt32 = 0
  ) throws(TraceError) {
    precondition(operation.allocates && operation != .realloc)
    var event = HeapEvent(
      operation, thread: thread, size: size, alignment: alignment, address: address, site: site,
      isNull: address == 0)
    if address != 0 { event.slot = try birth(address, thread) }
    try append(event)
  }

  package func free(thread: UInt32, address: UInt64) throws(TraceError) {
    var event = HeapEvent(.free, thread: thread, address: address, isNull: address == 0)
    if address != 0 {
      if let slot = table.remove(address) {
        _ = slots.release(slot)
        event.slot = slot
      } else {
        event.operation = .freeUnknown
      }
    }
    try append(event)
  }

  package func realloc(
    thread: UInt32, old: UInt64, size: UInt64, address: UInt64, site: UInt32 = 0
  ) throws(TraceError) {
    guard old != 0 else {
      var event = HeapEvent(
        .realloc, thread: thread, size: size, address: address, site: site, isNull: address == 0)
      if address != 0 { event.slot = try birth(address, thread) }
      return try append(event)
    }
    guard let slot = table.slot(at: old) else {
      // What it was is not known, but what it is now is.
      try append(HeapEvent(.freeUnknown, thread: thread, address: old))
      return try allocate(
        .malloc, thread: thread, size: size, address: address, site: site)
    }
    if address == 0 {
      if size == 0 {
        _ = table.remove(old)
        _ = slots.release(slot)
      }
    } else if address != old {
      _ = table.remove(old)
      if let other = table.remove(address) { try free(other, address, thread) }
      table.insert(address, slot)
    }
    try append(
      HeapEvent(
        .realloc, thread: thread, slot: slot, source: slot, size: size, address: address,
        site: site, isNull: address == 0))
  }

  /// An address is returned that the tracer did not see freed: it was, or it would not be.
  private func birth(_ address: UInt64, _ thread: UInt32) throws(TraceError) -> UInt32 {
    if let other = table.remove(address) { try free(other, address, thread) }
    guard let slot = slots.take() else {
      throw TraceError(.unsupported, "\(path): more than 2³¹ live objects")
    }
    table.insert(address, slot)
    return slot
  }

  private func free(_ slot: UInt32, _ address: UInt64, _ thread: UInt32) throws(TraceError) {
    _ = slots.release(slot)
    try append(HeapEvent(.free, thread: thread, slot: slot, address: address))
  }

  package func threadEnd(_ thread: UInt32) throws(TraceError) {
    try append(HeapEvent(.threadEnd, thread: thread))
  }

  /// So many nanoseconds passed since the last time told.
  package func time(_ nanoseconds: UInt64) throws(TraceError) {
    try append(HeapEvent(.time, thread: thread, size: nanoseconds))
  }

  package func trim(thread: UInt32, padding: UInt64) throws(TraceError) {
    try append(HeapEvent(.trim, thread: thread, size: padding))
  }

  // MARK: events

  /// Writes an event whose slot is the one that `SlotList` gives, as those of readers are.
  package func append(_ event: HeapEvent) throws(TraceError) {
    if event.thread != thread {
      thread = event.thread
      events.append(HeapOperation.thread.rawValue)
      events.append(number: UInt64(thread))
    }
    var first = event.operation.rawValue
    if event.isNull { first |= TraceFormat.isNull }
    let hasAddress = event.address != 0 && event.operation.allocates
    if hasAddress { first |= TraceFormat.hasAddress }
    let hasSite = event.operation.allocates && event.site != site
    if hasSite { first |= TraceFormat.hasSite }
    events.append(first)
    switch event.operation {
    case .malloc, .calloc, .valloc, .pvalloc, .time, .trim: events.append(number: event.size)
    case .memalign, .alignedAlloc, .posixMemalign:
      events.append(number: event.alignment)
      events.append(number: event.size)
    case .realloc:
      events.append(number: event.source == HeapEvent.noSlot ? 0 : UInt64(event.source) + 1)
      events.append(number: event.size)
    case .free: if !event.isNull { events.append(number: UInt64(event.slot)) }
    case .freeUnknown: events.append(number: event.address)
    case .thread, .threadEnd: break
    }
    if hasSite {
      site = event.site
      events.append(number: UInt64(site))
    }
    if hasAddress {
      let difference = Int64(bitPattern: event.address &- lastAddress)
      events.append(number: UInt64(bitPattern: difference << 1 ^ difference >> 63))
      lastAddress = event.address
    }
    if event.operation.isCall {
      callsInChunk &+= 1
      calls &+= 1
    }
    if events.count >= TraceFormat.chunkSize { try flushEvents() }
  }

  // MARK: chunks

  private func flushSites() throws(TraceError) {
    guard siteRecords.count > 0 else { return }
    try writeChunk(.sites, siteRecords, count: siteRecordCount, first: 0)
    siteRecords.removeAll()
    siteRecordCount = 0
  }

  private func flushEvents() throws(TraceError) {
    try flushSites()
    guard events.count > 0 else { return }
    try writeChunk(.events, events, count: callsInChunk, first: calls - UInt64(callsInChunk) + 1)
    events.removeAll()
    (callsInChunk, thread, site, lastAddress) = (0, 0, 0, 0)
  }

  /// Writes what is left and the end, and closes the file.
  package func finish() throws(TraceError) {
    try flushEvents()
    let end = ByteBuffer(capacity: 16)
    end.append(fixed: calls)
    end.append(fixed: UInt64(0))
    try writeChunk(.end, end, count: 0, first: 0)
    isOpen = false
    guard close(descriptor) == 0 else {
      throw TraceError(.unreadable, "\(path): \(TraceInput.reason())")
    }
  }

  private func writeChunk(
    _ kind: TraceFormat.ChunkKind, _ content: ByteBuffer, count: UInt32, first: UInt64
  ) throws(TraceError) {
    guard content.count <= TraceFormat.chunkLimit else {
      throw TraceError(.unsupported, "\(path): a string is too long")
    }
    let bound = ZSTD_compressBound(content.count)
    compressed.removeAll()
    let length = unsafe ZSTD_compressCCtx(
      context, compressed.room(bound), bound, content.bytes, content.count, level)
    let isSmaller = ZSTD_isError(length) == 0 && length < content.count
    if isSmaller { compressed.set(count: length) }
    header.removeAll()
    header.append(kind.rawValue)
    header.append(isSmaller ? 1 : 0)
    header.append(fixed: UInt16(0))
    header.append(fixed: UInt32(isSmaller ? length : content.count))
    header.append(fixed: UInt32(content.count))
    header.append(fixed: count)
    header.append(fixed: first)
    try write(header)
    try write(isSmaller ? compressed : content)
  }

  private func write(_ buffer: ByteBuffer) throws(TraceError) {
    var done = 0
    while done < buffer.count {
      let count = unsafe Glibc.write(descriptor, buffer.bytes + done, buffer.count - done)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else {
        throw TraceError(.unreadable, "\(path): \(TraceInput.reason())")
      }
      done += count
    }
  }
}
