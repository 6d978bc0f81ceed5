package import TraceFiles

/// Reads Kilburn's own trace of accesses: a chunk is a batch.
@safe
package final class OwnTraceReader: MemoryTraceReader {
  package var nature: MemoryTraceNature {
    MemoryTraceNature(.kilburn, hasKernel: machine != nil)
  }
  package private(set) var facts: [TraceFact] = []
  /// What recorded it; nil where no machine did, and accesses are all there is.
  package private(set) var machine: TracedMachine?
  private let chunks: MemoryTraceChunks
  private var events: [MemoryTraceEvent] = []
  private var count: UInt64 = 0
  private var instructions: UInt64 = 0
  private var isEnded = false
  /// Tables as they are where a seek has ended: told before anything else.
  private var pending: [MemoryTraceEvent] = []

  package static func recognises(_ bytes: UnsafeRawBufferPointer) -> Bool {
    unsafe bytes.count >= 8 && bytes.prefix(8).elementsEqual(MemoryTraceFormat.magic)
  }

  package init(_ input: TraceInput) throws(TraceError) {
    chunks = try MemoryTraceChunks(input)
    guard try chunks.next() == .facts else {
      throw chunks.malformed("a trace begins with its facts")
    }
    takeFacts()
    machine = TracedMachine(facts)
    if machine == nil && facts.contains(where: { $0.name == "page-size" }) {
      throw chunks.malformed("the facts tell no machine that there can be")
    }
  }

  package var progress: TraceProgress { chunks.input.progress }

  private func takeFacts() {
    let text = unsafe String(decoding: chunks.bytes, as: UTF8.self)
    for line in text.split(separator: "\n").prefix(1000) {
      let parts = line.split(separator: " ", maxSplits: 1).map(String.init)
      if let name = parts.first { facts.append(TraceFact(name, parts.count > 1 ? parts[1] : "")) }
    }
  }

  package func read(into batch: MemoryTraceBatch) {
    batch.removeAll()
    if !pending.isEmpty {
      batch.set(events: pending)
      pending = []
      return
    }
    do throws(TraceError) {
      while !isEnded && batch.isEmpty {
        switch try chunks.next() {
        case .accesses: try takeAccesses(batch)
        case .facts, .index: break
        case .descriptors:
          events.removeAll(keepingCapacity: true)
          try takeDescriptors()
        case .end: try takeEnd()
        }
      }
    } catch { batch.failure = error }
  }

  private func takeAccesses(_ batch: MemoryTraceBatch) throws(TraceError) {
    let header = chunks.header
    guard header.first == count, header.instructions == instructions else {
      throw chunks.malformed("a chunk begins with access \(header.first) and not \(count)")
    }
    let accesses = Int(header.count)
    guard accesses <= MemoryTraceBatch.capacity else {
      throw chunks.malformed("a chunk of \(accesses) accesses")
    }
    let bytes = unsafe chunks.bytes
    let start = MemoryTraceFormat.lengthsSize
    guard bytes.count >= start else { throw chunks.malformed("a chunk without its lengths") }
    let lengths = (0..<4).map {
      unsafe Int(MemoryTraceChunks.number(UInt32.self, bytes, $0 * 4))
    }
    guard lengths.reduce(start, +) == bytes.count else {
      throw chunks.malformed("the parts of a chunk are not as long as it is")
    }
    let content = unsafe UnsafePointer(chunks.content) + start
    var decoder = unsafe AccessDecoder(
      content, operations: lengths[0], control: lengths[1], payload: lengths[2])
    if let failure = unsafe decoder.decode(accesses, into: batch.records) {
      throw chunks.malformed("\(failure)")
    }
    events.removeAll(keepingCapacity: true)
    let rest = unsafe content + lengths[0] + lengths[1] + lengths[2]
    let failure = unsafe EventCoding.decode(
      rest, lengths[3], accesses: accesses, version: chunks.version, into: &events)
    batch.set(count: accesses)
    batch.set(events: events)
    count += UInt64(accesses)
    for event in events where event.kind == .instructions {
      instructions &+= event.a &+ event.b
    }
    if let failure { throw chunks.malformed("\(failure)") }
  }

  /// Appends the descriptors of a chunk to the events.
  private func takeDescriptors() throws(TraceError) {
    let failure = unsafe EventCoding.decodeDescriptors(
      UnsafePointer(chunks.content), chunks.bytes.count, count: Int(chunks.header.count),
      into: &events)
    if let failure { throw chunks.malformed("\(failure)") }
  }

  private func takeEnd() throws(TraceError) {
    isEnded = true
    let bytes = unsafe chunks.bytes
    guard bytes.count == MemoryTraceFormat.endSize,
      unsafe MemoryTraceChunks.number(UInt64.self, bytes, 0) == count,
      unsafe MemoryTraceChunks.number(UInt64.self, bytes, 8) == instructions
    else {
      throw chunks.malformed("the end tells another number of accesses than the \(count) there are")
    }
  }
}

