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
    do throws(TraceError) {
      while !isEnded && batch.isEmpty {
        switch try chunks.next() {
        case .accesses: try takeAccesses(batch)
        case .facts, .index: break
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
    let failure = unsafe EventCoding.decode(rest, lengths[3], accesses: accesses, into: &events)
    batch.set(count: accesses)
    batch.set(events: events)
    count += UInt64(accesses)
    for event in events where event.kind == .instructions {
      instructions &+= event.a &+ event.b
    }
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
