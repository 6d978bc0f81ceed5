import CompressionLibraries

/// Reads Kilburn's own trace of a heap: a chunk at a time, each event a few bytes.
@safe
package final class KilburnTraceReader: HeapTraceReader {
  package let format = "kilburn"
  package private(set) var sites = SiteTable()
  package private(set) var facts: [HeapTraceFact] = []
  package private(set) var threads: UInt32 = 1
  private let input: TraceInput
  private let chunk = ByteBuffer(capacity: TraceFormat.chunkSize + TraceFormat.recordLimit)
  private let stored = ByteBuffer(capacity: TraceFormat.chunkSize)
  /// SAFETY: created in init, freed in deinit.
  private let context: OpaquePointer?
  private var slots = SlotList()
  /// Where in the chunk the next record is; at its end another chunk comes.
  private var at = 0
  private var chunkOffset: UInt64 = 0
  private var callsLeft: UInt32 = 0
  private var calls: UInt64 = 0
  private var firstCallOfBatch: UInt64 = 0
  private var isEnded = false

  // What the records of a chunk count from.
  private var thread: UInt32 = 0
  private var site: UInt32 = 0
  private var lastAddress: UInt64 = 0

  package static func recognises(_ bytes: UnsafeRawBufferPointer) -> Bool {
    unsafe bytes.count >= 8 && bytes.prefix(8).elementsEqual(TraceFormat.magic)
  }

  package init(_ input: TraceInput) throws(HeapTraceError) {
    self.input = input
    unsafe context = ZSTD_createDCtx()
    guard try input.require(TraceFormat.headerSize) else { throw truncated("the header") }
    let version = unsafe Self.number(UInt16.self, input.available, 8)
    guard version == TraceFormat.version else {
      throw HeapTraceError(
        .unsupported, "version \(version) of the format; \(TraceFormat.version) is known",
        at: TracePlace(input.name, offset: 8))
    }
    input.take(TraceFormat.headerSize)
  }

  deinit { unsafe ZSTD_freeDCtx(context) }

  package func place(index: Int) -> TracePlace {
    TracePlace(input.name, offset: chunkOffset)
  }

  private static func number<T: FixedWidthInteger>(
    _ type: T.Type, _ bytes: UnsafeRawBufferPointer, _ offset: Int
  ) -> T {
    T(littleEndian: unsafe bytes.loadUnaligned(fromByteOffset: offset, as: T.self))
  }

  private func truncated(_ what: String) -> HeapTraceError {
    HeapTraceError(
      .truncated, "\(what) is missing, and the file ends",
      at: TracePlace(input.name, offset: input.offset, event: calls))
  }

  private func malformed(_ what: String) -> HeapTraceError {
    HeapTraceError(
      .malformed, what, at: TracePlace(input.name, offset: chunkOffset, event: calls + 1))
  }

  // MARK: chunks

  /// Reads chunks up to the next one with events; false at the end.
  private func nextChunk() throws(HeapTraceError) -> Bool {
    while !isEnded {
      guard callsLeft == 0 else { throw malformed("a chunk has fewer calls than it says") }
      chunkOffset = input.offset
      guard try input.require(TraceFormat.chunkHeaderSize) else {
        throw truncated(unsafe input.available.isEmpty ? "the end" : "a chunk's header")
      }
      let header = unsafe self.header(input.available)
      guard let kind = TraceFormat.ChunkKind(rawValue: header.kind) else {
        throw malformed("no chunk is of the kind \(header.kind)")
      }
      guard header.length <= TraceFormat.chunkLimit, header.storedLength <= TraceFormat.chunkLimit,
        header.isCompressed || header.length == header.storedLength
      else { throw malformed("a chunk of \(header.storedLength) bytes, \(header.length) unpacked") }
      input.take(TraceFormat.chunkHeaderSize)
      try load(header)
      switch kind {
      case .facts: takeFacts()
      case .sites: try takeSites()
      case .end: try takeEnd()
      case .events:
        guard header.first == calls + 1 else {
          throw malformed("a chunk begins with call \(header.first) and not \(calls + 1)")
        }
        callsLeft = header.count
        (at, thread, site, lastAddress) = (0, 0, 0, 0)
        return true
      }
    }
    return false
  }

  private func header(_ bytes: UnsafeRawBufferPointer) -> TraceFormat.ChunkHeader {
    unsafe TraceFormat.ChunkHeader(
      kind: bytes[0], isCompressed: bytes[1] == 1,
      storedLength: Self.number(UInt32.self, bytes, 4),
      length: Self.number(UInt32.self, bytes, 8), count: Self.number(UInt32.self, bytes, 12),
      first: Self.number(UInt64.self, bytes, 16))
  }

  /// The chunk's bytes, unpacked, with zeros behind them that no record's reading leaves.
  private func load(_ header: TraceFormat.ChunkHeader) throws(HeapTraceError) {
    let target = header.isCompressed ? stored : chunk
    target.removeAll()
    var left = Int(header.storedLength)
    while left > 0 {
      if unsafe input.available.isEmpty {
        guard try input.fill() else { throw truncated("\(left) bytes of a chunk") }
      }
      let count = unsafe min(left, input.available.count)
      let room = unsafe UnsafeMutableRawPointer(target.room(count))
      if let base = unsafe input.available.baseAddress {
        unsafe room.copyMemory(from: base, byteCount: count)
      }
      target.set(count: target.count + count)
      input.take(count)
      left -= count
    }
    let length = Int(header.length)
    if header.isCompressed {
      chunk.removeAll()
      let room = unsafe chunk.room(length + TraceFormat.recordLimit)
      let result = unsafe ZSTD_decompressDCtx(context, room, length, stored.bytes, stored.count)
      guard result == length else { throw malformed("a chunk does not decompress") }
      chunk.set(count: length)
    }
    let padding = unsafe chunk.room(TraceFormat.recordLimit)
    unsafe padding.initialize(repeating: 0, count: TraceFormat.recordLimit)
    at = length
  }

  private func takeFacts() {
    let text = unsafe String(decoding: chunk.raw, as: UTF8.self)
    for line in text.split(separator: "\n") {
      let parts = line.split(separator: " ", maxSplits: 1).map(String.init)
      if let name = parts.first {
        facts.append(HeapTraceFact(name, parts.count > 1 ? parts[1] : ""))
      }
    }
  }

  private func takeEnd() throws(HeapTraceError) {
    isEnded = true
    guard chunk.count >= 8, unsafe Self.number(UInt64.self, chunk.raw, 0) == calls else {
      throw malformed("the end tells another number of calls than the \(calls) that came")
    }
  }

  private func takeSites() throws(HeapTraceError) {
    var at = 0
    func number() throws(HeapTraceError) -> UInt64 {
      var cursor = unsafe chunk.bytes + at
      guard at < chunk.count, let value = unsafe Self.leb(&cursor) else {
        throw malformed("a site's number is cut off")
      }
      at = unsafe cursor - chunk.bytes
      return value
    }
    func small() throws(HeapTraceError) -> UInt32 { UInt32(clamping: try number()) }
    while at < chunk.count {
      let kind = unsafe chunk.bytes[at]
      at += 1
      let added: UInt32?
      switch TraceFormat.SiteRecord(rawValue: kind) {
      case .string:
        let length = try number()
        guard at <= chunk.count, length <= UInt64(chunk.count - at) else {
          throw malformed("a string is longer than its chunk")
        }
        let bytes = unsafe UnsafeRawBufferPointer(rebasing: chunk.raw[at..<at + Int(length)])
        at += Int(length)
        added = sites.add(string: unsafe String(decoding: bytes, as: UTF8.self))
      case .frame:
        let address = try number()
        added = sites.add(
          SiteTable.Frame(
            address: address, module: try small(), function: try small(), file: try small(),
            line: try small()))
      case .stack: added = sites.add(SiteTable.Stack(parent: try small(), frame: try small()))
      case nil: throw malformed("no site is of the kind \(kind)")
      }
      guard added != nil, at <= chunk.count else {
        throw malformed("a site names what was not told, or is one too many")
      }
    }
    self.at = chunk.count
  }

  // MARK: events

  package func read(into batch: HeapEventBatch) {
    batch.removeAll()
    do throws(HeapTraceError) {
      while !batch.isFull {
        if at >= chunk.count, try !nextChunk() { break }
        try decode(into: batch)
      }
    } catch { batch.failure = error }
  }

  /// A number in groups of seven bits, least significant first; nil beyond 64 bits.
  ///
  /// What it reads ends: behind a chunk are zeros.
  @inline(__always)
  private static func leb(_ at: inout UnsafeMutablePointer<UInt8>) -> UInt64? {
    let first = unsafe at.pointee
    unsafe at += 1
    if first < 0x80 { return UInt64(first) }
    let second = unsafe at.pointee
    unsafe at += 1
    let low = UInt64(first & 0x7f) | UInt64(second & 0x7f) &<< 7
    return second < 0x80 ? low : unsafe longLeb(&at, low)
  }

  @inline(never)
  private static func longLeb(_ at: inout UnsafeMutablePointer<UInt8>, _ low: UInt64) -> UInt64? {
    var value = low
    var shift: UInt64 = 14
    while shift < 64 {
      let byte = unsafe at.pointee
      unsafe at += 1
      guard shift < 63 || byte < 2 else { return nil }
      value |= UInt64(byte & 0x7f) &<< shift
      if byte < 0x80 { return value }
      shift &+= 7
    }
    return nil
  }

  /// Decodes records of the chunk until it or the batch ends.
  private func decode(into batch: HeapEventBatch) throws(HeapTraceError) {
    let end = unsafe chunk.bytes + chunk.count
    var cursor = unsafe chunk.bytes + at
    let events = unsafe batch.events
    var count = batch.count
    var failure: StaticString?
    while count < HeapEventBatch.capacity, unsafe cursor < end {
      failure = unsafe decode(&cursor, &events[count], &count)
      if failure != nil { break }
    }
    at = unsafe min(cursor - chunk.bytes, chunk.count)
    batch.set(count: count)
    if let failure { throw malformed("\(failure)") }
    if unsafe cursor > end { throw malformed("a record is cut off") }
  }

  /// Decodes a record; `count` grows where it is an event.
  @inline(__always)
  private func decode(
    _ cursor: inout UnsafeMutablePointer<UInt8>, _ event: inout HeapEvent, _ count: inout Int
  ) -> StaticString? {
    let first = unsafe cursor.pointee
    unsafe cursor += 1
    guard first & TraceFormat.reserved == 0,
      let operation = HeapOperation(rawValue: first & TraceFormat.operationMask)
    else { return "no record begins with this byte" }
    let isNull = first & TraceFormat.isNull != 0
    event.operation = operation
    event.thread = thread
    event.isNull = isNull
    event.alignment = 0
    event.address = 0
    event.slot = HeapEvent.noSlot
    event.source = HeapEvent.noSlot
    let longNumber: StaticString = "a number exceeds 64 bits"
    switch operation {
    case .free:
      event.size = 0
      event.site = 0
      if !isNull {
        guard let slot = unsafe Self.leb(&cursor) else { return longNumber }
        guard slot < UInt64(slots.count), slots.release(UInt32(truncatingIfNeeded: slot)) else {
          return "an object is freed that does not live"
        }
        event.slot = UInt32(truncatingIfNeeded: slot)
      }
    case .malloc, .calloc, .valloc, .pvalloc:
      guard let size = unsafe Self.leb(&cursor) else { return longNumber }
      event.size = size
    case .memalign, .alignedAlloc, .posixMemalign:
      guard let alignment = unsafe Self.leb(&cursor), let size = unsafe Self.leb(&cursor) else {
        return longNumber
      }
      event.alignment = alignment
      event.size = size
    case .realloc:
      guard let source = unsafe Self.leb(&cursor), let size = unsafe Self.leb(&cursor) else {
        return longNumber
      }
      event.size = size
      if source != 0 {
        let slot = UInt32(clamping: source - 1)
        guard slots.isLive(slot) else { return "an object is resized that does not live" }
        event.source = slot
        event.slot = slot
        if isNull && size == 0 { _ = slots.release(slot) }
      }
    case .time, .trim, .thread, .freeUnknown:
      guard let number = unsafe Self.leb(&cursor) else { return longNumber }
      event.site = 0
      event.size = number
      if operation == .freeUnknown {
        event.address = number
        event.size = 0
      }
      if operation == .thread {
        guard number < 1 << 16 else { return "more than 65536 threads" }
        thread = UInt32(number)
        threads = max(threads, thread + 1)
        return nil
      }
    case .threadEnd:
      event.size = 0
      event.site = 0
    }
    if operation.allocates {
      if first & TraceFormat.hasSite != 0 {
        guard let number = unsafe Self.leb(&cursor), number <= UInt64(sites.stacks.count) else {
          return "a site that was not told"
        }
        site = UInt32(truncatingIfNeeded: number)
      }
      event.site = site
      if first & TraceFormat.hasAddress != 0 {
        guard let coded = unsafe Self.leb(&cursor) else { return longNumber }
        lastAddress &+= coded &>> 1 ^ (0 &- (coded & 1))
        event.address = lastAddress
      }
      if event.slot == HeapEvent.noSlot && !isNull {
        guard let slot = slots.take() else { return "more than 2³¹ live objects" }
        event.slot = slot
      }
    }
    if operation.isCall {
      guard callsLeft > 0 else { return "a chunk has more calls than it says" }
      callsLeft &-= 1
      calls &+= 1
    }
    count &+= 1
    return nil
  }
}