// MARK: seeking

extension OwnTraceReader {
  /// Goes on at the chunk that has an access, and tells which one that begins with.
  ///
  /// The index says where it is, and where the chunks are that tell tables; what lies between is
  /// neither read nor unpacked. A trace without its end has no index: it is read from header to
  /// header. What cannot be sought in (a pipe, a compressed file; a machine's trace of version 1,
  /// whose tables are told among its accesses) stays where it is.
  package func seek(to access: UInt64) throws(TraceError) -> UInt64 {
    let hasTables = chunks.version >= MemoryTraceFormat.descriptorVersion
    guard access > 0, count == 0, chunks.input.isSeekable, machine == nil || hasTables else {
      return count
    }
    events.removeAll()
    if let place = try indexPlace() {
      try seek(to: access, index: place)
    } else {
      try pass(to: access)
    }
    pending = Self.latest(events)
    return count
  }

  /// Each descriptor once, as it was told last.
  private static func latest(_ events: [MemoryTraceEvent]) -> [MemoryTraceEvent] {
    var places: [UInt64: Int] = [:]
    var latest: [MemoryTraceEvent] = []
    for event in events {
      if let place = places[event.a] {
        latest[place] = event
      } else {
        places[event.a] = latest.count
        latest.append(event)
      }
    }
    return latest
  }

  /// Where the index begins, if the file has its end.
  private func indexPlace() throws(TraceError) -> UInt64? {
    let start = chunks.input.offset
    let size = UInt64(MemoryTraceFormat.chunkHeaderSize + MemoryTraceFormat.endSize)
    guard let length = chunks.input.progress.total, length >= start + size else { return nil }
    try chunks.input.seek(to: length - size)
    var place: UInt64?
    // Anything may stand there where the file is cut.
    if let kind = try? chunks.next(), kind == .end,
      unsafe chunks.bytes.count == MemoryTraceFormat.endSize
    {
      place = unsafe MemoryTraceChunks.number(UInt64.self, chunks.bytes, 16)
    }
    try chunks.input.seek(to: start)
    return place
  }

  /// Finds the chunk by the index.
  private func seek(to access: UInt64, index: UInt64) throws(TraceError) {
    let start = chunks.input.offset
    var found: MemoryTraceFormat.IndexEntry?
    var tables: [UInt64] = []
    try chunks.input.seek(to: index)
    search: while try chunks.next() == .index {
      let size = MemoryTraceFormat.indexEntrySize
      guard unsafe chunks.bytes.count == Int(chunks.header.count) * size else {
        throw chunks.malformed("an index of \(chunks.header.count) chunks is not as long")
      }
      for place in 0..<Int(chunks.header.count) {
        let entry = indexEntry(place)
        if entry.isDescriptors {
          if entry.first <= access { tables.append(entry.offset) }
        } else if entry.first <= access {
          found = entry
        } else {
          break search
        }
      }
    }
    guard let found else { return try chunks.input.seek(to: start) }
    var room = 1 << 20
    for offset in tables where offset < found.offset {
      try chunks.input.seek(to: offset)
      guard try chunks.next() == .descriptors else {
        throw chunks.malformed("the index tells descriptors where there are none")
      }
      try takeDescriptors()
      // What is told again and again takes no more room for it.
      if events.count > room {
        events = Self.latest(events)
        room = max(room, events.count * 2)
      }
    }
    try chunks.input.seek(to: found.offset)
    count = found.first
    instructions = found.instructions
  }

  private func indexEntry(_ place: Int) -> MemoryTraceFormat.IndexEntry {
    func word(_ number: Int) -> UInt64 {
      let offset = place * MemoryTraceFormat.indexEntrySize + number * 8
      return unsafe MemoryTraceChunks.number(UInt64.self, chunks.bytes, offset)
    }
    let bit = MemoryTraceFormat.descriptorsBit
    return .init(
      offset: word(0) & ~bit, first: word(1), instructions: word(2),
      isDescriptors: word(0) & bit != 0)
  }

  /// Goes from header to header.
  private func pass(to access: UInt64) throws(TraceError) {
    while true {
      let offset = chunks.input.offset
      // What is wrong with the rest is told where it is read.
      let kind = try? chunks.nextHeader()
      let end = chunks.header.first &+ UInt64(chunks.header.count)
      switch kind {
      case .accesses where end <= access && chunks.header.first == count:
        try chunks.skip()
        count = end
      case .descriptors:
        try chunks.load()
        try takeDescriptors()
      case .facts: try chunks.skip()
      default:
        if kind == .accesses { instructions = chunks.header.instructions }
        if kind == .end, (try? chunks.load()) != nil,
          unsafe chunks.bytes.count == MemoryTraceFormat.endSize
        {
          instructions = unsafe MemoryTraceChunks.number(UInt64.self, chunks.bytes, 8)
        }
        return try chunks.input.seek(to: offset)
      }
    }
  }
}
